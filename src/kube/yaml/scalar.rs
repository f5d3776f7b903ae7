//! What a word without quotes means: as kubectl has it, which reads YAML 1.1 but for dates and base 60.

use serde_json::{Number, Value};

/// The value of a plain scalar.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let number = integer(&text.replace('_', "")).or_else(|| float(text));
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

/// Whether some reader of YAML could take a text without quotes for something else than text: numbers in any base, base 60, dates.
pub(super) fn looks_like_a_number(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_hexdigit() || "xXoO_.:+-eETtZ ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && text.chars().all(digits)
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find_map(|(prefix, base)| {
        let digits = lower.strip_prefix(prefix)?;
        Some((digits, base))
    });
    let (digits, base) = match based {
        Some(based) => based,
        None if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        None => (&*lower, 10),
    };
    // `from_str_radix` takes a sign of its own.
    let value = Some(digits).filter(|digits| !digits.starts_with(['+', '-']))?;
    let value = i128::from_str_radix(value, base).ok()?;
    Number::from_i128(if negative { -value } else { value })
}

fn float(text: &str) -> Option<Number> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let decimal = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let begins = rest.strip_prefix('.').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit());
    if !begins || !rest.chars().all(decimal) {
        return None;
    }
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_mean_what_kubectl_takes_them_for() {
        for (text, value) in [
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("089", json!(89.0)),
            (".5", json!(0.5)),
            ("yes", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
        for text in ["1.29.0", "100m", "0.0.0.0:80", "2026-11-24", "0x", "--1", "e3", ".", "nil", "1:30", "-", "0-7"] {
            assert_eq!(resolve(text), json!(text));
        }
    }

    #[test]
    fn what_any_reader_takes_for_a_number_is_known() {
        for text in ["1", "0x1f", "1:30", "2026-11-24", "1e3", "089", ".5", "-1", "2026-11-24T00:00:00Z"] {
            assert!(looks_like_a_number(text), "{text}");
        }
        for text in ["100m", "128Mi", "v1", "10Gi", "http"] {
            assert!(!looks_like_a_number(text), "{text}");
        }
    }
}
