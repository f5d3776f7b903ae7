//! The timeline, and how long people and alerts take.

use std::collections::{BTreeMap, HashMap};

use rusqlite::params;
use rusqlite::types::Value;

use super::Store;
use super::key::key;
use crate::alert::state::Fingerprint;

/// A move as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Rises from one to the next.
    pub id: i64,
    /// When, Unix milliseconds.
    pub at: i64,
    /// 16 hex digits.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub severity: String,
    /// Where to.
    pub to: String,
    /// What there is to say.
    pub detail: String,
    /// The value at that time.
    pub value: Option<f64>,
}

/// What the past tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// The moves of one page, newest first.
    pub events: Vec<Event>,
    /// How many there are on all pages.
    pub total: usize,
    /// How long the alerts of each rule took.
    pub rules: BTreeMap<String, RuleTimes>,
}

/// What is asked of the past.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Not before, Unix milliseconds.
    pub from: i64,
    /// Not from then on.
    pub until: i64,
    /// Of this alert only.
    pub fingerprint: Option<String>,
    /// Of this rule only.
    pub rule: Option<String>,
    /// At most so many, the newest first.
    pub limit: usize,
    /// So many of the newest are passed over.
    pub offset: usize,
}

/// How long the alerts of a rule took; of those that fired in the time asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleTimes {
    /// How often one fired.
    pub fired: usize,
    /// How many of these were acknowledged.
    pub acknowledged: usize,
    /// How many resolved.
    pub resolved: usize,
    /// How often somebody else was told.
    pub escalated: usize,
    /// Mean seconds from firing to acknowledgement.
    pub mtta: Option<f64>,
    /// Mean seconds from firing to the end.
    pub mttr: Option<f64>,
}

impl Past {
    /// The alert that is asked for. What is no fingerprint is none's: nothing is equal to it.
    fn key(&self) -> Value {
        let Some(text) = &self.fingerprint else { return Value::Null };
        text.parse().map_or(Value::Blob(Vec::new()), |of| Value::Integer(key(of)))
    }
}

impl Store {
    /// The moves, newest first, and how many there are in all.
    pub fn events(&self, past: &Past) -> rusqlite::Result<(Vec<Event>, usize)> {
        const WHERE: &str = "at >= ?1 AND at < ?2 AND (?3 IS NULL OR fingerprint = ?3) AND (?4 IS NULL OR rule = ?4)";
        let count = format!("SELECT count(*) FROM transition WHERE {WHERE}");
        let total: i64 =
            self.connection
                .query_row(&count, params![past.from, past.until, past.key(), past.rule], |row| row.get(0))?;
        let mut select = self.connection.prepare(&format!(
            "SELECT id, at, fingerprint, rule, severity, move, detail, value FROM transition WHERE {WHERE} ORDER BY id DESC LIMIT ?5 OFFSET ?6"
        ))?;
        let events = select.query_map(
            params![
                past.from,
                past.until,
                past.key(),
                past.rule,
                i64::try_from(past.limit).unwrap_or(i64::MAX),
                i64::try_from(past.offset).unwrap_or(i64::MAX)
            ],
            |row| {
                Ok(Event {
                    id: row.get(0)?,
                    at: row.get(1)?,
                    fingerprint: row.get::<_, Fingerprint>(2)?.to_string(),
                    rule: row.get(3)?,
                    severity: row.get(4)?,
                    to: row.get(5)?,
                    detail: row.get(6)?,
                    value: row.get(7)?,
                })
            },
        )?;
        Ok((events.collect::<Result<_, _>>()?, usize::try_from(total).unwrap_or(0)))
    }

    /// How long the alerts of each rule took.
    pub fn times(&self, past: &Past) -> rusqlite::Result<BTreeMap<String, RuleTimes>> {
        let mut select = self.connection.prepare(
            "SELECT at, fingerprint, rule, move FROM transition WHERE at >= ?1 AND at < ?2 \
             AND (?3 IS NULL OR fingerprint = ?3) AND (?4 IS NULL OR rule = ?4) ORDER BY id",
        )?;
        let mut rows = select.query(params![past.from, past.until, past.key(), past.rule])?;
        let mut sums: BTreeMap<String, (RuleTimes, i64, i64)> = BTreeMap::new();
        // When each alert began to fire, and whether somebody has seen to it since.
        let mut open: HashMap<Fingerprint, (i64, bool)> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (at, fingerprint, rule): (i64, Fingerprint, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (times, to_acknowledge, to_resolve) = sums.entry(rule).or_default();
            match row.get::<_, String>(3)?.as_str() {
                "firing" => {
                    times.fired += 1;
                    open.insert(fingerprint, (at, false));
                }
                "acknowledged" => {
                    if let Some((fired, seen @ false)) = open.get_mut(&fingerprint) {
                        (times.acknowledged, *seen) = (times.acknowledged + 1, true);
                        *to_acknowledge += at - *fired;
                    }
                }
                "resolved" => {
                    if let Some((fired, _)) = open.remove(&fingerprint) {
                        times.resolved += 1;
                        *to_resolve += at - fired;
                    }
                }
                "escalated" => times.escalated += 1,
                _ => {}
            }
        }
        let mean = |sum: i64, count: usize| (count > 0).then(|| sum as f64 / 1_000.0 / count as f64);
        let finished = sums.into_iter().map(|(rule, (times, to_acknowledge, to_resolve))| {
            let (mtta, mttr) = (mean(to_acknowledge, times.acknowledged), mean(to_resolve, times.resolved));
            (rule, RuleTimes { mtta, mttr, ..times })
        });
        Ok(finished.collect())
    }

    /// How many alerts resolved since `from` (Unix milliseconds).
    pub fn resolved_since(&self, from: i64) -> rusqlite::Result<i64> {
        let count = "SELECT count(*) FROM transition WHERE at >= ?1 AND move = 'resolved'";
        self.connection.query_row(count, [from], |row| row.get(0))
    }
}
