//! `outrider rules`: what the author of rules works with.

use super::agent::{Agent, Failed};
use super::say;
use crate::alert::rule::{Context, Group, RuleSet, file};
use crate::alert::workbench::export::{Shape, export};
use crate::alert::workbench::{backtest, check, unit};
use crate::base::Labels;
use crate::base::duration::parse_duration;
use crate::config::{self, Config, print_duration};
use crate::history::{History, HistoryMetrics, Limits as Kept, recorded};
use crate::promql::{Limits, Memory, Options, Series};
use crate::reload::environment;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Work with alerting and recording rules.
#[derive(Subcommand)]
pub(super) enum Rules {
    /// Tell everything that is wrong with rules.
    Check {
        /// Prometheus rule files; without any, the rules of the configuration are checked.
        files: Vec<PathBuf>,
        /// The configuration whose rules are checked.
        #[arg(long, short)]
        config: Option<PathBuf>,
    },
    /// Run unit tests of rules, in the format of `promtool test rules`.
    Test {
        /// The files of tests.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A configuration whose rules are tested too, beside the rule files that a test names.
        #[arg(long, short)]
        config: Option<PathBuf>,
    },
    /// Write the rules of a configuration for a Prometheus.
    Export(Export),
    /// Tell what would have fired over the past that an agent remembers, or that was recorded.
    Backtest(Backtest),
}

#[derive(Args)]
pub(super) struct Export {
    /// The configuration.
    #[arg(long, short, default_value = "agent.yaml")]
    config: PathBuf,
    /// What is written.
    #[arg(long, value_enum, default_value_t = Kind::File)]
    kind: Kind,
    /// The name of the Kubernetes object.
    #[arg(long, default_value = "outrider")]
    name: String,
    /// The namespace of the Kubernetes object.
    #[arg(long)]
    namespace: Option<String>,
    /// Labels that tell gateways apart where one Prometheus scrapes several, such as job.
    #[arg(long, value_delimiter = ',')]
    by: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A Prometheus rule file.
    File,
    /// A Kubernetes object of the Prometheus operator.
    #[value(name = "PrometheusRule")]
    PrometheusRule,
}

#[derive(Args)]
pub(super) struct Backtest {
    /// The past: an agent's history file (`history.path`), or a text with OpenMetrics samples and their times. Without
    /// it, the agent at `--admin` is asked for what it remembers.
    #[arg(long)]
    from: Option<PathBuf>,
    #[command(flatten)]
    agent: Agent,
    /// The configuration whose rules are evaluated.
    #[arg(long, short, default_value = "agent.yaml")]
    config: PathBuf,
    /// Rule files to evaluate instead.
    #[arg(long)]
    rules: Vec<PathBuf>,
    /// How much of the past, back from its end; all of it when not set.
    #[arg(long, value_parser = milliseconds)]
    since: Option<i64>,
    /// Between two evaluations; the configuration's `alerting.interval`, or 30s, when not set.
    #[arg(long, value_parser = milliseconds)]
    step: Option<i64>,
}

fn milliseconds(text: &str) -> Result<i64, String> {
    match parse_duration(text) {
        Some(millis) if millis > 0 => Ok(millis),
        _ => Err("expected a duration such as 30s or 24h".into()),
    }
}

/// Runs the command.
pub(super) fn rules(command: &Rules) -> Result<()> {
    match command {
        Rules::Check { files, config } => check_all(files, config.as_deref()),
        Rules::Test { files, config } => test_all(files, config.as_deref()),
        Rules::Export(args) => export_all(args),
        Rules::Backtest(args) => test_back(args),
    }
}

fn check_all(files: &[PathBuf], config: Option<&Path>) -> Result<()> {
    let default = files.is_empty().then_some(Path::new("agent.yaml"));
    let mut bad = 0;
    if let Some(path) = config.or(default) {
        let set = set(&load(path)?, path, &[])?;
        say(&format!("Checking {}\n", path.display()))?;
        for group in set.groups() {
            say(&format!("  {}: {} rules found\n", group.name, group.rules.len()))?;
        }
        for warning in check::duplicates(set.groups()) {
            say(&format!("  WARNING: {warning}\n"))?;
        }
    }
    for path in files {
        let checked = check::file(path);
        bad += usize::from(checked.result.is_err());
        say(&checked.to_string())?;
    }
    verdict(bad, "rule file")
}

fn test_all(files: &[PathBuf], config: Option<&Path>) -> Result<()> {
    let more = match config {
        Some(path) => set(&load(path)?, path, &[])?.groups().to_vec(),
        None => Vec::new(),
    };
    let mut bad = 0;
    for path in files {
        let verdict = unit::run(path, &more);
        bad += usize::from(!verdict.failures.is_empty());
        say(&format!("{verdict}\n"))?;
    }
    verdict(bad, "test file")
}

