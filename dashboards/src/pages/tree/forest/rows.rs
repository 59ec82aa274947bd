//! Which processes a page of bounded length shows, and in which order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Forest, Use};
use crate::pages::figure::known;

/// What siblings are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages::tree) enum Order {
    /// The most first, descendants included.
    Cpu,
    /// As for CPU.
    Memory,
    /// As for CPU.
    Io,
    /// By name.
    Name,
    /// By pid.
    Pid,
}

/// One line of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages::tree) enum Row {
    /// A process; `depth` counts from the top of the page, `matched` is false for those that only lead to a match.
    Process { index: usize, depth: usize, matched: bool, position: usize, siblings: usize, open: bool },
    /// Children of `parent` (roots, where it has none) that the page has no room for.
    More { parent: Option<usize>, depth: usize, count: usize },
}

/// Rows that a page holds at most, and generations below its top; the rest is a link away. A browser lays out so many again
/// within a frame or two when all their figures change.
pub(in crate::pages::tree) const ROWS: usize = 200;
/// See [`ROWS`].
pub(in crate::pages::tree) const DEPTH: usize = 12;

impl Forest {
    /// The rows of a page under `root`, or of everything. Those that come first by `order` are shown first, however deep
    /// they are, until the page is full; with `matched`, those that match and what leads to them. `turned` tells of a pid
    /// whether its children are to be shown before all others (`Some(true)`) or not at all.
    pub(in crate::pages::tree) fn rows(
        &self,
        root: Option<usize>,
        order: Order,
        matched: Option<&[bool]>,
        turned: &dyn Fn(&str) -> Option<bool>,
    ) -> Vec<Row> {
        let rank = self.ranks(order);
        let kept = matched.map(|matched| self.leading_to(matched));
        let is_kept = |index: usize| kept.as_ref().is_none_or(|kept| kept[index]);
        let below = |index: Option<usize>| {
            let children = match index {
                Some(index) => self.children[index].clone(),
                None => self.downwards.iter().copied().take_while(|index| self.parent[*index].is_none()).collect(),
            };
            let mut children: Vec<usize> = children.into_iter().filter(|child| is_kept(*child)).collect();
            children.sort_by_key(|child| rank[*child]);
            children
        };
        let by_figure = matches!(order, Order::Cpu | Order::Memory | Order::Io);
        // Without a figure to go by, the upper generations come first.
        let place = |index: usize, depth: usize, later: bool| {
            Reverse((later, if by_figure { 0 } else { depth }, rank[index], index, depth))
        };
        let tops = root.map_or_else(|| below(None), |root| vec![root]);
        // What leads to a subtree that was opened by hand is shown whatever it does.
        let mut wanted = vec![false; self.nodes.len()];
        for index in (0..self.nodes.len()).filter(|index| turned(&self.nodes[*index].pid) == Some(true)) {
            std::iter::once(index).chain(self.ancestors(index)).for_each(|above| wanted[above] = true);
        }
        let mut heap: BinaryHeap<_> = tops.iter().map(|top| place(*top, 0, !wanted[*top])).collect();
        let mut shown = vec![false; self.nodes.len()];
        // A wide subtree that was opened takes no room from the others.
        let (mut room, mut room_by_hand) = (ROWS, ROWS);
        while let Some(Reverse((later, _, _, index, depth))) = heap.pop() {
            let room = if later { &mut room } else { &mut room_by_hand };
            if *room == 0 {
                continue;
            }
            *room -= 1;
            shown[index] = true;
            let by_hand = turned(&self.nodes[index].pid);
            // What a filter found is worth more depth.
            if by_hand != Some(false) && (depth < DEPTH || kept.is_some() || wanted[index]) {
                let later = |child: usize| by_hand.is_none() && !wanted[child];
                heap.extend(below(Some(index)).into_iter().map(|child| place(child, depth + 1, later(child))));
            }
        }
        let mut rows = Vec::new();
        let mut open: Vec<Step> = Vec::new();
        push_level(&mut open, None, tops, 0, &shown);
        while let Some(step) = open.pop() {
            match step {
                Step::More { parent, depth, count } => rows.push(Row::More { parent, depth, count }),
                Step::Process { index, depth, position, siblings } => {
                    let children = below(Some(index));
                    let is_open = children.iter().any(|child| shown[*child]);
                    let matched = matched.is_none_or(|matched| matched[index]);
                    rows.push(Row::Process { index, depth, matched, position, siblings, open: is_open });
                    if is_open {
                        push_level(&mut open, Some(index), children, depth + 1, &shown);
                    }
                }
            }
        }
        rows
    }

    /// The place of every process in the order.
    fn ranks(&self, order: Order) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.nodes.len()).collect();
        let number = |index: usize| (self.nodes[index].pid.len(), self.nodes[index].pid.as_str());
        let descending = |figure: fn(&Use) -> f64, a: usize, b: usize| {
            known(figure(&self.total[b])).total_cmp(&known(figure(&self.total[a])))
        };
        places.sort_by(|&a, &b| {
            match order {
                Order::Cpu => descending(|u| u.cpu, a, b),
                Order::Memory => descending(|u| u.memory, a, b),
                Order::Io => descending(|u| u.io, a, b),
                Order::Name => self.nodes[a].name.cmp(&self.nodes[b].name),
                Order::Pid => std::cmp::Ordering::Equal,
            }
            // By the order of start where nothing else tells: the tree stays as it is while nothing happens.
            .then_with(|| number(a).cmp(&number(b)))
        });
        let mut ranks = vec![0; places.len()];
        for (rank, index) in places.into_iter().enumerate() {
            ranks[index] = rank;
        }
        ranks
    }

    /// Those that match, and all their ancestors.
    fn leading_to(&self, matched: &[bool]) -> Vec<bool> {
        let mut kept = matched.to_vec();
        for &index in self.downwards.iter().rev() {
            if let (true, Some(parent)) = (kept[index], self.parent[index]) {
                kept[parent] = true;
            }
        }
        kept
    }
}

enum Step {
    Process { index: usize, depth: usize, position: usize, siblings: usize },
    More { parent: Option<usize>, depth: usize, count: usize },
}

/// Puts the shown ones of some siblings on the stack so that the first is taken first, and the number of the others last.
fn push_level(open: &mut Vec<Step>, parent: Option<usize>, siblings: Vec<usize>, depth: usize, shown: &[bool]) {
    let all = siblings.len();
    let shown: Vec<usize> = siblings.into_iter().filter(|index| shown[*index]).collect();
    if shown.len() < all {
        open.push(Step::More { parent, depth, count: all - shown.len() });
    }
    for (place, index) in shown.into_iter().enumerate().rev() {
        open.push(Step::Process { index, depth, position: place + 1, siblings: all });
    }
}
