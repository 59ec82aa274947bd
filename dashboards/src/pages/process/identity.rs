//! What identifies a process: its life among those that its pid had, and what `proc_info` says of it.

use super::ProcessView;
use crate::chart::Point;
use crate::pages::lives::{Life, lives};
use crate::pages::timeframe::Timeframe;
use crate::pages::trends::Within;
use crate::query::promql::quoted;
use crate::query::{Client, Error, Labels, QueriedSeries, Sample};

/// A process as `proc_info` tells of it; empty where it tells nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Identity {
    pub(super) pid: String,
    pub(super) ppid: String,
    pub(super) group: String,
    pub(super) name: String,
    pub(super) executable: String,
    pub(super) user: String,
}

impl Identity {
    fn of(labels: &Labels) -> Identity {
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        Identity {
            pid: label("pid"),
            ppid: label("ppid"),
            group: label("group"),
            name: label("name"),
            executable: label("executable"),
            user: label("user"),
        }
    }
}

/// What is known of the process that was asked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Its life; none where it was not seen in the range.
    pub(super) life: Option<Life>,
    /// Other processes that had its pid in the range.
    pub(super) others: Vec<Life>,
    pub(super) identity: Identity,
    /// Names that it had before.
    pub(super) earlier_names: Vec<String>,
}

/// Looks for the process in the range.
pub(super) async fn find(client: &Client, view: &ProcessView) -> Result<Found, Error> {
    let (frame, matcher) = (&view.frame, view.matcher());
    // Its group may change with its name, so there can be several series.
    let start = format!("max({})", frame.gauge("max_over_time", "proc_start_time_seconds", &matcher));
    let info = frame.gauge("max_over_time", "proc_info", &matcher);
    let (starts, infos) = tokio::try_join!(
        client.range(&start, frame.moments(), frame.step_ms),
        client.range(&info, frame.moments(), frame.step_ms)
    )?;
    let points: Vec<Point> = starts.into_iter().flat_map(|series| series.values).collect();
    Ok(chosen(lives(&points), view.start, &infos))
}

fn chosen(mut lives: Vec<Life>, start: Option<f64>, infos: &[QueriedSeries]) -> Found {
    let place = match start {
        Some(start) => lives.iter().position(|life| life.began_at(start)),
        None => lives.len().checked_sub(1),
    };
    let Some(place) = place else { return Found { others: lives, ..Found::default() } };
    let life = lives.remove(place);
    let in_life = |point: &&Point| (life.first_seen_ms..=life.last_seen_ms).contains(&point.at_ms);
    let mut known: Vec<(i64, Identity)> = infos
        .iter()
        .filter_map(|series| {
            let last_ms = series.values.iter().filter(in_life).map(|point| point.at_ms).max()?;
            Some((last_ms, Identity::of(&series.labels)))
        })
        .collect();
    known.sort_by_key(|(last_ms, _)| *last_ms);
    let identity = known.pop().map(|(_, identity)| identity).unwrap_or_default();
    let mut earlier_names: Vec<String> = known.into_iter().map(|(_, earlier)| earlier.name).collect();
    earlier_names.retain(|name| *name != identity.name);
    earlier_names.dedup();
    Found { life: Some(life), others: lives, identity, earlier_names }
}

impl Found {
    /// Which points of the charts are its own: series of a pid go on under the next process that has it.
    pub(super) fn within(&self, frame: &Timeframe) -> Within {
        let Some(life) = self.life else { return Within::ALL };
        let before = self.others.iter().any(|other| other.last_seen_ms <= life.first_seen_ms);
        let after = self.others.iter().any(|other| other.first_seen_ms >= life.last_seen_ms);
        Within {
            from_ms: if before { life.first_seen_ms } else { i64::MIN },
            rates_from_ms: if before { life.first_seen_ms + frame.rate_window_ms() } else { i64::MIN },
            until_ms: if after { life.last_seen_ms } else { i64::MAX },
        }
    }
}

/// Its parent and its children at one moment.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) parent: Option<Identity>,
    pub(super) children: Vec<Identity>,
}

/// Asks for the relatives at `at_ms`.
pub(super) async fn family(
    client: &Client,
    view: &ProcessView,
    identity: &Identity,
    at_ms: i64,
) -> Result<Family, Error> {
    let instance = quoted(&view.instance);
    let parent = format!("proc_info{{instance={instance},pid={}}}", quoted(&identity.ppid));
    let children = format!("proc_info{{instance={instance},ppid={}}}", quoted(&view.pid));
    let (parent, children) = tokio::try_join!(client.instant(&parent, at_ms), client.instant(&children, at_ms))?;
    let identities = |samples: &[Sample]| samples.iter().map(|sample| Identity::of(&sample.labels)).collect::<Vec<_>>();
    let mut children = identities(&children);
    children.sort_by(|a, b| (a.pid.len(), &a.pid).cmp(&(b.pid.len(), &b.pid)));
    Ok(Family { parent: identities(&parent).pop(), children })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(start: f64, first_seen_ms: i64, last_seen_ms: i64) -> Life {
        Life { start, first_seen_ms, last_seen_ms }
    }

    fn info(name: &str, times: &[i64]) -> QueriedSeries {
        let values = times.iter().map(|&at_ms| Point { at_ms, value: 1.0 }).collect();
        QueriedSeries { labels: [("name".to_owned(), name.to_owned())].into(), values }
    }

    #[test]
    fn a_pid_and_a_start_are_one_process() {
        let all = || vec![life(10.0, 1000, 3000), life(20.0, 5000, 9000)];
        let infos = || vec![info("sh", &[1000]), info("old", &[2000, 3000]), info("new", &[5000, 9000])];
        let first = chosen(all(), Some(10.2), &infos());
        assert_eq!((first.identity.name.as_str(), first.earlier_names.as_slice()), ("old", &["sh".to_owned()][..]));
        assert_eq!(first.others, [life(20.0, 5000, 9000)]);
        let last = chosen(all(), None, &infos());
        assert_eq!(last.identity.name, "new");
        let none = chosen(all(), Some(99.0), &infos());
        assert_eq!((none.life, none.others.len()), (None, 2));
        assert_eq!(chosen(Vec::new(), None, &[]).life, None);
    }
}
