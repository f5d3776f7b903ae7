//! Ranges of samples, and the functions that make one value of each.

use super::matrix::{ABSENT, Matrix, Row, without_metadata};
use super::{Evaluator, Times};
use crate::base::Labels;
use crate::base::labels::NAME;
use crate::promql::ast::{Call, Edges, Expr, Kind, Selector, Shift, Subquery, ValueType};
use crate::promql::error::{Fault, SAME_LABELS, Span};
use crate::promql::function::rate::with_edges;
use crate::promql::function::regression::factors_fault;
use crate::promql::function::{Function, Window};
use crate::promql::series::{Op, Sample, SeriesData, is_stale};

/// The samples of all ranges of one range expression.
struct Ranges<'e> {
    /// Without stale markers.
    series: Vec<SeriesData>,
    /// Which series lose their names at the end. Functions do that anyway.
    marked: Vec<bool>,
    range: i64,
    shift: &'e Shift,
    edges: Edges,
    /// How far before and after the range samples are shown, for the sake of its edges.
    beyond: (i64, i64),
}

/// `run` of [`crate::promql::function::Run::Window`].
type WindowFunction = fn(&Window, &[f64]) -> Option<f64>;

impl Evaluator<'_> {
    /// A function over the range at each step.
    pub(super) fn windows(
        &mut self,
        call: &Call,
        times: Times,
        span: Span,
        run: WindowFunction,
    ) -> Result<Matrix, Fault> {
        let function = call.function;
        let at = call.args.iter().position(|arg| arg.value_type() == ValueType::Matrix).unwrap_or(0);
        let mut params = Vec::new();
        for arg in call.args.iter().filter(|arg| arg.value_type() == ValueType::Scalar) {
            params.push(self.scalar(arg, times)?);
        }
        let ranges = self.ranges(&call.args[at], times)?;
        check_edges(function, ranges.edges, span)?;
        self.charge(ranges.series.len() * times.count, span)?;

        let mut out = Matrix::new(times.count);
        let mut values = vec![ABSENT; times.count];
        let mut args = vec![0.0; params.len()];
        for one in &ranges.series {
            let mut cursor = Cursor::default();
            let mut found = false;
            for (step, now) in times.iter().enumerate() {
                let end = self.reference(ranges.shift, now)?;
                let window = cursor.window(&ranges, &one.samples, now, end);
                values[step] = ABSENT;
                if window.samples.is_empty() {
                    continue;
                }
                self.tick(window.samples.len(), span)?;
                args.iter_mut().zip(&params).for_each(|(arg, param)| *arg = param[step]);
                self.check_params(call, &args)?;
                if let Some(value) = run(&window, &args) {
                    values[step] = value;
                    found = true;
                }
            }
            if found && matches!(function.name, "rate" | "increase") {
                self.remarks.possibly_no_counter(one.labels.name(), call.args[at].span);
            }
            out.push(Row { labels: one.labels.clone(), drop_name: false }, &values);
        }
        if function.keeps_name() {
            return Ok(out);
        }
        // As in Prometheus, series that would be alike are refused here even if they never meet.
        if !self.options.delayed_name_removal && out.drop_names() && out.has_same_labels() {
            return Err(Fault::evaluation(span, SAME_LABELS));
        }
        out.rows.iter_mut().for_each(|row| row.drop_name = self.options.delayed_name_removal);
        Ok(out)
    }

    fn check_params(&mut self, call: &Call, args: &[f64]) -> Result<(), Fault> {
        match call.function.name {
            "quantile_over_time" if !(0.0..=1.0).contains(&args[0]) => {
                self.remarks.quantile_out_of_range(args[0], call.args[0].span);
                Ok(())
            }
            "double_exponential_smoothing" => match factors_fault(args) {
                Some(message) => Err(Fault::evaluation(call.args[1].span, message)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// 1 at each step at which no series has a sample in its range.
    pub(super) fn absent_over_time(&mut self, call: &Call, times: Times) -> Result<Matrix, Fault> {
        let arg = &call.args[0];
        let ranges = self.ranges(arg, times)?;
        check_edges(call.function, ranges.edges, arg.span)?;
        let mut values = vec![1.0; times.count];
        for one in &ranges.series {
            let mut cursor = Cursor::default();
            for (step, now) in times.iter().enumerate() {
                let end = self.reference(ranges.shift, now)?;
                if !cursor.window(&ranges, &one.samples, now, end).samples.is_empty() {
                    values[step] = ABSENT;
                }
            }
            self.tick(one.samples.len() + times.count, arg.span)?;
        }
        let mut out = Matrix::new(times.count);
        out.push(Row { labels: labels_of_absent(arg), drop_name: false }, &values);
        Ok(out)
    }

    /// The samples of a range expression at one instant, as the result of a query.
    pub(super) fn range_samples(&mut self, expr: &Expr, at: i64) -> Result<Vec<SeriesData>, Fault> {
        let ranges = self.ranges(expr, Times::once(at))?;
        let end = self.reference(ranges.shift, at)?;
        let mut out: Vec<SeriesData> = Vec::new();
        for (at_row, one) in ranges.series.iter().enumerate() {
            let window = Cursor::default().window(&ranges, &one.samples, at, end);
            let samples = match ranges.edges {
                _ if window.samples.is_empty() => continue,
                Edges::AsFound => window.samples.to_vec(),
                _ => with_edges(&window),
            };
            let marked = ranges.marked.get(at_row).is_some_and(|marked| *marked);
            let labels = if marked { without_metadata(&one.labels) } else { one.labels.clone() };
            if marked && out.iter().any(|other| other.labels == labels) {
                return Err(Fault::evaluation(expr.span, SAME_LABELS));
            }
            if !samples.is_empty() {
                out.push(SeriesData { labels, samples });
            }
        }
        Ok(out)
    }

    fn ranges<'e>(&mut self, expr: &'e Expr, times: Times) -> Result<Ranges<'e>, Fault> {
        let (start, end, step) = self.query;
        match &expr.kind {
            Kind::Paren(inner) => self.ranges(inner, times),
            Kind::Range { selector, range } => {
                let range = range.resolve(step, end - start, true)?;
                self.selected(selector, range, times, expr.span)
            }
            Kind::Subquery(subquery) => {
                let range = subquery.range.resolve(step, end - start, true)?;
                let (series, marked) = self.subquery(subquery, range, times, expr.span)?;
                Ok(Ranges { series, marked, range, shift: &subquery.shift, edges: Edges::AsFound, beyond: (0, 0) })
            }
            _ => Err(Fault::evaluation(expr.span, "expected a range vector")),
        }
    }

    fn selected<'e>(
        &mut self,
        selector: &'e Selector,
        range: i64,
        times: Times,
        span: Span,
    ) -> Result<Ranges<'e>, Fault> {
        let lookback = self.options.lookback;
        let beyond = match selector.edges {
            Edges::AsFound => (0, 0),
            Edges::Anchored => (lookback, 0),
            Edges::Smoothed => (lookback, lookback),
        };
        // A range is open at its start.
        let before = range.saturating_add(beyond.0) - 1;
        let from = self.reference(&selector.shift, times.start)?.saturating_sub(before);
        let to = self.reference(&selector.shift, times.last())?.saturating_add(beyond.1);
        let mut series = self.select(&selector.matchers, from, to, span)?;
        series.iter_mut().for_each(|one| one.samples.retain(|sample| !is_stale(sample.v)));
        Ok(Ranges { series, marked: Vec::new(), range, shift: &selector.shift, edges: selector.edges, beyond })
    }

    /// The results of the inner expression at all multiples of the step that any range reaches.
    fn subquery(
        &mut self,
        subquery: &Subquery,
        range: i64,
        times: Times,
        span: Span,
    ) -> Result<(Vec<SeriesData>, Vec<bool>), Fault> {
        let (start, end, query_step) = self.query;
        let step = match &subquery.step {
            Some(step) => step.resolve(query_step, end - start, true)?,
            None => self.options.subquery_step,
        };
        // A step below a millisecond is none.
        let step = step.max(1);
        let open_start = self.reference(&subquery.shift, times.start)?.saturating_sub(range);
        let last = self.reference(&subquery.shift, times.last())?;
        let first = (open_start.div_euclid(step) + 1).saturating_mul(step);
        if last < first {
            // What stands still is evaluated all the same, and so refused where it is wrong: whether a query is valid does not
            // depend on where a multiple of the step lies.
            if subquery.expr.is_constant() && subquery.expr.value_type() == ValueType::Vector {
                self.vector(&subquery.expr, Times::once(first))?;
            }
            return Ok((Vec::new(), Vec::new()));
        }
        let count = (last - first) / step + 1;
        self.charge(usize::try_from(count).unwrap_or(usize::MAX), span)?;
        let inner = Times { start: first, step, count: count as usize };
        let matrix = self.vector(&subquery.expr, inner)?;
        let marked = matrix.rows.iter().map(|row| row.drop_name).collect();
        Ok((matrix.into_series(inner), marked))
    }
}

