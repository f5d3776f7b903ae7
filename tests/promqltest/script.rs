//! Prometheus' test scripts as data: `load`, `clear` and `eval` with what is expected of it.
//!
//! A command begins a block that an empty line ends; a line that begins with `#` is a comment.

use outrider::base::Labels;
use outrider::base::duration::parse_duration;
use outrider::promql::notation::{Item, parse_series};
use outrider::promql::number::parse_number;
use outrider::promql::quote::unquote;
use regex::Regex;

pub enum Command {
    Clear,
    Load(Load),
    Eval(Box<Eval>),
}

pub struct Load {
    /// Milliseconds between two items of a series; the first is at 0.
    pub interval: i64,
    pub series: Vec<(Labels, Vec<Item>)>,
    /// Classic histograms are loaded as native ones too.
    pub with_nhcb: bool,
}

pub struct Eval {
    pub line: usize,
    pub query: String,
    pub when: When,
    pub expect: Expect,
}

/// Unix milliseconds.
#[derive(Clone, Copy)]
pub enum When {
    Instant(i64),
    Range { start: i64, end: i64, step: i64 },
}

#[derive(Default)]
pub struct Expect {
    pub ordered: bool,
    pub fail: Option<Match>,
    pub warn: Vec<Match>,
    pub info: Vec<Match>,
    pub no_warn: bool,
    pub no_info: bool,
    /// Start, end and step of the samples of a range vector.
    pub range_vector: Option<(i64, i64, i64)>,
    pub scalar: Option<f64>,
    pub string: Option<String>,
    pub series: Vec<(Labels, Vec<Item>)>,
}

pub enum Match {
    Any,
    Exact(String),
    Pattern(Regex),
}

impl Match {
    pub fn accepts(&self, message: &str) -> bool {
        match self {
            Match::Any => true,
            // Some write the message in quotes.
            Match::Exact(text) => text == message || unquote(text).is_ok_and(|text| text == message),
            Match::Pattern(regex) => regex.is_match(message),
        }
    }

    pub fn describe(&self) -> String {
        match self {
            Match::Any => "anything".into(),
            Match::Exact(text) => format!("message {text:?}"),
            Match::Pattern(regex) => format!("pattern {:?}", regex.as_str()),
        }
    }
}

/// The commands of a script, or the line and what is wrong there.
pub fn parse(text: &str) -> Result<Vec<Command>, String> {
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim()).map(|l| if l.starts_with('#') { "" } else { l }).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let first = at;
        at += 1;
        let word = lines[first].split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let mut block = || {
            let start = at;
            at = lines[at..].iter().position(|line| line.is_empty()).map_or(lines.len(), |more| at + more);
            &lines[start..at]
        };
        let command = match word.as_str() {
            "" => continue,
            "clear" => Ok(Command::Clear),
            word if word.starts_with("load") => load(lines[first], block()).map(Command::Load),
            word if word.starts_with("eval") => {
                eval(first + 1, lines[first], block()).map(|e| Command::Eval(Box::new(e)))
            }
            _ => Err(format!("invalid command {:?}", lines[first])),
        };
        out.push(command.map_err(|message| format!("line {}: {message}", first + 1))?);
    }
    Ok(out)
}

fn load(head: &str, lines: &[&str]) -> Result<Load, String> {
    let captures = regex(r"^load(?:_(with_nhcb))?\s+(.+?)$").captures(head).ok_or("invalid load command")?;
    let interval = duration(&captures[2])?;
    if let Some(line) =
        lines.iter().find(|line| line.split_whitespace().next().is_some_and(|word| word.ends_with("@st")))
    {
        return Err(format!("start timestamps are not supported: {line}"));
    }
    let series = lines.iter().map(|line| series(line)).collect::<Result<_, _>>()?;
    Ok(Load { interval, series, with_nhcb: captures.get(1).is_some() })
}

