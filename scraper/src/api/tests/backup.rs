//! Backups over HTTP.

use super::{Api, Limits, read};

#[tokio::test(flavor = "multi_thread")]
async fn are_taken_where_the_flag_allows_it() {
    let mut api = Api::new(Limits::default());
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backups");
    let form = format!("to={}", to.display());
    let (status, body) = read(api.ask("POST", "/api/v1/admin/backup", Some(&form)).await).await;
    assert!(
        status == 503 && body.contains("admin APIs disabled: --web.enable-admin-api enables them"),
        "{status} {body}"
    );
    assert!(!to.exists());
    api.state.admin_api = true;
    for (form, expected) in [
        ("to=here", "invalid parameter \\\"to\\\": expected the absolute path of a folder"),
        ("", "invalid parameter \\\"to\\\""),
        ("to=/x&keep=0", "invalid parameter \\\"keep\\\": expected a number from 1 on"),
        ("to=/x&keep=many", "invalid parameter \\\"keep\\\": expected a number from 1 on"),
    ] {
        let (status, body) = read(api.ask("POST", "/api/v1/admin/backup", Some(form)).await).await;
        assert!(status == 400 && body.contains(expected), "{form}: {status} {body}");
    }
    let (status, _) = read(api.ask("GET", "/api/v1/admin/backup", None).await).await;
    assert_eq!(status, 405);
    let (status, body) = read(api.ask("POST", "/api/v1/admin/backup", Some("to=/proc/nowhere")).await).await;
    assert!(status == 422 && body.contains("/proc/nowhere/blocks: "), "{status} {body}");
    let (status, body) = read(api.ask("POST", "/api/v1/admin/backup", Some(&form)).await).await;
    assert!(status == 200 && body.contains("\"samples\":307"), "{status} {body}");
    let data = dir.path().join("data");
    assert_eq!(procession_store::restore(&to, None, &data).unwrap().samples, 307);
}
