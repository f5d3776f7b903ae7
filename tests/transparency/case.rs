//! A case: what a client and an origin say to each other, as a text that a person can read.
//!
//! ```text
//! # Why the case is here.
//! client sends
//! | GET / HTTP/1.1
//! | Host: a
//! |
//! origin receives
//! origin sends
//! | HTTP/1.1 204 No Content
//! |
//! client receives
//! metrics
//! | http_requests_total{method="GET",endpoint="/",status_code="204"} 1
//! ```
//!
//! A line after `|` ends with CR LF, unless a `\` ends it; `\r \n \t \0 \\ \xFF` are bytes; `|*80 X-{n}: {n}` is 80 lines.
//! `receives` without bytes stands for all that the other side has sent and this one has not read yet.
//! Each `sends` is a segment of its own: the next step begins when the other program has read it. The steps are:
//!
//! | `client` or `origin` … | |
//! |---|---|
//! | `sends`, `receives` | exactly these bytes |
//! | `receives when edited` | what arrives where the road may edit; directly it is what was sent |
//! | `starts sending`, `is still sending` | bytes that the other side does not read for now |
//! | `ends`, `sees the end` | half-close: no more bytes this way |
//! | `closes`, `resets`, `sees a reset` | both ways are over, in order or not |
//!
//! Between `road sleeps` and `road wakes` everything waits in the kernel, so that the road finds it all at once.
//! `with forwarded_for: append` turns that edit on; `with whole segments` keeps the case from the run in which every byte
//! comes alone, where that run would rightly arrive as something else. Under `metrics`, every family that is named is stated whole:
//! its other series are at zero, and `NAME none` says that all are.

use std::collections::BTreeMap;

/// One end of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Origin,
}

/// One line of a case, with the bytes under it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Sends(Side, Vec<u8>),
    StartsSending(Side, Vec<u8>),
    IsStillSending(Side),
    /// `None`: all that the other side has sent.
    Receives(Side, Option<Vec<u8>>),
    ReceivesWhenEdited(Side, Vec<u8>),
    Ends(Side),
    SeesTheEnd(Side),
    Closes(Side),
    Resets(Side),
    SeesAReset(Side),
    RoadSleeps,
    RoadWakes,
}

/// A whole case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `append` when the case is about that edit, else `off`.
    pub forwarded_for: &'static str,
    /// Whether the case holds byte by byte too.
    pub may_be_split: bool,
    /// Steps with the line they stand on.
    pub steps: Vec<(usize, Step)>,
    /// Family → its series that are not zero.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Case {
    /// Reads a case; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut case = Self { forwarded_for: "off", may_be_split: true, steps: Vec::new(), metrics: BTreeMap::new() };
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let at = |error: String| format!("line {}: {error}", index + 1);
            let mut block = Vec::new();
            while let Some((_, data)) = lines.next_if(|(_, line)| line.starts_with('|')) {
                block.push(data);
            }
            match line.trim_end() {
                "" => {}
                comment if comment.starts_with('#') => {}
                "with forwarded_for: append" => case.forwarded_for = "append",
                "with whole segments" => case.may_be_split = false,
                "metrics" => case.read_metrics(&block).map_err(at)?,
                step => case.steps.push((index + 1, read_step(step, &block).map_err(at)?)),
            }
        }
        if case.steps.is_empty() { Err("the case has no step".into()) } else { Ok(case) }
    }

    fn read_metrics(&mut self, block: &[&str]) -> Result<(), String> {
        for line in block {
            let line = line[1..].trim();
            if let Some(family) = line.strip_suffix(" none") {
                self.metrics.entry(family.into()).or_default();
                continue;
            }
            let (series, value) = crate::harness::exposition::sample(line);
            let family = series.split('{').next().unwrap_or_default().to_owned();
            self.metrics.entry(family).or_default().insert(series, value);
        }
        Ok(())
    }
}

fn read_step(line: &str, block: &[&str]) -> Result<Step, String> {
    let (side, verb) = match line.split_once(' ') {
        Some(("road", "sleeps")) if block.is_empty() => return Ok(Step::RoadSleeps),
        Some(("road", "wakes")) if block.is_empty() => return Ok(Step::RoadWakes),
        Some(("client", verb)) => (Side::Client, verb),
        Some(("origin", verb)) => (Side::Origin, verb),
        _ => return Err(format!("neither client nor origin: {line}")),
    };
    let bytes = (!block.is_empty()).then(|| read_block(block)).transpose()?;
    match (verb, bytes) {
        ("sends", Some(bytes)) => Ok(Step::Sends(side, bytes)),
        ("starts sending", Some(bytes)) => Ok(Step::StartsSending(side, bytes)),
        ("receives", bytes) => Ok(Step::Receives(side, bytes)),
        ("receives when edited", Some(bytes)) => Ok(Step::ReceivesWhenEdited(side, bytes)),
        ("is still sending", None) => Ok(Step::IsStillSending(side)),
        ("ends", None) => Ok(Step::Ends(side)),
        ("sees the end", None) => Ok(Step::SeesTheEnd(side)),
        ("closes", None) => Ok(Step::Closes(side)),
        ("resets", None) => Ok(Step::Resets(side)),
        ("sees a reset", None) => Ok(Step::SeesAReset(side)),
        (verb, Some(_)) => Err(format!("no step `{verb}` with bytes")),
        (verb, None) => Err(format!("no step `{verb}` without bytes")),
    }
}

fn read_block(block: &[&str]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in block {
        let line = &line[1..];
        let (times, line) = match line.strip_prefix('*').map(|rest| rest.split_once(' ').unwrap_or((rest, ""))) {
            Some((count, rest)) => (count.parse().map_err(|_| format!("no count: {line}"))?, rest),
            None => (1, line.strip_prefix(' ').unwrap_or(line)),
        };
        if !line.contains("{n}") {
            let mut once = Vec::new();
            read_line(line, &mut once)?;
            bytes.extend(once.repeat(times));
            continue;
        }
        for n in 0..times {
            read_line(&line.replace("{n}", &n.to_string()), &mut bytes)?;
        }
    }
    Ok(bytes)
}

fn read_line(line: &str, bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut rest = line.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, used) = match rest {
            [] => return Ok(()),
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'0', ..] => (0, 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => (hex(*high, *low).ok_or_else(|| format!("no hex digits: {line}"))?, 3),
            _ => return Err(format!("no such escape: {line}")),
        };
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes.extend_from_slice(b"\r\n");
    Ok(())
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[test]
fn lines_end_with_cr_lf_unless_a_backslash_ends_them() {
    let case = Case::parse("client sends\n| a\n|\n| b\\x00\\\\\\r\\\n|*2 c{n}\\").expect("a case");
    assert_eq!(case.steps, [(1, Step::Sends(Side::Client, b"a\r\n\r\nb\0\\\rc0c1".to_vec()))]);
}

#[test]
fn a_misspelt_step_is_an_error_with_its_line() {
    assert_eq!(Case::parse("# x\nclient sneds\n| a"), Err("line 2: no step `sneds` with bytes".into()));
    assert_eq!(Case::parse("server sends\n| a"), Err("line 1: neither client nor origin: server sends".into()));
    assert_eq!(Case::parse("client sends"), Err("line 1: no step `sends` without bytes".into()));
}
