//! Who is whose child, and what everyone uses with all descendants.

mod rows;

use std::collections::HashMap;

pub(super) use self::rows::{DEPTH, Order, Row};

/// What a process uses; NaN where a figure is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Use {
    /// CPU cores.
    pub(super) cpu: f64,
    /// Resident memory in bytes.
    pub(super) memory: f64,
    /// Bytes read and written a second.
    pub(super) io: f64,
}

impl Use {
    fn plus(self, other: Use) -> Use {
        let sum = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
            (true, _) => b,
            (_, true) => a,
            _ => a + b,
        };
        Use { cpu: sum(self.cpu, other.cpu), memory: sum(self.memory, other.memory), io: sum(self.io, other.io) }
    }
}

/// A process at the moment of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) pid: String,
    pub(super) ppid: String,
    pub(super) name: String,
    pub(super) user: String,
    /// Unix seconds.
    pub(super) start: Option<f64>,
    /// What it uses without its descendants.
    pub(super) own: Use,
}

/// All processes; indices are places in `nodes`.
#[derive(Debug)]
pub(super) struct Forest {
    pub(super) nodes: Vec<Node>,
    pub(super) parent: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// With all descendants.
    pub(super) total: Vec<Use>,
    /// Number of descendants.
    pub(super) below: Vec<usize>,
    /// Every parent before its children.
    downwards: Vec<usize>,
}

impl Forest {
    /// Grows the trees. A pid that stands twice counts once; a parent that is not known makes a root; a circle, which no
    /// kernel has but an answer may, is cut.
    pub(super) fn grow(mut nodes: Vec<Node>) -> Forest {
        let mut places: HashMap<String, usize> = HashMap::new();
        nodes.retain(|node| {
            let next = places.len();
            *places.entry(node.pid.clone()).or_insert(next) == next
        });
        let mut parent: Vec<Option<usize>> = nodes.iter().map(|node| places.get(&node.ppid).copied()).collect();
        cut_circles(&mut parent);
        let mut children = vec![Vec::new(); nodes.len()];
        let mut downwards = Vec::with_capacity(nodes.len());
        for (index, parent) in parent.iter().enumerate() {
            match parent {
                Some(parent) => children[*parent].push(index),
                None => downwards.push(index),
            }
        }
        let mut next = 0;
        while let Some(&index) = downwards.get(next) {
            downwards.extend_from_slice(&children[index]);
            next += 1;
        }
        let mut total: Vec<Use> = nodes.iter().map(|node| node.own).collect();
        let mut below = vec![0; nodes.len()];
        for &index in downwards.iter().rev() {
            if let Some(parent) = parent[index] {
                total[parent] = total[parent].plus(total[index]);
                below[parent] += below[index] + 1;
            }
        }
        Forest { nodes, parent, children, total, below, downwards }
    }

    /// The place of a pid.
    pub(super) fn find(&self, pid: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.pid == pid)
    }

    /// The ancestors of a process, the nearest first.
    pub(super) fn ancestors(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent[index], |above| self.parent[*above])
    }

    /// Which processes a filter finds: a part of the name or user, or a whole pid. `filter` is in lower case.
    pub(super) fn matching(&self, filter: &str) -> Vec<bool> {
        let has = |text: &str| text.to_lowercase().contains(filter);
        self.nodes.iter().map(|node| has(&node.name) || has(&node.user) || node.pid == filter).collect()
    }
}

