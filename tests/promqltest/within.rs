//! Calls within a query that the generator wrote, and the instants at which they are evaluated: what conditions about single
//! windows and values need to know.

use std::collections::BTreeSet;

/// A query and when it was asked. An instant query starts and ends at its instant; its step is of no matter.
#[derive(Clone, Debug)]
pub struct Asked {
    pub text: String,
    pub start: i64,
    pub end: i64,
    pub step: i64,
    /// The step of a subquery that names none.
    pub subquery_step: i64,
}

/// A call of a function.
#[derive(Debug, PartialEq)]
pub struct Call<'t> {
    /// What stands between its parentheses.
    pub args: &'t str,
    /// When it is evaluated, which within a subquery is oftener than the query.
    pub instants: BTreeSet<i64>,
}

/// Where a selector or a subquery looks, seen from an instant.
#[derive(Clone, Copy, Default)]
pub struct Shift {
    at: Option<i64>,
    offset: i64,
}

impl Shift {
    pub fn from(self, now: i64) -> i64 {
        self.at.unwrap_or(now) - self.offset
    }
}

impl Asked {
    pub fn instant(text: String, at: i64, subquery_step: i64) -> Self {
        Self { text, start: at, end: at, step: 1, subquery_step }
    }

    /// The same query with its `start()` and `end()` as times, so that parts of it mean the same when they stand alone.
    pub fn settled(&self) -> Self {
        let text = self.text.replace("@ start()", &format!("@ {}", super::generate::seconds(self.start)));
        Self { text: text.replace("@ end()", &format!("@ {}", super::generate::seconds(self.end))), ..self.clone() }
    }

    /// All calls of the function. The query is settled.
    pub fn calls(&self, function: &str) -> Vec<Call<'_>> {
        let mut calls = Vec::new();
        for (at, _) in self.text.match_indices(&format!("{function}(")) {
            let is_whole = !self.text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if is_whole {
                let open = at + function.len();
                calls.push(Call { args: &self.text[open + 1..self.closing(open)], instants: self.instants(at) });
            }
        }
        calls
    }

    /// What is added up, where the whole query is a `sum` or an `avg`.
    pub fn added(&self) -> Option<&str> {
        let is_sum = ["sum ", "sum(", "avg ", "avg("].iter().any(|op| self.text.starts_with(op));
        let is_end = |(open, _): &(usize, &str)| self.closing(*open) == self.text.len() - 1;
        let open = self.text.match_indices('(').find(is_end).filter(|_| is_sum)?.0;
        Some(&self.text[open + 1..self.text.len() - 1])
    }

    /// When the part of the query that begins at this byte is evaluated.
    fn instants(&self, at: usize) -> BTreeSet<i64> {
        let mut open = Vec::new();
        for (position, c) in self.text[..at].char_indices() {
            match c {
                '(' => open.push(position),
                ')' => drop(open.pop()),
                _ => {}
            }
        }
        let mut instants: BTreeSet<i64> = (self.start..=self.end).step_by(self.step as usize).collect();
        for parenthesis in open {
            let Some(after) = self.text[self.closing(parenthesis) + 1..].strip_prefix('[') else { continue };
            let (range, rest) = after.split_once(']').expect("a range ends");
            let (range, step) = range.split_once(':').expect("in parentheses stands a subquery");
            let step = if step.is_empty() { self.subquery_step } else { milliseconds(step) };
            let shift = shift(rest);
            let steps = |now: i64| {
                let end = shift.from(now);
                let first = (end - milliseconds(range)).div_euclid(step) + 1;
                (first..=end.div_euclid(step)).map(move |number| number * step)
            };
            instants = instants.into_iter().flat_map(steps).collect();
        }
        instants
    }

    /// Where the parenthesis closes that opens here. What the generator writes between quotes is balanced.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0;
        for (at, c) in self.text[open..].char_indices() {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 {
                return open + at;
            }
        }
        panic!("parentheses of {} are balanced", self.text)
    }
}

/// A selector, its range in milliseconds and its shift, of `selector[range] modifiers`.
pub fn windowed(text: &str) -> (&str, i64, Shift) {
    let (selector, rest) = text.rsplit_once('[').expect("a range");
    let (range, rest) = rest.split_once(']').expect("a range ends");
    (selector, milliseconds(range), shift(rest))
}

/// The arguments of a call.
pub fn arguments(args: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found, mut is_quoted) = (0, 0, Vec::new(), false);
    for (at, c) in args.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 && !is_quoted => {
                found.push(args[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(args[from..].trim());
    found
}

fn shift(text: &str) -> Shift {
    let mut words = text.split([' ', ')', ',']).filter(|word| !word.is_empty()).peekable();
    let mut shift = Shift::default();
    if text.starts_with(" @ ") {
        words.next();
        let at: f64 = words.next().and_then(|word| word.parse().ok()).expect("a time after @");
        shift.at = Some((at * 1000.0).round() as i64);
    }
    // Whatever follows something closed is not this one's.
    let own = text.find([')', ',']).map_or(text, |end| &text[..end]);
    if own.contains(" offset ") && words.next_if_eq(&"offset").is_some() {
        shift.offset = milliseconds(words.next().expect("an offset"));
    }
    shift
}

fn milliseconds(duration: &str) -> i64 {
    duration.strip_suffix("ms").and_then(|number| number.parse().ok()).expect("milliseconds")
}

#[test]
fn calls_within_subqueries_are_found_with_their_instants() {
    let text = "sum(max_over_time((increase(a_total{code=~\"4..\"}[250ms] @ 7.000 offset -100ms))[510ms:200ms] offset 1000ms))";
    let asked = Asked { text: text.into(), start: 10_000, end: 10_400, step: 400, subquery_step: 100 };
    let calls = asked.calls("increase");
    assert_eq!(calls.len(), 1);
    // (8490, 9000] and (8890, 9400], by 200.
    assert_eq!(calls[0].instants, BTreeSet::from([8600, 8800, 9000, 9200, 9400]));
    let (selector, range, shift) = windowed(calls[0].args);
    assert_eq!((selector, range, shift.from(0)), ("a_total{code=~\"4..\"}", 250, 7100));
    assert!(asked.calls("crease").is_empty());
    assert_eq!(Asked::instant("avg by (le) (sgn(a))".into(), 0, 1).added(), Some("sgn(a)"));
    assert_eq!(Asked::instant("abs(sum(a))".into(), 0, 1).added(), None);
    assert_eq!(arguments("f(a, b), clamp({x=\",\"}, 1), 0.5"), ["f(a, b)", "clamp({x=\",\"}, 1)", "0.5"]);
}