fn eval(line: usize, head: &str, lines: &[&str]) -> Result<Eval, String> {
    let instant = regex(r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$");
    let range = regex(r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$");
    let (modifier, when, query) = if let Some(captures) = instant.captures(head) {
        let at = captures.get(2).ok_or("an instant evaluation needs a time: at <time>")?;
        (captures.get(1), When::Instant(duration(at.as_str())?), captures[3].to_owned())
    } else if let Some(captures) = range.captures(head) {
        let [start, end, step] = [2, 3, 4].map(|group| duration(&captures[group]));
        let (start, end, step) = (start?, end?, step?);
        if end < start {
            return Err("end timestamp is before start timestamp".into());
        }
        (captures.get(1), When::Range { start, end, step }, captures[5].to_owned())
    } else {
        return Err("invalid evaluation command: expected eval instant at <time> <query>, or \
                    eval range from <start> to <end> step <step> <query>"
            .into());
    };
    let mut expect = Expect::default();
    match modifier.map(|modifier| modifier.as_str()) {
        Some("fail") => expect.fail = Some(Match::Any),
        Some("warn") => expect.warn.push(Match::Any),
        Some("info") => expect.info.push(Match::Any),
        Some(_) => expect.ordered = true,
        None => {}
    }
    for line in lines {
        expectation(line, &mut expect)?;
    }
    check(&expect, when)?;
    Ok(Eval { line, query, when, expect })
}

fn expectation(line: &str, expect: &mut Expect) -> Result<(), String> {
    if let Some(message) = line.strip_prefix("expected_fail_message") {
        expect.fail = Some(Match::Exact(message.trim().to_owned()));
    } else if let Some(pattern) = line.strip_prefix("expected_fail_regexp") {
        expect.fail = Some(Match::Pattern(pattern_of(pattern)?));
    } else if line.starts_with("expect range vector") {
        let captures = regex(r"^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$").captures(line);
        let captures = captures.ok_or_else(|| format!("invalid range vector definition {line:?}"))?;
        expect.range_vector = Some((duration(&captures[1])?, duration(&captures[2])?, duration(&captures[3])?));
    } else if let Some(literal) = line.strip_prefix("expect string") {
        expect.string = Some(unquote(literal.trim()).map_err(|e| format!("expected string literal not valid: {e}"))?);
    } else if line.split(' ').next() == Some("expect") {
        annotation(line, expect)?;
    } else if let Some(value) = parse_number(line) {
        expect.scalar = Some(value);
    } else {
        expect.series.push(series(line)?);
    }
    Ok(())
}

fn annotation(line: &str, expect: &mut Expect) -> Result<(), String> {
    let form = regex(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$");
    let captures = form.captures(line).ok_or_else(|| format!("invalid expect statement {line:?}"))?;
    let matches = match captures.get(2).map(|form| form.as_str()) {
        None => Match::Any,
        Some("msg") => Match::Exact(captures[3].trim().to_owned()),
        Some(_) => Match::Pattern(pattern_of(&captures[3])?),
    };
    match &captures[1] {
        "ordered" => expect.ordered = true,
        "no_warn" => expect.no_warn = true,
        "no_info" => expect.no_info = true,
        "warn" => expect.warn.push(matches),
        "info" => expect.info.push(matches),
        _ if matches!(expect.fail, None | Some(Match::Any)) => expect.fail = Some(matches),
        _ => return Err("multiple expect fail lines are not allowed".into()),
    }
    Ok(())
}

fn check(expect: &Expect, when: When) -> Result<(), String> {
    if !expect.info.is_empty() && expect.no_info {
        return Err("info and no_info cannot be used together".into());
    }
    if !expect.warn.is_empty() && expect.no_warn {
        return Err("warn and no_warn cannot be used together".into());
    }
    let many = expect.series.iter().any(|(_, items)| items.len() > 1);
    if many && matches!(when, When::Instant(_)) && expect.range_vector.is_none() {
        return Err("expecting multiple values in instant evaluation not allowed".into());
    }
    Ok(())
}

fn series(line: &str) -> Result<(Labels, Vec<Item>), String> {
    parse_series(line).map_err(|error| format!("{line:?}: {error}"))
}

fn duration(text: &str) -> Result<i64, String> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    parse_duration(digits).map(|ms| sign * ms).ok_or_else(|| format!("not a valid duration: {text:?}"))
}

fn pattern_of(text: &str) -> Result<Regex, String> {
    Regex::new(text.trim()).map_err(|error| format!("invalid regex {text:?}: {error}"))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}
