//! What is to be injected: what the command says for all, and what a pod's annotations say for itself.

use super::annotation as is;
use crate::config::{self, Config, Errors, Missing};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// What holds for every pod that says nothing else.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// The sidecar's image.
    pub image: String,
    /// One that can program the kernel's rules.
    pub redirect_image: String,
    /// As an ordinary container, where clusters know no native sidecars.
    pub plain: bool,
    /// The configuration that the ConfigMap holds, where it is known: what it sets, the manifests follow.
    pub config: Option<PathBuf>,
}

/// What a pod asks for.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    /// `Some` where it says so itself.
    pub(super) inject: Option<bool>,
    pub(super) container: Option<String>,
    pub(super) gateway_port: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) admin_port: Option<u16>,
    pub(super) image: String,
    pub(super) service: Option<String>,
    /// The ConfigMap.
    pub(super) config: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) merge: Merge,
    pub(super) redirect: Redirect,
    pub(super) redirect_image: String,
    pub(super) exclude: Vec<IpNet>,
    pub(super) user: Option<User>,
    pub(super) share: bool,
    pub(super) cpu: Range,
    pub(super) memory: Range,
}

/// The gateway's own metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Merge {
    /// Where its annotations say they are.
    AsAnnotated,
    Off,
    Url(String),
}

/// What the kernel leads to the sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Redirect {
    pub(super) ingress: bool,
    pub(super) egress: bool,
}

/// Whom the sidecar runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    Id(u32),
    /// Whomever the cluster chooses.
    Any,
}

/// A resource, as quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) request: Option<String>,
    pub(super) limit: Option<String>,
}

impl Redirect {
    /// Whether anything is.
    pub(super) fn any(self) -> bool {
        self.ingress || self.egress
    }
}

/// What `config` says, or nothing, with the variables that a sidecar gets. It is read as the sidecar will read it.
pub(super) fn settle(defaults: &Defaults, variables: &[(&str, String)]) -> Result<Config, Errors> {
    let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    match &defaults.config {
        Some(path) => config::load_without_secrets(path, Missing::Fault, &env),
        None => config::parse("", std::path::Path::new(""), &env),
    }
}

impl Wishes {
    /// Reads a pod's annotations; every fault names one.
    pub(super) fn read(annotations: Option<&Map<String, Value>>, defaults: &Defaults) -> Result<Self, Vec<String>> {
        let mut reading = Reading { annotations, faults: Vec::new() };
        reading.strangers();
        let wishes = Self {
            inject: reading.word(is::INJECT, &[("enabled", true), ("disabled", false)]),
            container: reading.text(is::CONTAINER),
            gateway_port: reading.text(is::GATEWAY_PORT),
            port: reading.port(is::PORT),
            admin_port: reading.port(is::ADMIN_PORT),
            image: reading.text(is::IMAGE).unwrap_or_else(|| defaults.image.clone()),
            service: reading.text(is::SERVICE),
            config: Some(reading.text(is::CONFIG).unwrap_or_else(|| "outrider".to_owned()))
                .filter(|name| name != "none"),
            secret: reading.text(is::SECRET),
            merge: reading.merge(),
            redirect: reading.redirect(),
            redirect_image: reading.text(is::REDIRECT_IMAGE).unwrap_or_else(|| defaults.redirect_image.clone()),
            exclude: reading.networks(),
            user: reading.user(),
            share: reading.word(is::SHARE, &[("true", true), ("false", false)]).unwrap_or(false),
            cpu: reading.range((is::CPU_REQUEST, "50m"), (is::CPU_LIMIT, None)),
            memory: reading.range((is::MEMORY_REQUEST, "64Mi"), (is::MEMORY_LIMIT, Some("256Mi"))),
        };
        if reading.faults.is_empty() { Ok(wishes) } else { Err(reading.faults) }
    }
}

struct Reading<'a> {
    annotations: Option<&'a Map<String, Value>>,
    faults: Vec<String>,
}

