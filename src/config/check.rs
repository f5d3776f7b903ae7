//! What `outrider check` says about a file. What rules and channels have to say is for those who make them.

use std::fmt::Write;
use std::path::Path;

use super::{Config, Env, Errors, Missing, load_with, print_duration};

/// Reads the file at `path` as a start would. With `fetch` off, secrets need not be there: for a place that has the file
/// and not the secrets.
pub fn read(path: &Path, env: Env<'_>, fetch: bool) -> Result<Config, Errors> {
    load_with(path, Missing::Fault, env, fetch)
}

/// A few lines on what a config does, and a line for each of its notices.
pub fn summary(config: &Config) -> String {
    let mut text = String::new();
    let listen: Vec<_> = config.ingress.listen.iter().map(ToString::to_string).collect();
    let scheme = if config.ingress.gateway.tls.is_some() { "https://" } else { "" };
    let names = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let lines = [
        ("service", format!("{} ({})", config.service, config.environment)),
        ("ingress", format!("{} -> {scheme}{}", listen.join(", "), config.ingress.gateway.at)),
        ("services", names(config.services.iter().map(|service| &*service.name).collect())),
        ("admin", config.admin.listen.to_string()),
        ("metrics", format!("{} profile", words(&config.metrics.profile))),
        ("history", format!("{} in {} bytes", print_duration(config.history.retention), config.history.memory)),
        ("exporters", names(config.tracing.exporters.iter().map(|exporter| exporter.target.kind()).collect())),
        ("channels", names(config.alerting.channels.iter().map(|channel| &*channel.name).collect())),
        ("sha256", config.source.hash.clone()),
    ];
    for (name, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<10} {value}");
    }
    for notice in &config.source.notices {
        let _ = writeln!(text, "note: {notice}");
    }
    text
}

/// A choice as it is written in the file.
fn words(choice: &impl serde::Serialize) -> String {
    serde_json::to_value(choice).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
