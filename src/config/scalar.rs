//! Single values: text, flags, numbers, choices, addresses, names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::read::nearest;
use super::yaml::Yaml;

/// Text that is not empty.
pub(super) fn text(value: &Yaml) -> Result<String, String> {
    match value {
        Yaml::Text(text) if text.trim().is_empty() => Err("must not be empty".to_owned()),
        Yaml::Text(text) => Ok(text.clone()),
        Yaml::Bool(_) | Yaml::Int(_) | Yaml::Float(_) => {
            Err(format!("expected text, found {}; put it in quotes if it is meant as text", value.kind()))
        }
        other => Err(format!("expected text, found {}", other.kind())),
    }
}

/// `true` or `false`.
pub(super) fn flag(value: &Yaml) -> Result<bool, String> {
    match value {
        Yaml::Bool(value) => Ok(*value),
        other => Err(format!("expected true or false, found {}", other.kind())),
    }
}

/// A whole number within `range`.
pub(super) fn whole(range: RangeInclusive<usize>) -> impl Fn(&Yaml) -> Result<usize, String> {
    move |value| {
        let (low, high) = (*range.start(), *range.end());
        match value {
            Yaml::Int(number) => usize::try_from(*number).ok().filter(|number| range.contains(number)),
            _ => None,
        }
        .ok_or_else(|| format!("expected a whole number from {low} to {high}, found {}", value.kind()))
    }
}

/// A whole number from 1 to `high`.
pub(super) fn positive(high: usize) -> impl Fn(&Yaml) -> Result<NonZeroUsize, String> {
    move |value| whole(1..=high)(value).and_then(|number| NonZeroUsize::new(number).ok_or_else(|| "is 0".to_owned()))
}

/// A finite number within `range`.
pub(super) fn number(range: RangeInclusive<f64>) -> impl Fn(&Yaml) -> Result<f64, String> {
    move |value| {
        let (low, high) = (*range.start(), *range.end());
        match value {
            Yaml::Int(number) => Some(*number as f64),
            Yaml::Float(number) => Some(*number),
            _ => None,
        }
        .filter(|number| range.contains(number))
        .ok_or_else(|| match high {
            f64::MAX => format!("expected a number of at least {low}, found {}", value.kind()),
            _ => format!("expected a number from {low} to {high}, found {}", value.kind()),
        })
    }
}

/// One of a few words.
pub(super) fn one_of<T: Clone>(choices: &[(&'static str, T)]) -> impl Fn(&Yaml) -> Result<T, String> {
    move |value| {
        let word = match value {
            Yaml::Text(word) => word,
            _ => "",
        };
        choices.iter().find(|(name, _)| *name == word).map(|(_, choice)| choice.clone()).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let hint = nearest(word, &names).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("expected one of {}, found {}{hint}", names.join(", "), value.kind())
        })
    }
}

/// An address to listen on: `0.0.0.0:8080`, `[::]:8080`, `:8080` (all addresses), `localhost:8080`.
pub(super) fn address(value: &Yaml) -> Result<SocketAddr, String> {
    let wrong = || format!("expected an address and a port such as 0.0.0.0:8080, found {}", value.kind());
    let Yaml::Text(text) = value else {
        return Err(match value {
            Yaml::Int(port @ 1..=65_535) => format!("expected an address and a port; write 0.0.0.0:{port}"),
            _ => wrong(),
        });
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse::<u16>().map_err(|_| wrong())?;
    match host {
        "" => Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        "localhost" => Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ => text.parse().map_err(|_| match host.contains(|c: char| c.is_ascii_alphabetic()) && !host.contains(':') {
            true => format!("a listener needs an IP address, not the name `{host}`"),
            false => wrong(),
        }),
    }
}

/// A label's name as Prometheus has it, without the names it keeps for itself.
pub(super) fn label_name(name: &str) -> Result<(), String> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name {
        _ if !name.starts_with(first) || !name.chars().all(rest) => {
            Err(format!("`{name}` is not a label name: letters, digits and _ only, no digit first"))
        }
        _ if name.starts_with("__") => Err(format!("`{name}` is not a label name: __ is kept for Prometheus itself")),
        _ => Ok(()),
    }
}

/// A metric's name that ends in `suffix`, as the convention for its kind has it.
pub(super) fn metric_name(suffix: &'static str) -> impl Fn(&Yaml) -> Result<String, String> {
    move |value| {
        let name = text(value)?;
        label_name(&name).map_err(|_| format!("`{name}` is not a metric name: letters, digits and _ only"))?;
        match name.strip_suffix(suffix) {
            Some(stem) if !stem.is_empty() => Ok(name),
            _ => Err(format!("`{name}` must end in {suffix}")),
        }
    }
}

/// A header's name, in lower case.
pub(super) fn header_name(value: &Yaml) -> Result<String, String> {
    let name = text(value)?;
    match hyper::header::HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => Ok(name.as_str().to_owned()),
        Err(_) => Err(format!("`{name}` is not a header name")),
    }
}

/// A path of a request, without a query.
pub(super) fn path(value: &Yaml) -> Result<String, String> {
    let path = text(value)?;
    match path.starts_with('/') && !path.contains(['?', '#']) && !path.contains(char::is_whitespace) {
        true => Ok(path),
        false => Err(format!("expected a path such as /health, found `{path}`")),
    }
}

/// A regular expression that compiles.
pub(super) fn regex(value: &Yaml) -> Result<String, String> {
    let expression = text(value)?;
    match regex::Regex::new(&expression) {
        Ok(_) => Ok(expression),
        Err(error) => Err(format!("is not a regular expression: {error}")),
    }
}

/// A network such as `10.0.0.0/8`, or one address.
pub(super) fn network(value: &Yaml) -> Result<IpNet, String> {
    let text = text(value)?;
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| format!("expected a network such as 10.0.0.0/8, found `{text}`"))?;
    match network.trunc() == network {
        true => Ok(network),
        false => Err(format!("`{text}` has bits beyond its prefix; write {}", network.trunc())),
    }
}