fn cut_circles(parent: &mut [Option<usize>]) {
    // 0: not seen, 1: on the way up from here, 2: known to lead to a root.
    let mut state = vec![0u8; parent.len()];
    for start in 0..parent.len() {
        let (mut way, mut at) = (Vec::new(), start);
        while state[at] == 0 {
            state[at] = 1;
            way.push(at);
            match parent[at] {
                Some(above) if state[above] == 1 => parent[at] = None,
                Some(above) => at = above,
                None => {}
            }
        }
        for index in way {
            state[index] = 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rows::ROWS;
    use super::*;
    use proptest::prelude::*;

    fn node(pid: usize, ppid: usize, cpu: f64) -> Node {
        let own = Use { cpu, memory: 1.0, io: f64::NAN };
        Node {
            pid: pid.to_string(),
            ppid: ppid.to_string(),
            name: format!("p{pid}"),
            user: String::new(),
            start: None,
            own,
        }
    }

    fn shape(forest: &Forest, rows: &[Row]) -> String {
        let line = |row: &Row| match row {
            Row::Process { index, depth, matched, .. } => {
                format!("{}{}{}", "-".repeat(*depth), forest.nodes[*index].pid, if *matched { "" } else { "~" })
            }
            Row::More { depth, count, .. } => format!("{}+{count}", "-".repeat(*depth)),
        };
        rows.iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn descendants_add_up_and_the_busiest_come_first() {
        let forest =
            Forest::grow(vec![node(1, 0, 0.5), node(2, 1, 0.25), node(3, 1, 1.0), node(4, 2, 2.0), node(9, 8, 0.0)]);
        assert_eq!((forest.total[0].cpu, forest.total[1].cpu, forest.below[0]), (3.75, 2.25, 3));
        assert!(forest.total[0].io.is_nan() && forest.total[0].memory == 4.0);
        assert_eq!(shape(&forest, &forest.rows(None, Order::Cpu, None, &|_| None)), "1 -2 --4 -3 9");
        assert_eq!(shape(&forest, &forest.rows(forest.find("2"), Order::Pid, None, &|_| None)), "2 -4");
        assert_eq!(forest.ancestors(3).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn a_filter_keeps_what_leads_to_a_match() {
        let forest =
            Forest::grow(vec![node(1, 0, 0.0), node(2, 1, 0.0), node(3, 2, 0.0), node(4, 1, 0.0), node(5, 3, 0.0)]);
        let rows = |filter| shape(&forest, &forest.rows(None, Order::Pid, Some(&forest.matching(filter)), &|_| None));
        assert_eq!(rows("p3"), "1~ -2~ --3");
        assert_eq!(rows("4"), "1~ -4");
        assert_eq!(rows("nobody"), "");
    }

    #[test]
    fn a_wide_tree_is_cut_where_it_matters_least() {
        let wide = (2..5002).map(|pid| node(pid, 1, if pid == 4000 { 3.0 } else { 0.0 }));
        let forest = Forest::grow(std::iter::once(node(1, 0, 0.0)).chain(wide).collect());
        let rows = forest.rows(None, Order::Cpu, None, &|_| None);
        assert_eq!(rows.len(), ROWS + 1);
        assert!(shape(&forest, &rows).starts_with("1 -4000 -2 "));
        assert_eq!(rows.last(), Some(&Row::More { parent: Some(0), depth: 1, count: 5001 - ROWS }));
    }

    #[test]
    fn subtrees_are_opened_and_closed_by_hand() {
        let wide = (2..2002).map(|pid| node(pid, 1, 1.0));
        let below_last = [node(3000, 2001, 0.0), node(3001, 3000, 0.0)];
        let forest =
            Forest::grow([node(1, 0, 0.0), node(9, 0, 0.5)].into_iter().chain(wide).chain(below_last).collect());
        let rows = |turned: &dyn Fn(&str) -> Option<bool>| shape(&forest, &forest.rows(None, Order::Pid, None, turned));
        assert!(!rows(&|_| None).contains("3000"));
        let opened = rows(&|pid| (pid == "2001").then_some(true));
        assert!(opened.contains(" -2001 --3000 -+") && opened.ends_with(" 9"), "{opened}");
        assert_eq!(rows(&|pid| (pid == "1").then_some(false)), "1 9");
        // What was opened below what was closed stays hidden, and comes back with it.
        assert_eq!(rows(&|pid| ["1", "2001"].contains(&pid).then_some(pid != "1")), "1 9");
    }

    #[test]
    fn a_deep_tree_goes_on_a_link_away() {
        let forest = Forest::grow((1..=9_000).map(|pid| node(pid, pid - 1, 1.0)).collect());
        let rows = forest.rows(None, Order::Cpu, None, &|_| None);
        assert_eq!(rows.len(), DEPTH + 1);
        assert!(matches!(rows.last(), Some(Row::Process { index, open: false, .. }) if forest.below[*index] > 0));
        assert_eq!(forest.total[0].cpu, 9_000.0);
        assert_eq!(forest.rows(None, Order::Name, Some(&forest.matching("p8999")), &|_| None).len(), ROWS);
    }

    proptest! {
        /// Whatever parents an answer claims: nobody is lost, nobody is shown twice, nothing goes on for ever.
        #[test]
        fn every_process_is_in_the_tree_once(parents in proptest::collection::vec(0usize..60, 0..60), order in 0usize..5) {
            let order = super::super::ORDERS[order].1;
            let count = parents.len();
            let nodes = parents.into_iter().enumerate().map(|(pid, ppid)| node(pid, ppid, pid as f64)).collect();
            let forest = Forest::grow(nodes);
            prop_assert_eq!(forest.downwards.len(), count);
            let matched = vec![true; count];
            let mut shown: Vec<usize> = forest
                .rows(None, order, Some(&matched), &|_| None)
                .iter()
                .filter_map(|row| match row { Row::Process { index, .. } => Some(*index), Row::More { .. } => None })
                .collect();
            shown.sort_unstable();
            prop_assert_eq!(shown, (0..count).collect::<Vec<_>>());
        }
    }
}
