//! `outrider redirect`: the rules by which the kernel leads connections to `egress.redirect` and `ingress.redirect`. Printed as a
//! script, or installed and taken away: in a pod that is an init container's job, which has the right to (`NET_ADMIN`).
//!
//! - `script`: the rules as commands

mod script;

use super::Source;
use crate::config;
use crate::reload::environment;
use anyhow::{Context as _, Result, bail, ensure};
use ipnet::IpNet;
use script::{Plan, Step};
use std::io::Write;
use std::process::{Command, Stdio};

/// Print, install or remove the kernel's rules that redirect connections to us.
#[derive(clap::Args)]
pub(super) struct Redirect {
    /// The configuration that has `egress.redirect` or `ingress.redirect`.
    #[command(flatten)]
    source: Source,
    /// The user that Outrider runs as: its own connections are not redirected.
    #[arg(long)]
    uid: u32,
    /// What rules are written for; without it, what is installed.
    #[arg(long)]
    backend: Option<Backend>,
    /// Networks that the gateway reaches directly.
    #[arg(long, value_name = "NETWORK")]
    exclude: Vec<IpNet>,
    /// Install the rules, in the place of earlier ones.
    #[arg(long, conflicts_with = "remove")]
    apply: bool,
    /// Take the rules away.
    #[arg(long)]
    remove: bool,
}

/// What programs rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Backend {
    Nftables,
    Iptables,
}

pub(super) fn run(args: &Redirect) -> Result<()> {
    // Secrets are not ours to read here: the init container has none.
    let config = config::load_without_secrets(&args.source.config, args.source.missing(), &environment)?;
    let plan = Plan {
        uid: args.uid,
        egress: config.egress.redirect.map(|address| address.port()),
        ingress: config.ingress.redirect.map(|address| (config.ingress.gateway.at.port, address.port())),
        exclude: args.exclude.clone(),
    };
    let nothing = plan.egress.is_none() && plan.ingress.is_none();
    ensure!(
        !nothing || args.remove,
        "{}: neither egress.redirect nor ingress.redirect is set",
        args.source.config.display()
    );
    let backend = args.backend.unwrap_or_else(|| match installed("nft") {
        true => Backend::Nftables,
        false => Backend::Iptables,
    });
    let steps = if args.remove { plan.removal(backend) } else { plan.installation(backend) };
    if !args.apply && !args.remove {
        return super::say(&script::print(&steps));
    }
    steps.iter().try_for_each(carry_out)
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn carry_out(step: &Step) -> Result<()> {
    // A kernel without IPv6 has nothing of it to redirect.
    if step.is_ipv6() && !std::path::Path::new("/proc/net/if_inet6").exists() {
        return Ok(());
    }
    if let Some(check) = &step.unless
        && execute(&step.program, check, None)?.0
    {
        return Ok(());
    }
    match execute(&step.program, &step.arguments, step.input.as_deref())? {
        (false, said) if !step.may_fail => bail!("{} {}: {said}", step.program, step.arguments.join(" ")),
        _ => Ok(()),
    }
}

fn execute(program: &str, arguments: &[String], input: Option<&str>) -> Result<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started; is it installed?"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.unwrap_or_default().as_bytes())?;
    }
    let output = child.wait_with_output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
