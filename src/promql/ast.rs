//! A query as a tree. Every node knows its place in the text; every name, type and pattern in it is valid.

use regex::Regex;

use super::error::Span;
use super::function::Function;
use super::series::Matcher;

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// One number per instant.
    Scalar,
    /// One sample per series and instant.
    Vector,
    /// Many samples per series and instant.
    Matrix,
    /// Text.
    String,
}

impl ValueType {
    /// As Prometheus' documentation and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::String => "string",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// Height of the tree from here; bounded, so that recursion over it is.
    pub(super) height: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Number(f64),
    Text(String),
    Selector(Selector),
    Range { selector: Selector, range: Length },
    Subquery(Box<Subquery>),
    Call(Call),
    Aggregate(Box<Aggregate>),
    Binary(Box<Binary>),
    Negate(Box<Expr>),
    Paren(Box<Expr>),
}

/// `name{…}` with its modifiers.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    pub(super) matchers: Vec<Matcher>,
    pub(super) shift: Shift,
    pub(super) edges: Edges,
}

/// Where a selector or subquery looks, seen from the instant of evaluation.
#[derive(Clone, Debug, Default)]
pub(super) struct Shift {
    pub(super) offset: Option<Length>,
    pub(super) at: Option<At>,
}

/// `@`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    /// Unix milliseconds.
    Time(i64),
    Start,
    End,
}

/// How samples at the edges of a range are made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Edges {
    #[default]
    AsFound,
    /// `anchored`: the last sample before the range stands at its start.
    Anchored,
    /// `smoothed`: values at both ends are interpolated.
    Smoothed,
}

/// A duration: in most queries a constant.
#[derive(Clone, Debug)]
pub(super) enum Length {
    /// Milliseconds.
    Fixed(i64),
    /// Depends on the query's step or range.
    Computed(Box<LengthExpr>, Span),
}

/// A duration expression, in seconds.
#[derive(Clone, Debug)]
pub(super) enum LengthExpr {
    Seconds(f64),
    Step,
    Range,
    Negate(Box<LengthExpr>),
    Binary(LengthOp, Box<LengthExpr>, Box<LengthExpr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Min,
    Max,
}

#[derive(Clone, Debug)]
pub(super) struct Subquery {
    pub(super) expr: Expr,
    pub(super) range: Length,
    /// The default step where absent.
    pub(super) step: Option<Length>,
    pub(super) shift: Shift,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) args: Vec<Expr>,
    /// The pattern of `label_replace`.
    pub(super) pattern: Option<Regex>,
}

#[derive(Clone, Debug)]
pub(super) struct Aggregate {
    pub(super) op: AggregateOp,
    pub(super) grouping: Grouping,
    pub(super) param: Option<Expr>,
    pub(super) expr: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AggregateOp {
    Avg,
    BottomK,
    Count,
    CountValues,
    Group,
    LimitK,
    LimitRatio,
    Max,
    Min,
    Quantile,
    StdDev,
    StdVar,
    Sum,
    TopK,
}

impl AggregateOp {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "avg" => Self::Avg,
            "bottomk" => Self::BottomK,
            "count" => Self::Count,
            "count_values" => Self::CountValues,
            "group" => Self::Group,
            "limitk" => Self::LimitK,
            "limit_ratio" => Self::LimitRatio,
            "max" => Self::Max,
            "min" => Self::Min,
            "quantile" => Self::Quantile,
            "stddev" => Self::StdDev,
            "stdvar" => Self::StdVar,
            "sum" => Self::Sum,
            "topk" => Self::TopK,
            _ => return None,
        })
    }

    /// The type of the parameter, where there is one.
    pub(super) fn param(self) -> Option<ValueType> {
        match self {
            Self::TopK | Self::BottomK | Self::LimitK | Self::LimitRatio | Self::Quantile => Some(ValueType::Scalar),
            Self::CountValues => Some(ValueType::String),
            _ => None,
        }
    }
}

/// `by (…)` or `without (…)`; `on (…)` or `ignoring (…)`.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    /// Sorted, without repeats.
    pub(super) labels: Vec<String>,
    /// Whether the labels are those left out.
    pub(super) without: bool,
}

impl Grouping {
    /// Whether a label of this name takes part. The metric name never does unless it is asked for.
    pub(super) fn keeps(&self, name: &str) -> bool {
        let listed = self.labels.iter().any(|label| label == name);
        if self.without { !listed && name != crate::base::labels::NAME } else { listed }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) op: BinaryOp,
    pub(super) left: Expr,
    pub(super) right: Expr,
    /// A comparison gives 0 or 1 rather than filtering.
    pub(super) bool: bool,
    pub(super) matching: Matching,
}

/// How series of two vectors find each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    pub(super) on: Grouping,
    pub(super) cardinality: Cardinality,
    /// Labels that the "many" side takes over from the "one" side.
    pub(super) include: Vec<String>,
    pub(super) fill_left: Option<f64>,
    pub(super) fill_right: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

impl BinaryOp {
    pub(super) fn from_text(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "+" => Self::Add,
            "-" => Self::Sub,
            "*" => Self::Mul,
            "/" => Self::Div,
            "%" => Self::Mod,
            "^" => Self::Pow,
            "atan2" => Self::Atan2,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" => Self::GreaterOrEqual,
            "<=" => Self::LessOrEqual,
            "and" => Self::And,
            "or" => Self::Or,
            "unless" => Self::Unless,
            _ => return None,
        })
    }

    /// Higher binds tighter. Only [`POWER`] associates to the right.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            op if op.is_comparison() => 3,
            Self::Add | Self::Sub => 4,
            Self::Pow => POWER,
            _ => 5,
        }
    }

    pub(super) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Greater | Self::Less | Self::GreaterOrEqual | Self::LessOrEqual
        )
    }

    pub(super) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// The precedence of `^`.
pub(super) const POWER: u8 = 6;

impl Expr {
    pub(super) fn value_type(&self) -> ValueType {
        match &self.kind {
            Kind::Number(_) => ValueType::Scalar,
            Kind::Text(_) => ValueType::String,
            Kind::Selector(_) | Kind::Aggregate(_) => ValueType::Vector,
            Kind::Range { .. } | Kind::Subquery(_) => ValueType::Matrix,
            Kind::Call(call) => call.function.returns,
            Kind::Binary(b)
                if b.left.value_type() == ValueType::Scalar && b.right.value_type() == ValueType::Scalar =>
            {
                ValueType::Scalar
            }
            Kind::Binary(_) => ValueType::Vector,
            Kind::Negate(inner) | Kind::Paren(inner) => inner.value_type(),
        }
    }

    /// This expression without parentheses around it.
    pub(super) fn bare(&self) -> &Expr {
        match &self.kind {
            Kind::Paren(inner) => inner.bare(),
            _ => self,
        }
    }

    /// The string of a string literal.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.bare().kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is the same at every step of a range query, so that one evaluation is enough.
    pub(super) fn is_constant(&self) -> bool {
        match &self.kind {
            Kind::Number(_) | Kind::Text(_) => true,
            Kind::Selector(selector) | Kind::Range { selector, .. } => selector.shift.at.is_some(),
            Kind::Subquery(subquery) => subquery.shift.at.is_some(),
            Kind::Call(call) => !call.function.reads_clock() && call.args.iter().all(Expr::is_constant),
            Kind::Aggregate(a) => a.expr.is_constant() && a.param.as_ref().is_none_or(Expr::is_constant),
            Kind::Binary(b) => b.left.is_constant() && b.right.is_constant(),
            Kind::Negate(inner) | Kind::Paren(inner) => inner.is_constant(),
        }
    }
}
