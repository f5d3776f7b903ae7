//! `business:`: rules that count what requests are about.
//!
//! - `source`: places in an exchange · `job`: work that goes on after the answer

mod job;
mod source;

use serde::Serialize;

use super::read::{Keys, Node, Unique};
use super::routes::{Pattern, pattern, patterns};
use super::scalar::{flag, header_name, label_name, metric_name, number, text, whole};
use super::status::StatusSet;
use super::yaml::Yaml;
pub use job::Job;
pub use source::Source;

/// One rule: which exchanges it is about, and what they add to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BusinessRule {
    /// Its name in `outrider_business_unjudged_total` and in spans; unique.
    pub name: String,
    /// Which exchanges.
    #[serde(rename = "match")]
    pub matches: Match,
    /// A counter by `labels` and `status` (success, failure).
    pub counter: String,
    /// A histogram of seconds by `labels`.
    pub duration: Option<String>,
    /// The labels; never `status`.
    pub labels: Vec<Label>,
    /// What counts as success.
    pub success: Success,
    /// More counters by `labels`, that add a number found in the exchange.
    pub sums: Vec<Sum>,
    /// For work that goes on after the answer.
    pub job: Option<Job>,
    /// Whether a span of this name is made.
    pub span: bool,
}

/// Which exchanges; an empty list is any.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Methods, upper case.
    pub methods: Vec<String>,
    /// Endpoints.
    pub endpoints: Vec<Pattern>,
    /// Hosts, without port, lower case.
    pub hosts: Vec<String>,
    /// Request headers and the value each must have.
    pub headers: Vec<(String, String)>,
}

/// A label and where its value comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub from: Source,
    /// Values that are kept; any, up to `max`, when empty.
    pub allow: Vec<String>,
    /// Different values; the rest becomes `overflow`.
    pub max: usize,
    /// What stands for the rest.
    pub overflow: String,
    /// What stands for no value.
    pub missing: String,
}

/// What counts as success: the status is in the set, and `unless` does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Success {
    /// Good answers.
    pub status: StatusSet,
    /// A value that makes a good answer a failure.
    pub unless: Option<Unless>,
}

/// A value that is one of a few.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unless {
    /// Where it is.
    pub from: Source,
    /// Which ones.
    pub is: Vec<String>,
}

/// A counter that adds numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sum {
    /// Its name.
    pub counter: String,
    /// Where the number is.
    pub from: Source,
    /// What it is multiplied with.
    pub scale: f64,
}

/// Puts in the rules that hold when the file has no `business:`.
pub(super) fn fill(tree: &mut Yaml) {
    let mut usual = Yaml::parse(include_str!("business/default.yaml")).expect("the file we ship is YAML");
    if let (Some(slot @ Yaml::Null), Some(rules)) = (tree.slot("business"), usual.existing("business")) {
        *slot = std::mem::replace(rules, Yaml::Null);
    }
}

/// All rules; names and metric names are unique.
pub(super) fn read(node: &Node<'_>) -> Vec<BusinessRule> {
    let (mut names, mut metrics) = (Unique::default(), Unique::default());
    node.list(|item| item.map(|keys| rule(keys, &mut names, &mut metrics))).unwrap_or_default()
}

fn rule(keys: &mut Keys<'_>, names: &mut Unique, metrics: &mut Unique) -> Option<BusinessRule> {
    let (name_node, counter_node, duration_node) = (keys.key("name"), keys.key("counter"), keys.key("duration"));
    let (name, counter) = (name_node.need(text), counter_node.need(metric_name("_total")));
    let duration = duration_node.get(metric_name("_seconds"));
    for (node, metric) in [(&counter_node, &counter), (&duration_node, &duration)] {
        metric.iter().for_each(|metric| not_ours(node, metric));
    }
    let taken = [(&name_node, &name, &mut *names), (&counter_node, &counter, &mut *metrics)];
    for (node, name, set) in taken {
        name.iter().for_each(|name| set.take(node, name));
    }
    duration.iter().for_each(|name| metrics.take(&duration_node, name));
    let matches = keys.key("match").map(Match::read);
    let labels = keys.key("labels").entries(|name, node| node.map(|keys| label(name, &node, keys)));
    let success = keys.key("success").map(Success::read);
    let sums = keys.key("sums").list(|item| {
        item.map(|keys| {
            let (node, from) = (keys.key("counter"), Source::need(&item, keys));
            let counter = node.need(metric_name("_total"));
            counter.iter().for_each(|name| metrics.take(&node, name));
            counter.iter().for_each(|name| not_ours(&node, name));
            let scale = keys.key("scale").get(number(f64::MIN_POSITIVE..=f64::MAX)).unwrap_or(1.0);
            Some(Sum { counter: counter?, from: from?, scale })
        })
    });
    let job_node = keys.key("job");
    let job = job_node.optional(|keys| Job::read(&job_node, keys));
    let span = keys.key("span").get(flag).unwrap_or(true);
    Some(BusinessRule {
        name: name?,
        matches,
        counter: counter?,
        duration,
        labels: labels.unwrap_or_default(),
        success,
        sums: sums.unwrap_or_default(),
        job,
        span,
    })
}

