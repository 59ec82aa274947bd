//! The words of a query.

use crate::binary::{BinaryOp, SetOp};
use crate::syntax::tree::Operator;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// A name without a colon that is no keyword.
    Identifier,
    /// A name with a colon.
    MetricIdentifier,
    Text,
    Number,
    Duration,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    At,
    /// `=`
    Equal,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
    Operator(Operator),
    /// `</` and `>/`, which cut buckets off native histograms.
    Trim,
    /// `sum` and the like.
    Aggregation,
    Keyword(Keyword),
    /// Names that are functions, and also mean something behind `@` or in a duration.
    Special(Special),
}

/// Words with a meaning at some places. At others most of them are names like any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Bool,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    /// Also `fill_left` and `fill_right`; they are keywords before a parenthesis alone.
    Fill,
    Offset,
    /// `anchored`, `smoothed`.
    Extended,
}

/// See [`Kind::Special`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    Start,
    End,
    /// `step`, `range`, `max_of`, `min_of`: duration expressions may hold them.
    OfDuration,
}

/// A token and where it stands in the text, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a word means, in any case of letters; `None` of an ordinary name.
pub(super) fn keyword(word: &str) -> Option<Kind> {
    const LONGEST: usize = 12;
    if word.len() > LONGEST {
        return None;
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "and" => Kind::Operator(Operator::Set(SetOp::And)),
        "or" => Kind::Operator(Operator::Set(SetOp::Or)),
        "unless" => Kind::Operator(Operator::Set(SetOp::Unless)),
        "atan2" => Kind::Operator(Operator::Element(BinaryOp::Atan2)),
        "sum" | "avg" | "count" | "min" | "max" | "group" | "stddev" | "stdvar" | "topk" | "bottomk"
        | "count_values" | "quantile" | "limitk" | "limit_ratio" => Kind::Aggregation,
        "offset" => Kind::Keyword(Keyword::Offset),
        "smoothed" | "anchored" => Kind::Keyword(Keyword::Extended),
        "by" => Kind::Keyword(Keyword::By),
        "without" => Kind::Keyword(Keyword::Without),
        "on" => Kind::Keyword(Keyword::On),
        "ignoring" => Kind::Keyword(Keyword::Ignoring),
        "group_left" => Kind::Keyword(Keyword::GroupLeft),
        "group_right" => Kind::Keyword(Keyword::GroupRight),
        "fill" | "fill_left" | "fill_right" => Kind::Keyword(Keyword::Fill),
        "bool" => Kind::Keyword(Keyword::Bool),
        "start" => Kind::Special(Special::Start),
        "end" => Kind::Special(Special::End),
        "step" | "range" | "max_of" | "min_of" => Kind::Special(Special::OfDuration),
        "inf" | "nan" => Kind::Number,
        _ => return None,
    })
}

impl Kind {
    /// Whether the word can be a metric's name where an expression begins.
    pub(super) fn names_metric(self) -> bool {
        match self {
            Kind::Identifier | Kind::MetricIdentifier | Kind::Aggregation | Kind::Special(_) => true,
            Kind::Operator(op) => matches!(op, Operator::Set(_)),
            Kind::Keyword(k) => {
                matches!(k, Keyword::By | Keyword::Without | Keyword::Fill | Keyword::Offset | Keyword::Extended)
            }
            _ => false,
        }
    }

    /// Whether the word can be a label's name in `by (...)`, `on (...)` and such, without quotes.
    pub(super) fn names_label(self) -> bool {
        match self {
            Kind::Identifier | Kind::MetricIdentifier | Kind::Aggregation | Kind::Special(_) => true,
            Kind::Operator(op) => matches!(op, Operator::Set(_) | Operator::Element(BinaryOp::Atan2)),
            Kind::Keyword(k) => k != Keyword::Without,
            _ => false,
        }
    }

    /// Whether an expression can begin with it.
    pub(super) fn begins_expression(self) -> bool {
        self.names_metric()
            || self.sign().is_some()
            || matches!(self, Kind::Number | Kind::Duration | Kind::Text | Kind::LeftParen | Kind::LeftBrace)
    }

    /// `+` or `-`; true means negative.
    pub(super) fn sign(self) -> Option<bool> {
        match self {
            Kind::Operator(Operator::Element(BinaryOp::Add)) => Some(false),
            Kind::Operator(Operator::Element(BinaryOp::Subtract)) => Some(true),
            _ => None,
        }
    }

    /// A token as messages about unexpected ones call it; `text` is how it is written.
    pub(super) fn described(self, text: &str) -> String {
        match self {
            Kind::End => "end of input".to_owned(),
            Kind::Identifier => format!("identifier {text:?}"),
            Kind::MetricIdentifier => format!("metric identifier {text:?}"),
            Kind::Text => format!("string {}", quoted_start(text)),
            Kind::Number => format!("number {}", quoted_start(text)),
            Kind::Duration => format!("duration {}", quoted_start(text)),
            Kind::Operator(_) | Kind::Trim | Kind::At | Kind::Matches | Kind::MatchesNot => format!("<op:{text}>"),
            Kind::Aggregation => format!("<aggr:{text}>"),
            Kind::Keyword(_) => format!("<{text}>"),
            _ => quoted_start(text),
        }
    }
}

/// A text in quotes, cut where it is long.
fn quoted_start(text: &str) -> String {
    const SHOWN: usize = 10;
    if text.len() > SHOWN {
        format!("{:?}...", text.chars().take(SHOWN).collect::<String>())
    } else {
        format!("{text:?}")
    }
}
