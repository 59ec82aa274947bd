//! Operators between the elements of two vectors that match in their labels.

use super::BinaryOp;
use crate::Error;
use crate::aggregate::{Grouping, Signatures};
use crate::eval::{ABSENT, Column, Context, Grid, drop_metadata, is_absent, merge};
use hashbrown::HashMap;
use procession_openmetrics::Labels;

/// How many elements of each side may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cardinality {
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

/// Which elements match, and what the results are called.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) on: Grouping,
    pub(crate) cardinality: Cardinality,
    /// Labels that the results take from the "one" side.
    pub(crate) include: Vec<String>,
}

type Matched = HashMap<(usize, Option<Labels>), Vec<bool>, foldhash::fast::RandomState>;

struct Operation<'a> {
    op: BinaryOp,
    matching: &'a Matching,
    return_bool: bool,
    grid: &'a Grid,
}

/// The results stand in the order of the "many" side (the left one where there is none).
pub(crate) fn match_vectors(
    context: &Context<'_>,
    op: BinaryOp,
    matching: &Matching,
    return_bool: bool,
    [left, right]: [Vec<Column>; 2],
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let operation = Operation { op, matching, return_bool, grid };
    let (many, one) = match matching.cardinality {
        Cardinality::OneToMany => (right, left),
        _ => (left, right),
    };
    let mut signatures = Signatures::new(&matching.on);
    let mut ones: Vec<Vec<usize>> = Vec::new();
    for (i, column) in one.iter().enumerate() {
        let group = signatures.number(&column.labels);
        if group == ones.len() {
            ones.push(Vec::new());
        }
        ones[group].push(i);
    }
    operation.refuse_duplicates(&ones, &one, &many)?;
    let groups: Vec<usize> = many.iter().map(|c| signatures.number(&c.labels)).collect();
    let mut sizes = vec![0usize; signatures.len()];
    groups.iter().for_each(|g| sizes[*g] += 1);
    let mut matched = Matched::default();
    let mut results = Vec::new();
    let mut out = Vec::new();
    for (many, &group) in many.iter().zip(&groups) {
        context.check()?;
        for one in ones.get(group).into_iter().flatten().map(|i| &one[*i]) {
            let steps = many.first().max(one.first())..many.end().min(one.end());
            if steps.is_empty() {
                continue;
            }
            let labels = operation.result_labels(&many.labels, &one.labels);
            if sizes[group] > 1 {
                operation.refuse_second_match(&mut matched, group, &labels, [many, one], steps.clone())?;
            }
            out.clear();
            out.extend(steps.clone().map(|step| operation.element(many.at(step), one.at(step))));
            if let Some(column) = Column::starting_at(labels, return_bool || many.drop_name, steps.start, &out) {
                context.grow(column.len())?;
                results.push(column);
            }
        }
    }
    merge(results)
}

impl Operation<'_> {
    fn element(&self, many: f64, one: f64) -> f64 {
        if is_absent(many) || is_absent(one) {
            return ABSENT;
        }
        match self.matching.cardinality {
            Cardinality::OneToMany => self.op.filter(one, many, self.return_bool),
            _ => self.op.filter(many, one, self.return_bool),
        }
    }

    /// The "one" side must have one element per match group at each step (at which there is anything to match). Named
    /// are the first two that meet, as if the steps were evaluated in turn.
    fn refuse_duplicates(&self, ones: &[Vec<usize>], one: &[Column], many: &[Column]) -> Result<(), Error> {
        let mut asked: Option<Vec<bool>> = None;
        let mut first_met: Option<usize> = None;
        for group in ones.iter().filter(|g| g.len() > 1) {
            let asked = asked.get_or_insert_with(|| {
                let mut steps = vec![false; self.grid.len()];
                many.iter().flat_map(Column::present).for_each(|(step, _)| steps[step] = true);
                steps
            });
            let mut taken = vec![false; self.grid.len()];
            for (step, _) in group.iter().flat_map(|i| one[*i].present()).filter(|(step, _)| asked[*step]) {
                if std::mem::replace(&mut taken[step], true) && first_met.is_none_or(|first| step < first) {
                    first_met = Some(step);
                }
            }
        }
        let Some(step) = first_met else { return Ok(()) };
        let there = |i: &usize| !is_absent(one[*i].at(step));
        let pair = |group: &Vec<usize>| {
            let mut members = group.iter().copied().filter(there);
            Some((members.next()?, members.next()?))
        };
        match ones.iter().filter_map(pair).min_by_key(|(_, later)| *later) {
            Some((first, later)) => Err(self.duplicate(&one[later], &one[first])),
            None => Ok(()),
        }
    }

    fn duplicate(&self, later: &Column, first: &Column) -> Error {
        let side = if self.matching.cardinality == Cardinality::OneToMany { "left" } else { "right" };
        let [later, earlier] = [later, first].map(|column| braces(&column.clone().finished().labels));
        Error::Execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{later}, {earlier}]\
             ;many-to-many matching not allowed: matching labels must be unique on one side",
            braces(&self.matching.on.labels(&first.labels)),
        ))
    }

    /// Two elements of the "many" side give one result: of one-to-one matching any two of a group, else two that the
    /// result's labels do not tell apart. What a comparison leaves out counts, too.
    fn refuse_second_match(
        &self,
        matched: &mut Matched,
        group: usize,
        labels: &Labels,
        [many, one]: [&Column; 2],
        steps: std::ops::Range<usize>,
    ) -> Result<(), Error> {
        let one_to_one = self.matching.cardinality == Cardinality::OneToOne;
        let key = (group, (!one_to_one).then(|| labels.clone()));
        let taken = matched.entry(key).or_insert_with(|| vec![false; self.grid.len()]);
        for step in steps.filter(|s| !is_absent(many.at(*s)) && !is_absent(one.at(*s))) {
            if std::mem::replace(&mut taken[step], true) {
                return Err(Error::Execution(format!(
                    "multiple matches for labels: {}",
                    if one_to_one {
                        "many-to-one matching must be explicit (group_left/group_right)"
                    } else {
                        "grouping labels must ensure unique matches"
                    }
                )));
            }
        }
        Ok(())
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let mut builder = many.to_builder();
        if !self.op.is_comparison() {
            builder.retain(|name| !drop_metadata(name));
        }
        if self.matching.cardinality == Cardinality::OneToOne {
            let named = |name: &str| self.matching.on.names().iter().any(|n| n == name);
            let without = self.matching.on.is_without();
            builder.retain(|name| named(name) != without);
        }
        for name in &self.matching.include {
            builder.set(name, one.get(name).unwrap_or(""));
        }
        builder.build()
    }
}

/// Labels as Go's client prints them: the metric name among the others.
fn braces(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