/// A metric of a rule must not look like one that we derive without rules.
fn not_ours(node: &Node<'_>, name: &str) {
    const OURS: [&str; 13] = [
        "http_",
        "http2_",
        "websocket_",
        "grpc_",
        "service_",
        "circuit_breaker_",
        "connection_pool_",
        "auth_",
        "rate_limit_",
        "security_",
        "gateway_",
        "process_",
        "outrider_",
    ];
    if let Some(prefix) = OURS.iter().find(|prefix| name.starts_with(**prefix)) {
        node.fault(format!("`{name}` begins with `{prefix}`, as metrics do that need no rule"));
    }
}

impl BusinessRule {
    /// All places that the rule reads.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let labels = self.labels.iter().map(|label| &label.from);
        let unless = self.success.unless.iter().map(|unless| &unless.from);
        let job = self.job.iter().flat_map(|job| [Some(&job.id), job.message_id.as_ref(), Some(&job.state)]).flatten();
        labels.chain(unless).chain(self.sums.iter().map(|sum| &sum.from)).chain(job)
    }
}

impl Match {
    fn read(keys: &mut Keys<'_>) -> Self {
        let words = |node: Node<'_>| node.one_or_many(|item| item.get(text)).unwrap_or_default();
        Self {
            methods: words(keys.key("method")).iter().map(|method| method.to_uppercase()).collect(),
            endpoints: match keys.key("endpoint") {
                node if node.is_list() => patterns(&node).unwrap_or_default(),
                node => node.get(pattern).into_iter().collect(),
            },
            hosts: words(keys.key("host")).iter().map(|host| host.to_lowercase()).collect(),
            headers: keys
                .key("headers")
                .entries(|name, node| {
                    let name = header_name(&Yaml::Text(name.to_owned())).map_err(|message| node.fault(message)).ok();
                    name.zip(node.need(text))
                })
                .unwrap_or_default(),
        }
    }
}

fn label(name: &str, node: &Node<'_>, keys: &mut Keys<'_>) -> Option<Label> {
    if let Err(message) = label_name(name) {
        node.fault(message);
    }
    if name == "status" {
        node.fault("`status` is there already: it is success or failure");
    }
    let from = Source::need(node, keys);
    let allow = keys.key("allow").list(|item| item.get(text)).unwrap_or_default();
    let max = keys.key("max").get(whole(1..=10_000)).unwrap_or(20);
    let overflow = keys.key("overflow").get(text).unwrap_or_else(|| "other".to_owned());
    let missing = keys.key("missing").get(text).unwrap_or_else(|| "unknown".to_owned());
    Some(Label { name: name.to_owned(), from: from?, allow, max, overflow, missing })
}

impl Success {
    fn read(keys: &mut Keys<'_>) -> Self {
        let status = StatusSet::read(&keys.key("status")).unwrap_or_else(|| StatusSet::class(2));
        let node = keys.key("unless");
        let unless = node.optional(|keys| {
            let from = Source::need(&node, keys);
            let is = values(&keys.key("is"));
            Some(Unless { from: from?, is: is? })
        });
        Self { status, unless }
    }
}

/// One value or more, as text.
fn values(node: &Node<'_>) -> Option<Vec<String>> {
    if !node.is_set() {
        node.fault("is missing");
    }
    node.one_or_many(|item| item.get(|value| value.plain().ok_or_else(|| format!("found {}", value.kind()))))
}
