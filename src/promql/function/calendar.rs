//! Times as dates, in UTC.

/// The fields of one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::promql) struct Civil {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    /// Sunday is 0.
    pub(super) weekday: u8,
    pub(super) day_of_year: u16,
    pub(super) days_in_month: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
}

impl Civil {
    /// From Unix seconds; a fraction is cut off. What is no time (NaN, infinity) gives the earliest there is.
    pub(in crate::promql) fn from_seconds(seconds: f64) -> Self {
        let seconds = if seconds.is_nan() { i64::MIN } else { seconds as i64 };
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years are taken to begin in March, so that the leap day is their last; 719 468 days lie between 0000-03-01 and 1970.
        let shifted = i128::from(days) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + i128::from(month <= 2);
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let before: [i128; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let days_in_month = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        Self {
            year: year as i64,
            month: month as u8,
            day: day as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
            day_of_year: (before[month as usize - 1] + day + i128::from(leap && month > 2)) as u16,
            days_in_month,
            hour: (second / 3600) as u8,
            minute: (second / 60 % 60) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(seconds: f64) -> (i64, u8, u8, u8, u16, u8) {
        let civil = Civil::from_seconds(seconds);
        (civil.year, civil.month, civil.day, civil.weekday, civil.day_of_year, civil.days_in_month)
    }

    #[test]
    fn dates_are_those_of_the_gregorian_calendar() {
        assert_eq!(fields(0.0), (1970, 1, 1, 4, 1, 31));
        assert_eq!(fields(-1.0), (1969, 12, 31, 3, 365, 31));
        assert_eq!(fields(951_782_400.0), (2000, 2, 29, 2, 60, 29));
        assert_eq!(fields(4_107_542_400.0), (2100, 3, 1, 1, 60, 31));
        assert_eq!(fields(1_735_603_200.0), (2024, 12, 31, 2, 366, 31));
    }

    #[test]
    fn the_time_of_day_is_utc() {
        let civil = Civil::from_seconds(1_700_000_000.9);
        assert_eq!((civil.hour, civil.minute), (22, 13));
        let civil = Civil::from_seconds(-1.0);
        assert_eq!((civil.hour, civil.minute), (23, 59));
    }

    #[test]
    fn what_is_no_time_does_not_panic() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert!((1..=12).contains(&Civil::from_seconds(value).month));
        }
    }
}