fn check_edges(function: &Function, edges: Edges, span: Span) -> Result<(), Fault> {
    let allowed = Function::that_take(edges);
    if edges == Edges::AsFound || allowed.contains(&function.name) {
        return Ok(());
    }
    let modifier = if edges == Edges::Anchored { "anchored" } else { "smoothed" };
    let (list, name) = (allowed.join(", "), function.name);
    Err(Fault::evaluation(span, format!("{modifier} modifier can only be used with: {list} - not with {name}")))
}

/// Where the windows of one series stand; ranges move forward only, so each sample is passed once.
#[derive(Default)]
struct Cursor {
    from: usize,
    to: usize,
}

impl Cursor {
    fn window<'s>(&mut self, ranges: &Ranges, samples: &'s [Sample], now: i64, end: i64) -> Window<'s> {
        let start = end.saturating_sub(ranges.range);
        let (shown_from, shown_to) = (start.saturating_sub(ranges.beyond.0), end.saturating_add(ranges.beyond.1));
        self.to += samples[self.to..].iter().take_while(|sample| sample.t <= shown_to).count();
        self.from += samples[self.from..self.to].iter().take_while(|sample| sample.t <= shown_from).count();
        Window { samples: &samples[self.from..self.to], now, start, end, edges: ranges.edges }
    }
}

/// The labels that a selector pins to one value, which the series would have if it were there.
pub(super) fn labels_of_absent(expr: &Expr) -> Labels {
    let selector = match &expr.bare().kind {
        Kind::Selector(selector) | Kind::Range { selector, .. } => selector,
        _ => return Labels::empty(),
    };
    let mut pinned: Vec<(&str, &str)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in selector.matchers.iter().filter(|matcher| matcher.name != NAME) {
        match &matcher.op {
            Op::Equal(value) if !seen.contains(&matcher.name.as_str()) => {
                seen.push(&matcher.name);
                pinned.push((&matcher.name, value));
            }
            _ => pinned.retain(|(name, _)| *name != matcher.name),
        }
    }
    Labels::new(pinned)
}
