//! Floats as Go's `fmt` writes them.

pub(super) use crate::base::number::shortest;

/// `%e`: one digit before the point, `precision` behind it, two digits of exponent at least.
pub(super) fn scientific(v: f64, precision: usize) -> String {
    if !v.is_finite() {
        return shortest(v);
    }
    exponent(&format!("{v:.precision$e}"))
}

/// `%f`.
pub(super) fn fixed(v: f64, precision: usize) -> String {
    if v.is_finite() { format!("{v:.precision$}") } else { shortest(v) }
}

/// `%g` with so many significant digits, zeros behind the last one left out.
pub(super) fn general(v: f64, precision: usize) -> String {
    if !v.is_finite() || v == 0.0 {
        return shortest(v);
    }
    let precision = precision.max(1);
    let rounded = format!("{v:.*e}", precision - 1);
    let power: i32 = rounded.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or_default();
    if power < -4 || power >= precision as i32 {
        let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        return exponent(&format!("{}e{power}", without_zeros(digits)));
    }
    let behind = (precision as i32 - 1 - power).max(0) as usize;
    without_zeros(&format!("{v:.behind$}")).to_owned()
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// Rust writes `1e6` and `1e-5` where Go writes `1e+06` and `1e-05`.
fn exponent(text: &str) -> String {
    let Some((digits, power)) = text.split_once('e') else { return text.to_owned() };
    match power.strip_prefix('-') {
        Some(power) => format!("{digits}e-{power:0>2}"),
        None => format!("{digits}e+{power:0>2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_the_digits_that_were_asked_for() {
        let cases = [
            (0.0, "0"),
            (123_456.0, "1.235e+05"),
            (1_234.0, "1234"),
            (1_234.56, "1235"),
            (0.000_123_456, "0.0001235"),
            (0.000_012_345_6, "1.235e-05"),
            (999.96, "1000"),
            (9_999.6, "1e+04"),
            (1.5, "1.5"),
            (-2.0, "-2"),
            (f64::INFINITY, "+Inf"),
        ];
        for (v, text) in cases {
            assert_eq!(general(v, 4), text);
        }
        assert_eq!((fixed(2.675, 2), scientific(12_345.678, 3)), ("2.67".into(), "1.235e+04".into()));
        assert_eq!((fixed(f64::NAN, 2), scientific(0.0, 2)), ("NaN".into(), "0.00e+00".into()));
    }
}
