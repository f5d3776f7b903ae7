//! Environment variables fill the keys that the file does not set: the gateway's usual ones and OpenTelemetry's. An empty
//! variable is an unset one, as OpenTelemetry has it.
//!
//! - `exporters`: where spans go · `channels`: who is told

mod channels;
mod exporters;

use percent_encoding::percent_decode_str;

use super::fault::Fault;
use super::read::Env;
use super::tracing::FORMATS;
use super::yaml::Yaml;

/// Ports and addresses of a pod, and the keys that they fill.
const PLACES: [(&str, [&str; 2]); 5] = [
    ("OUTRIDER_INGRESS_LISTEN", ["ingress", "listen"]),
    ("OUTRIDER_INGRESS_GATEWAY", ["ingress", "gateway"]),
    ("OUTRIDER_INGRESS_REDIRECT", ["ingress", "redirect"]),
    ("OUTRIDER_EGRESS_REDIRECT", ["egress", "redirect"]),
    ("OUTRIDER_ADMIN_LISTEN", ["admin", "listen"]),
];

/// What was filled.
#[derive(Default)]
pub(super) struct Filled {
    /// Paths, and the variable that each came from.
    origins: Vec<(String, &'static str)>,
    /// Variables that were passed over, and why.
    pub(super) notices: Vec<Fault>,
}

impl Filled {
    /// The variable that is to blame for a fault at `path`.
    pub(super) fn origin(&self, path: &str) -> Option<&'static str> {
        let below =
            |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        self.origins.iter().find(|(base, _)| below(base)).map(|(_, name)| *name)
    }
}

/// Fills `tree`.
pub(super) fn fill(tree: &mut Yaml, env: Env<'_>) -> Filled {
    let mut filling = Filling { env, filled: Filled::default() };
    filling.places(tree);
    filling.service(tree);
    filling.sampling(tree);
    filling.exporters(tree);
    filling.channels(tree);
    filling.filled
}

struct Filling<'a> {
    env: Env<'a>,
    filled: Filled,
}

impl Filling<'_> {
    /// The first of `names` that is set, with its value.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, (self.env)(name).filter(|value| !value.trim().is_empty())?)))
    }

    /// Sets what `keys` lead to from `at` (whose path is `path`), unless the file has it.
    fn set(&mut self, at: &mut Yaml, path: &str, keys: &[&str], name: &'static str, value: Yaml) {
        let Some(slot) = keys.iter().try_fold(at, |at, key| at.slot(key)).filter(|slot| **slot == Yaml::Null) else {
            return;
        };
        *slot = value;
        let path = [path].iter().filter(|path| !path.is_empty()).chain(keys).copied().collect::<Vec<_>>().join(".");
        self.filled.origins.push((path, name));
    }

    fn pass_over(&mut self, path: &str, message: String) {
        self.filled.notices.push(Fault { path: path.to_owned(), message });
    }

    /// What a manifest knows of its pod, as `outrider inject` writes it.
    fn places(&mut self, tree: &mut Yaml) {
        for (name, keys) in PLACES {
            if let Some((name, value)) = self.first(&[name]) {
                self.set(tree, "", &keys, name, Yaml::Text(value));
            }
        }
        if let Some((name, url)) = self.first(&["OUTRIDER_METRICS_MERGE"]) {
            let target = Yaml::Map(vec![("url".to_owned(), Yaml::Text(url))]);
            self.set(tree, "", &["metrics", "merge"], name, Yaml::List(vec![target]));
        }
    }

    fn service(&mut self, tree: &mut Yaml) {
        const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
        if let Some((name, value)) = self.first(&["OTEL_SERVICE_NAME"]) {
            self.set(tree, "", &["service"], name, Yaml::Text(value));
        }
        let Some((_, attributes)) = self.first(&[RESOURCE]) else { return };
        for (key, value) in pairs(&attributes) {
            let value = Yaml::Text(value);
            match key.as_str() {
                "service.name" => self.set(tree, "", &["service"], RESOURCE, value),
                "deployment.environment.name" | "deployment.environment" => {
                    self.set(tree, "", &["environment"], RESOURCE, value);
                }
                _ => self.set(tree, "", &["tracing", "resource", &key], RESOURCE, value),
            }
        }
    }

    fn sampling(&mut self, tree: &mut Yaml) {
        if let Some((name, value)) = self.first(&["OTEL_SDK_DISABLED"]) {
            self.set(tree, "", &["tracing", "enabled"], name, Yaml::Bool(!value.trim().eq_ignore_ascii_case("true")));
        }
        if let Some((name, value)) = self.first(&["TRACE_SAMPLE_RATE"]) {
            self.set(tree, "", &["tracing", "sample_rate"], name, scalar(&value));
        } else if let Some((name, sampler)) = self.first(&["OTEL_TRACES_SAMPLER"]) {
            let rate = match sampler.trim().trim_start_matches("parentbased_") {
                "always_on" => Some(Yaml::Int(1)),
                "always_off" => Some(Yaml::Int(0)),
                "traceidratio" => {
                    Some(self.first(&["OTEL_TRACES_SAMPLER_ARG"]).map_or(Yaml::Int(1), |(_, rate)| scalar(&rate)))
                }
                _ => None,
            };
            match rate {
                Some(rate) => self.set(tree, "", &["tracing", "sample_rate"], name, rate),
                None => {
                    self.pass_over("tracing.sample_rate", format!("{name} names `{sampler}`, which we do not have"))
                }
            }
        }
        let Some((name, list)) = self.first(&["OTEL_PROPAGATORS"]) else { return };
        let mut formats = Vec::new();
        for word in words(&list).filter(|word| *word != "none") {
            match FORMATS.iter().any(|(known, _)| *known == word) {
                true if formats.contains(&Yaml::Text(word.to_owned())) => {}
                true => formats.push(Yaml::Text(word.to_owned())),
                false => self.pass_over("tracing.propagation", format!("{name} names `{word}`, which we do not have")),
            }
        }
        self.set(tree, "", &["tracing", "propagation"], name, Yaml::List(formats));
    }
}

/// A number or a flag where the text is one.
fn scalar(text: &str) -> Yaml {
    Yaml::parse(text).ok().filter(|value| value.plain().is_some()).unwrap_or_else(|| Yaml::Text(text.to_owned()))
}

/// Milliseconds as a duration.
fn millis(text: &str) -> Yaml {
    Yaml::Text(format!("{}ms", text.trim()))
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// `key=value,…` with percent-encoded values, as OpenTelemetry writes attributes and headers.
fn pairs(list: &str) -> Vec<(String, String)> {
    let pair = |word: &str| {
        let (key, value) = word.split_once('=')?;
        Some((key.trim().to_owned(), percent_decode_str(value.trim()).decode_utf8_lossy().into_owned()))
    };
    words(list).filter_map(pair).collect()
}
