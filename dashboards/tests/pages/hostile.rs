//! Process names, host names and users that try to become markup.

use http::StatusCode;
use procession_dashboards::parameters::encoded;

use crate::{dashboards, fake, get};

/// Every `<svg>` element of a page must be well-formed XML.
fn check_inline_svg(body: &str) -> usize {
    let (mut depth, mut start, mut count) = (0, 0, 0);
    for (at, _) in body.match_indices('<') {
        if body[at..].starts_with("<svg") {
            if depth == 0 {
                start = at;
            }
            depth += 1;
        } else if body[at..].starts_with("</svg>") {
            depth -= 1;
            if depth == 0 {
                let svg = &body[start..at + 6];
                assert!(roxmltree::Document::parse(svg).is_ok(), "{svg}");
                count += 1;
            }
        }
    }
    assert_eq!(depth, 0, "an <svg> is not closed");
    count
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let app = dashboards(&fake::with(fake::hostile).await);
    let mut paths = vec!["/".to_owned(), "/chart.svg?query=up&legend=%7B%7Bgroup%7D%7D".to_owned()];
    for name in fake::HOSTILE {
        paths.push(format!("/host?instance={}", encoded(name)));
        paths.push(format!("/host?instance={}&sort=memory&draw=lines&rows=all", encoded(name)));
        paths.push(format!("/group?instance={}&group={}", encoded(name), encoded(name)));
        paths.push(format!("/groups?group={}", encoded(name)));
        paths.push(format!("/explore?query=up&unit=bytes&draw={}", if name.len() > 20 { "stack" } else { "lines" }));
        paths.push(format!("/explore?lang=sql&query={}", encoded(name)));
        paths.push(format!("/changes?instance={}&sort=memory", encoded(name)));
        let name_of_all = encoded(name);
        paths.push(format!("/tree?instance={name_of_all}"));
        paths.push(format!("/tree?instance={name_of_all}&root={name_of_all}&filter={name_of_all}"));
        paths.push(format!("/process?instance={}&pid={}", encoded(name), encoded(name)));
        paths.push(format!("/chart.svg?query=up&title={}", encoded(name)));
    }
    for path in paths {
        let page = get(&app, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        // The script of the page itself, which an image does not have.
        let own = usize::from(!path.starts_with("/chart.svg"));
        assert_eq!(page.body.matches("<script").count(), own, "{}", page.body);
        page.does_not_say("<img");
        page.does_not_say("\u{0}");
        if path.starts_with("/chart.svg") {
            assert!(roxmltree::Document::parse(&page.body).is_ok(), "{}", page.body);
        } else {
            // A subtree shows the name that it was asked for alone.
            if !path.contains("&root=") || path.contains("script") {
                page.says("&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
            }
            assert!(
                check_inline_svg(&page.body) > 8
                    || path.starts_with("/tree")
                    || path.starts_with("/changes")
                    || path.starts_with("/explore"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn links_lead_to_the_host_that_they_name() {
    let app = dashboards(&fake::with(fake::hostile).await);
    let page = get(&app, "/").await;
    for name in fake::HOSTILE {
        let at = page.body.match_indices("href=\"/host?").map(|(at, _)| &page.body[at + 6..]);
        let hrefs: Vec<String> = at.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect();
        let named = |href: &&String| {
            let query = href.split_once('?').unwrap().1;
            let known = ["instance"];
            let given = procession_dashboards::parameters::Parameters::parse(query, &known, &[]).unwrap();
            given.get("instance") == Some(name)
        };
        assert!(hrefs.iter().find(named).is_some(), "{name:?} in {hrefs:?}");
    }
}
