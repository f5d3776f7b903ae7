//! Holds back what nobody wants to hear of: suppressed alerts, and silences while their schedule says so.

use super::matching::Matchers;
use crate::alert::state::Alert;
use crate::config::alerting::Silence;

/// Silences, ready to be asked.
#[derive(Debug)]
pub struct Quiet(Vec<(Matchers, Silence)>);

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

impl Quiet {
    /// Of what is configured.
    pub fn new(silences: &[Silence]) -> Self {
        Self(silences.iter().map(|silence| (Matchers::new(&silence.matchers), silence.clone())).collect())
    }

    /// The first silence that holds at `now` (Unix milliseconds) and covers `alert`.
    pub fn silence(&self, alert: &Alert, now: i64) -> Option<&Silence> {
        let covers = |(matchers, silence): &&(Matchers, Silence)| holds(silence, now) && matchers.accept(alert);
        self.0.iter().find(covers).map(|(_, silence)| silence)
    }
}

/// Whether the schedule of `silence` holds. A window that goes over midnight belongs to the day on which it began.
fn holds(silence: &Silence, now: i64) -> bool {
    let now = now.div_euclid(1_000);
    if silence.from.is_some_and(|from| now < from) || silence.until.is_some_and(|until| now >= until) {
        return false;
    }
    // 1970-01-01 was a Thursday, the day 3 of a week that begins on Monday.
    let day = |days: i64| u8::try_from((days + 3).rem_euclid(7)).expect("a remainder of 7 is below 7");
    let (today, minute) = (now.div_euclid(DAY), now.rem_euclid(DAY) / MINUTE);
    let on = |days: i64| silence.weekdays.is_empty() || silence.weekdays.contains(&day(days));
    if silence.times.is_empty() {
        return on(today);
    }
    silence.times.iter().any(|&(from, until)| {
        let (from, until) = (i64::from(from), i64::from(until));
        match from < until {
            true => on(today) && (from..until).contains(&minute),
            false => (on(today) && minute >= from) || (on(today - 1) && minute < until),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(weekdays: &[u8], times: &[(u16, u16)]) -> Silence {
        Silence {
            matchers: Vec::new(),
            times: times.to_vec(),
            weekdays: weekdays.to_vec(),
            from: None,
            until: None,
            comment: String::new(),
        }
    }

    /// Of 2026-11-24, a Tuesday.
    fn at(day: i64, hour: i64, minute: i64) -> i64 {
        (1_795_478_400 + (day - 24) * DAY + hour * 3_600 + minute * 60) * 1_000
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_began() {
        let tuesday = silence(&[1], &[(22 * 60, 6 * 60)]);
        assert!(!holds(&tuesday, at(24, 5, 59)));
        assert!(!holds(&tuesday, at(24, 21, 59)));
        assert!(holds(&tuesday, at(24, 22, 0)));
        assert!(holds(&tuesday, at(25, 5, 59)));
        assert!(!holds(&tuesday, at(25, 6, 0)));
        assert!(!holds(&tuesday, at(25, 22, 0)));
    }

    #[test]
    fn days_without_times_are_whole() {
        let tuesday = silence(&[1], &[]);
        assert!(holds(&tuesday, at(24, 0, 0)) && holds(&tuesday, at(24, 23, 59)));
        assert!(!holds(&tuesday, at(23, 23, 59)) && !holds(&tuesday, at(25, 0, 0)));
        assert!(holds(&silence(&[], &[(0, 1_440)]), at(24, 23, 59)));
    }

    #[test]
    fn a_silence_has_a_first_and_a_last_second() {
        let mut silence = silence(&[], &[]);
        (silence.from, silence.until) = (Some(at(24, 1, 0) / 1_000), Some(at(24, 2, 0) / 1_000));
        assert!(!holds(&silence, at(24, 1, 0) - 1));
        assert!(holds(&silence, at(24, 1, 0)) && holds(&silence, at(24, 2, 0) - 1));
        assert!(!holds(&silence, at(24, 2, 0)));
    }
}