impl Reading<'_> {
    /// Annotations that begin as ours do and are none of ours.
    fn strangers(&mut self) {
        let keys = self.annotations.into_iter().flat_map(Map::keys);
        for key in keys.filter(|key| key.starts_with(is::PREFIX) && *key != is::ORIGINAL) {
            let name = &key[is::PREFIX.len()..];
            if is::TABLE.iter().any(|known| known.name == name) {
                continue;
            }
            let near = is::TABLE.iter().map(|known| (strsim::damerau_levenshtein(name, known.name), known.name)).min();
            let advice = match near {
                Some((distance, near)) if distance <= 3 => format!("; did you mean `{}`?", is::key(near)),
                _ => String::new(),
            };
            self.faults.push(format!("{key}: is no annotation of Outrider{advice}"));
        }
    }

    fn fault(&mut self, name: &str, message: impl Display) {
        self.faults.push(format!("{}: {message}", is::key(name)));
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.annotations?.get(&is::key(name))? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::String(_) => {
                self.fault(name, "is empty");
                None
            }
            other => {
                self.fault(name, format_args!("an annotation is text: write \"{other}\" in quotes"));
                None
            }
        }
    }

    fn parse<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(name, format_args!("expected {what}, found `{text}`"));
        }
        parsed
    }

    fn port(&mut self, name: &str) -> Option<u16> {
        self.parse::<std::num::NonZeroU16>(name, "a port from 1 to 65535").map(Into::into)
    }

    fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(name, format_args!("expected one of {}, found `{text}`", words.join(", ")));
        }
        found
    }

    fn merge(&mut self) -> Merge {
        match self.text(is::MERGE).as_deref() {
            None => Merge::AsAnnotated,
            Some("off") => Merge::Off,
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => Merge::Url(url.to_owned()),
            Some(other) => {
                self.fault(
                    is::MERGE,
                    format_args!("expected `off` or a URL such as http://127.0.0.1:8000/metrics, found `{other}`"),
                );
                Merge::Off
            }
        }
    }

    fn redirect(&mut self) -> Redirect {
        let to = |ingress, egress| Redirect { ingress, egress };
        let words = [
            ("off", to(false, false)),
            ("ingress", to(true, false)),
            ("egress", to(false, true)),
            ("both", to(true, true)),
        ];
        self.word(is::REDIRECT, &words).unwrap_or_default()
    }

    fn networks(&mut self) -> Vec<IpNet> {
        let Some(text) = self.text(is::EXCLUDE) else { return Vec::new() };
        let mut networks = Vec::new();
        for word in text.split(',').map(str::trim) {
            match word.parse() {
                Ok(network) => networks.push(network),
                Err(_) => self.fault(is::EXCLUDE, format_args!("expected networks such as 10.0.0.0/8, found `{word}`")),
            }
        }
        networks
    }

    fn user(&mut self) -> Option<User> {
        if self.annotations?.get(&is::key(is::USER)).is_some_and(|user| user == "any") {
            return Some(User::Any);
        }
        let id = self.parse(is::USER, "a user's number, or `any`")?;
        if id == 0 {
            self.fault(is::USER, "the sidecar needs no root: choose another user");
        }
        Some(User::Id(id))
    }

    /// A default does not stand beside what a pod says: a request may not be above its limit.
    fn range(&mut self, request: (&str, &str), limit: (&str, Option<&str>)) -> Range {
        match (self.quantity(request.0), self.quantity(limit.0)) {
            (None, None) => Range { request: Some(request.1.to_owned()), limit: limit.1.map(str::to_owned) },
            (request, limit) => Range { request, limit },
        }
    }

    /// Quantities are looked at as far as a slip of the hand goes; the API server knows them whole.
    fn quantity(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let units = ["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"];
        if digits.parse::<f64>().is_err() || !units.contains(&&text[digits.len()..]) {
            self.fault(name, format_args!("expected a quantity such as 100m or 128Mi, found `{text}`"));
            return None;
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(annotations: Value) -> Result<Wishes, Vec<String>> {
        let defaults = Defaults { image: "i".to_owned(), redirect_image: "r".to_owned(), plain: false, config: None };
        Wishes::read(annotations.as_object(), &defaults)
    }

    #[test]
    fn a_pod_that_says_nothing_gets_the_defaults() {
        let wishes = read(json!({ "other/port": "x" })).expect("nothing of ours");
        assert_eq!((wishes.inject, &*wishes.image, wishes.config.as_deref()), (None, "i", Some("outrider")));
        assert_eq!(wishes.merge, Merge::AsAnnotated);
        assert!(!wishes.redirect.any() && !wishes.share);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = read(json!({
            "outrider.dev/injekt": "enabled", "outrider.dev/port": "http", "outrider.dev/admin-port": 9600,
            "outrider.dev/redirect": "yes", "outrider.dev/redirect-exclude": "10.0.0.0/8, here", "outrider.dev/merge": "/metrics",
            "outrider.dev/run-as-user": "0", "outrider.dev/memory-limit": "12MB", "outrider.dev/image": " ",
        }));
        let expected = [
            "outrider.dev/injekt: is no annotation of Outrider; did you mean `outrider.dev/inject`?",
            "outrider.dev/port: expected a port from 1 to 65535, found `http`",
            "outrider.dev/admin-port: an annotation is text: write \"9600\" in quotes",
            "outrider.dev/image: is empty",
            "outrider.dev/merge: expected `off` or a URL such as http://127.0.0.1:8000/metrics, found `/metrics`",
            "outrider.dev/redirect: expected one of off, ingress, egress, both, found `yes`",
            "outrider.dev/redirect-exclude: expected networks such as 10.0.0.0/8, found `here`",
            "outrider.dev/run-as-user: the sidecar needs no root: choose another user",
            "outrider.dev/memory-limit: expected a quantity such as 100m or 128Mi, found `12MB`",
        ];
        assert_eq!(faults.err(), Some(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_the_sidecar_will_read_is_what_is_settled() {
        let defaults = Defaults { image: String::new(), redirect_image: String::new(), plain: false, config: None };
        let config = settle(&defaults, &[("OUTRIDER_INGRESS_LISTEN", "0.0.0.0:15080".to_owned())]).expect("valid");
        assert_eq!(config.ingress.listen[0].port(), 15080);
    }
}
