//! Below the list of hosts: which was busy when, the busiest processes of all, and groups across hosts.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::fleet::{Fleet, ROWS};
use super::overview::{Host, Overview};
use crate::chart::{Chart, Kind, Series, Unit};
use crate::pages::chart_card;
use crate::pages::figure::figure;
use crate::pages::image_link::Image;
use crate::pages::link::Link;
use crate::pages::phrase::named;

/// Hosts that have a row in the heat map.
const HEAT_ROWS: usize = 60;

/// CPU of each host over the last hour as shades, in the order of the list; with fewer than two there is nothing to compare.
pub(super) fn heat(overview: &Overview, hosts: &[&Host]) -> Markup {
    let with_cpu = hosts.iter().filter(|host| !host.cpu.is_empty()).take(HEAT_ROWS);
    let series: Vec<Series> = with_cpu
        .map(|host| Series { name: host.instance.clone(), points: host.cpu.clone(), ..Series::default() })
        .collect();
    if series.len() < 2 {
        return html! {};
    }
    let chart = Chart {
        title: "CPU cores in use, each host over the last hour".to_owned(),
        series,
        kind: Kind::Heatmap,
        ..Chart::new(Unit::Cores, overview.trend, overview.step_ms, TimeZone::system())
    };
    let query = "sum by (instance) (rate(proc_group_cpu_seconds_total[5m]))".to_owned();
    let queries = [(query, "{{instance}}".to_owned())];
    let image = Image { title: "CPU cores in use", unit: Unit::Cores, kind: Kind::Heatmap, queries: &queries };
    let to_host = |name: &str| Some(Link::to("/host").with("instance", name).href());
    html! { div.cards.one.below { (chart_card::card("heat", &chart, "", &image.href(&Link::to("/")), &to_host)) } }
}

/// The busiest processes of all hosts, and the busiest groups with the hosts that have them.
pub(super) fn fleet(fleet: &Fleet) -> Markup {
    html! {
        div.tables {
            @if !fleet.groups.is_empty() { (groups(fleet)) }
            @if !fleet.processes.is_empty() { (processes(fleet)) }
        }
    }
}

fn groups(fleet: &Fleet) -> Markup {
    html! {
        section.table id="groups" {
            h2 { "Groups across hosts" }
            div.scroll tabindex="0" role="region" aria-label="Groups across hosts" {
                table {
                    thead { tr { th scope="col" { "group" } th scope="col" { "hosts" } th scope="col" { "CPU" } th scope="col" { "memory" } } }
                    tbody {
                        @for group in &fleet.groups {
                            tr {
                                th scope="row" title=(group.name) { a href=(Link::to("/groups").with("group", &group.name).href()) { (named(&group.name)) } }
                                (figure(Unit::Short, group.hosts, "")) (figure(Unit::Cores, group.cpu, "")) (figure(Unit::Bytes, group.memory, ""))
                            }
                        }
                    }
                }
            }
            p.more { "The first " (ROWS) " by CPU; each leads to the same group on every host" }
        }
    }
}

fn processes(fleet: &Fleet) -> Markup {
    html! {
        section.table id="processes" {
            h2 { "Busiest processes of all hosts" }
            div.scroll tabindex="0" role="region" aria-label="Busiest processes of all hosts" {
                table {
                    thead { tr { th scope="col" { "process" } th.text scope="col" { "host" } th scope="col" { "CPU" } th scope="col" { "memory" } } }
                    tbody {
                        @for process in &fleet.processes {
                            @let link = Link::to("/process");
                            tr {
                                th scope="row" title=(process.group) {
                                    a href=(link.to_process(&process.instance, &process.pid, None).href()) { (named(&process.group)) } span.of { (process.pid) }
                                }
                                td.text { a href=(link.to_host(&process.instance).href()) { (named(&process.instance)) } }
                                (figure(Unit::Cores, process.cpu, "")) (figure(Unit::Bytes, process.memory, ""))
                            }
                        }
                    }
                }
            }
            p.more { "By CPU, among the busiest groups of each host" }
        }
    }
}