fn verdict(bad: usize, what: &str) -> Result<()> {
    match bad {
        0 => Ok(()),
        1 => Err(Failed(format!("1 {what} failed")).into()),
        _ => Err(Failed(format!("{bad} {what}s failed")).into()),
    }
}

#[allow(clippy::print_stderr)]
fn export_all(args: &Export) -> Result<()> {
    let set = set(&load(&args.config)?, &args.config, &args.by)?;
    let shape = match args.kind {
        Kind::File => Shape::RuleFile,
        Kind::PrometheusRule => Shape::PrometheusRule { name: args.name.clone(), namespace: args.namespace.clone() },
    };
    let export = export(set.groups(), &shape);
    // Not on standard output: that is the file.
    export.lost.iter().for_each(|lost| eprintln!("outrider: {lost}"));
    say(&export.text)
}

fn test_back(args: &Backtest) -> Result<()> {
    let (groups, interval) = match args.rules.is_empty() {
        true => {
            let config = load(&args.config)?;
            let interval = i64::try_from(config.alerting.interval.as_millis()).unwrap_or(i64::MAX);
            (set(&config, &args.config, &[])?.groups().to_vec(), interval)
        }
        false => (from_files(&args.rules)?, 30_000),
    };
    let (past, oldest, newest) = past(args)?;
    if let Some(since) = args.since.filter(|since| newest - since < oldest) {
        let (asked, there) = (duration(since), duration((newest - oldest) / 1_000 * 1_000));
        say(&format!("The past of {asked} was asked for, and there are {there} of it.\n"))?;
    }
    let range = backtest::Range {
        warm: oldest,
        from: args.since.map_or(oldest, |since| (newest - since).max(oldest)),
        to: newest,
        step: args.step.unwrap_or(interval),
    };
    let context = Context {
        external_labels: &Labels::empty(),
        external_url: "",
        limits: Limits::default(),
        options: Options::default(),
    };
    say(&backtest::run(&groups, &*past, range, context).to_string())
}

fn from_files(paths: &[PathBuf]) -> Result<Vec<Group>> {
    let (mut groups, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        match file::load(path) {
            Ok(more) => groups.extend(more),
            Err(more) => faults.extend(more),
        }
    }
    if !faults.is_empty() {
        return Err(told(&faults));
    }
    Ok(RuleSet::new(groups).groups().to_vec())
}

fn duration(millis: i64) -> String {
    print_duration(Duration::from_millis(millis.unsigned_abs()))
}

/// What was recorded, and its oldest and newest time.
fn past(args: &Backtest) -> Result<(Box<dyn Series>, i64, i64)> {
    let (origin, bytes) = match &args.from {
        Some(path) => {
            let origin = path.display().to_string();
            let bytes = std::fs::read(path).with_context(|| origin.clone())?;
            (origin, bytes)
        }
        None => ("the agent".to_owned(), args.agent.bytes(Method::GET, "/api/v1/history", &[])?),
    };
    let found: (Box<dyn Series>, Option<i64>, Option<i64>) = match str::from_utf8(&bytes) {
        Ok(text) if !text.starts_with(History::MAGIC) => {
            let memory = recorded::read(text).map_err(|error| Failed(format!("{origin}: {error}")))?;
            let (oldest, newest) = ends(&memory);
            (Box::new(memory), oldest, newest)
        }
        _ => {
            let everything = Kept { budget: usize::MAX / 2, retention: i64::MAX };
            let history = History::new(everything, HistoryMetrics::register(&crate::metrics::Registry::new())?);
            history.restore(&bytes).map_err(|error| Failed(format!("{origin}: {error}")))?;
            let stats = history.stats();
            (Box::new(history), stats.oldest, stats.newest)
        }
    };
    match found {
        (past, Some(oldest), Some(newest)) => Ok((past, oldest, newest)),
        _ => bail!(Failed(format!("{origin}: there is no sample in it"))),
    }
}

fn ends(memory: &Memory) -> (Option<i64>, Option<i64>) {
    let firsts = memory.series().iter().filter_map(|series| series.samples.first());
    let lasts = memory.series().iter().filter_map(|series| series.samples.last());
    (firsts.map(|sample| sample.t).min(), lasts.map(|sample| sample.t).max())
}

fn load(path: &Path) -> Result<Config> {
    Ok(config::load(path, config::Missing::Fault, &environment)?)
}

fn set(config: &Config, path: &Path, by: &[String]) -> Result<RuleSet> {
    RuleSet::load(config, by, &path.display().to_string()).map_err(|faults| told(&faults))
}

/// All faults, a line each.
fn told(faults: &[crate::alert::rule::RuleError]) -> anyhow::Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    Failed(format!("the rules have {count}\n{}", lines.join("\n"))).into()
}
