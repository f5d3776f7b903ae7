//! The families that there are, and what PromQL names of them.

use std::collections::{BTreeMap, BTreeSet};

use outrider::app::App;
use outrider::config;
use outrider::metrics::Described;
use promql_parser::label::Matchers;
use promql_parser::parser::{self, Expr, LabelModifier};

/// What Prometheus adds to every series, and what is in every histogram's buckets.
const ADDED: [&str; 3] = ["job", "instance", "le"];

/// All families of the agent with its default rules. An agent is started for it, in this process, and stopped.
pub fn described() -> Vec<Described> {
    // As `outrider::cli` does; the other tests of this process may have.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "log: {{ level: error }}\ningress: {{ listen: '127.0.0.1:0', gateway: '127.0.0.1:1', drain: 0s }}\n\
         admin: {{ listen: '127.0.0.1:0' }}\nalerting: {{ state: '{}' }}\n",
        folder.path().display()
    );
    let config = config::parse(&text, folder.path(), &|_| None).expect("it is valid");
    let app = App::start(config).expect("it starts");
    let described = app.described();
    app.drain(std::time::Duration::ZERO);
    app.join();
    described
}

/// Names of series and the labels that they have.
pub struct Table(BTreeMap<String, BTreeSet<String>>);

impl Table {
    /// Of these families: a histogram is three series. `recorded` are the names of recording rules, whose labels are not known
    /// here.
    pub fn new(families: &[Described], recorded: &[&str]) -> Self {
        let mut table = BTreeMap::new();
        for family in families {
            let labels: BTreeSet<String> = family.labels.iter().cloned().collect();
            let endings = if family.kind == "histogram" { &["_bucket", "_sum", "_count"][..] } else { &[""] };
            table.extend(endings.iter().map(|end| (format!("{}{end}", family.name), labels.clone())));
        }
        let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<BTreeSet<_>>();
        table.insert("ALERTS".to_owned(), labels(&["alertname", "alertstate", "severity", "service"]));
        table.extend(recorded.iter().map(|name| ((*name).to_owned(), labels(&["service"]))));
        Self(table)
    }

    /// What `query` names that is not there.
    pub fn unknown(&self, query: &str) -> Vec<String> {
        let tree = match parser::parse(query) {
            Ok(tree) => tree,
            Err(error) => return vec![format!("{query}: {error}")],
        };
        let mut named = Named::default();
        named.expression(&tree);
        let mut faults = Vec::new();
        let mut labels: BTreeSet<&str> = ADDED.into();
        for (metric, matched) in &named.selectors {
            let Some(has) = self.0.get(metric) else {
                faults.push(format!("{query}: there is no metric {metric}"));
                continue;
            };
            labels.extend(has.iter().map(String::as_str));
            let wrong = matched.iter().filter(|label| !has.contains(*label) && !ADDED.contains(&label.as_str()));
            faults.extend(wrong.map(|label| format!("{query}: {metric} has no label {label}")));
        }
        let grouped = named.grouped.iter().filter(|label| !labels.contains(label.as_str()));
        faults.extend(grouped.map(|label| format!("{query}: nothing in it has the label {label}")));
        faults
    }
}

/// Metrics of a query, each with the labels that are matched, and the labels that are grouped by.
#[derive(Default)]
struct Named {
    selectors: Vec<(String, Vec<String>)>,
    grouped: Vec<String>,
}

impl Named {
    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Aggregate(aggregate) => {
                if let Some(LabelModifier::Include(labels)) = &aggregate.modifier {
                    self.grouped.extend(labels.labels.iter().cloned());
                }
                self.expression(&aggregate.expr);
                aggregate.param.iter().for_each(|param| self.expression(param));
            }
            Expr::Binary(binary) => {
                self.expression(&binary.lhs);
                self.expression(&binary.rhs);
            }
            Expr::Call(call) => call.args.args.iter().for_each(|argument| self.expression(argument)),
            Expr::MatrixSelector(matrix) => self.selector(matrix.vs.name.as_ref(), &matrix.vs.matchers),
            Expr::VectorSelector(vector) => self.selector(vector.name.as_ref(), &vector.matchers),
            Expr::Paren(paren) => self.expression(&paren.expr),
            Expr::Subquery(subquery) => self.expression(&subquery.expr),
            Expr::Unary(unary) => self.expression(&unary.expr),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn selector(&mut self, name: Option<&String>, matchers: &Matchers) {
        let matched = matchers.matchers.iter().map(|matcher| matcher.name.clone()).collect();
        self.selectors.push((name.cloned().unwrap_or_default(), matched));
    }
}

#[test]
fn what_is_not_there_is_found() {
    let family = Described {
        name: "a_seconds".to_owned(),
        help: String::new(),
        kind: "histogram",
        labels: vec!["x".to_owned()],
    };
    let table = Table::new(&[family], &[]);
    assert_eq!(table.unknown("sum by (le, x) (rate(a_seconds_bucket{x='1', job='j'}[5m]))"), Vec::<String>::new());
    for wrong in ["a_seconds", "rate(b_total[5m])", "a_seconds_sum{y='1'}", "sum by (y) (a_seconds_count)", "sum("] {
        assert_eq!(table.unknown(wrong).len(), 1, "{wrong}");
    }
}
