//! Go's `Printf`, as far as values of a template go.

use super::number::{fixed, general, scientific, shortest};
use super::value::Value;
use crate::promql::quote::quote;

/// Width and precision have no use beyond this.
const WIDEST: usize = 1_000;

/// `%[flags][width][.precision]verb`
#[derive(Default)]
struct Directive {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// What Go's `fmt.Sprintf` gives; its complaints (`%!d(string=x)`) included.
pub(super) fn sprintf(format: &str, args: &[Value]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let directive = Directive::read(&mut rest, &mut args);
        let Some(verb) = rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        rest = &rest[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match args.next() {
            None => out.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => out.push_str(&directive.print(verb, value)),
        }
    }
    out.push_str(rest);
    let extra: Vec<String> = args.map(|value| format!("{}={}", value.type_name(), value.print())).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

impl Directive {
    fn read<'a>(rest: &mut &str, args: &mut impl Iterator<Item = &'a Value>) -> Self {
        let mut directive = Self::default();
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => (directive.minus, directive.zero) = (true, false),
                '+' => directive.plus = true,
                '#' => directive.sharp = true,
                ' ' => directive.space = true,
                '0' => directive.zero = !directive.minus,
                _ => break,
            }
            *rest = &rest[1..];
        }
        directive.width = number(rest, args);
        if let Some(behind) = rest.strip_prefix('.') {
            *rest = behind;
            directive.precision = Some(number(rest, args).unwrap_or(0));
        }
        directive
    }

    fn print(&self, verb: char, value: &Value) -> String {
        let body = match (verb, value) {
            ('T', value) => value.type_name().to_owned(),
            ('v', Value::Float(number)) => self.float('g', *number),
            ('v', Value::Int(number)) => self.signed(*number < 0, number.unsigned_abs().to_string()),
            ('v', Value::Text(text)) if self.sharp => format!("{text:?}"),
            ('v', value) => value.print(),
            ('t', Value::Bool(is)) => is.to_string(),
            ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(number)) => self.float(verb, *number),
            ('d' | 'b' | 'o' | 'x' | 'X' | 'c' | 'q' | 'U', Value::Int(number)) => self.whole(verb, *number),
            ('s' | 'q' | 'x' | 'X', Value::Text(text)) => self.text(verb, text),
            ('s' | 'q', Value::Time(_) | Value::Duration(_)) => self.text(verb, &value.print()),
            ('s' | 'd', Value::Labels(_) | Value::Args(_) | Value::Samples(_) | Value::Sample(_)) => value.print(),
            (_, Value::Nil) => format!("%!{verb}(<nil>)"),
            (verb, value) => format!("%!{verb}({}={})", value.type_name(), value.print()),
        };
        let zeros = match value {
            Value::Float(number) => self.zero && number.is_finite(),
            _ => self.zero,
        };
        self.pad(body, zeros, matches!(value, Value::Float(_) | Value::Int(_)))
    }

    fn float(&self, verb: char, v: f64) -> String {
        let magnitude = v.abs();
        let text = match (verb, self.precision) {
            ('e' | 'E', precision) => scientific(magnitude, precision.unwrap_or(6)),
            ('f' | 'F', precision) => fixed(magnitude, precision.unwrap_or(6)),
            (_, Some(precision)) => general(magnitude, precision),
            (_, None) => shortest(magnitude),
        };
        let text = if verb.is_ascii_uppercase() {
            text.to_uppercase().replace("INF", "Inf").replace("NAN", "NaN")
        } else {
            text
        };
        if v.is_nan() {
            return if self.plus { format!("+{text}") } else { text };
        }
        // `shortest` writes the sign of an infinity itself.
        let infinite = v.is_infinite() && !v.is_sign_negative();
        let text = text.trim_start_matches('+').to_owned();
        if infinite && !self.space { format!("+{text}") } else { self.signed(v.is_sign_negative(), text) }
    }

    fn whole(&self, verb: char, number: i64) -> String {
        let magnitude = number.unsigned_abs();
        let digits = match verb {
            'b' => format!("{magnitude:b}"),
            'o' => format!("{}{magnitude:o}", if self.sharp { "0" } else { "" }),
            'x' => format!("{}{magnitude:x}", if self.sharp { "0x" } else { "" }),
            'X' => format!("{}{magnitude:X}", if self.sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => {
                let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                return match verb {
                    'c' => c.to_string(),
                    'q' => format!("{c:?}"),
                    _ => format!("U+{number:04X}"),
                };
            }
            _ => magnitude.to_string(),
        };
        let digits = format!("{digits:0>width$}", width = self.precision.unwrap_or(0));
        self.signed(number < 0, digits)
    }

    fn text(&self, verb: char, text: &str) -> String {
        let cut: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
        match verb {
            'q' => quote(&cut),
            'x' => cut.bytes().map(|byte| format!("{byte:02x}")).collect(),
            'X' => cut.bytes().map(|byte| format!("{byte:02X}")).collect(),
            _ => cut,
        }
    }

    fn signed(&self, negative: bool, digits: String) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        format!("{sign}{digits}")
    }

    fn pad(&self, body: String, zeros: bool, number: bool) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(body.chars().count());
        if self.minus {
            return body + &" ".repeat(missing);
        }
        if zeros {
            let sign = usize::from(number && body.starts_with(['+', '-', ' ']));
            return format!("{}{}{}", &body[..sign], "0".repeat(missing), &body[sign..]);
        }
        " ".repeat(missing) + &body
    }
}

/// Digits, or `*` for the next argument.
fn number<'a>(rest: &mut &str, args: &mut impl Iterator<Item = &'a Value>) -> Option<usize> {
    if let Some(behind) = rest.strip_prefix('*') {
        *rest = behind;
        return match args.next() {
            Some(Value::Int(number)) => usize::try_from(*number).ok().map(|number| number.min(WIDEST)),
            _ => None,
        };
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let digits = &rest[..end];
    *rest = &rest[end..];
    (end > 0).then(|| digits.parse().unwrap_or(WIDEST).min(WIDEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_do_what_go_does() {
        let (float, int, text) = (Value::Float(3.75125), Value::Int(42), Value::Text("ab".into()));
        let cases: [(&str, &[&Value], &str); 27] = [
            ("%.2f", &[&float], "3.75"),
            ("%8.2f|", &[&float], "    3.75|"),
            ("%-8.2f|", &[&float], "3.75    |"),
            ("%08.2f", &[&float], "00003.75"),
            ("%+.1f", &[&float], "+3.8"),
            ("%.0f%%", &[&float], "4%"),
            ("%f", &[&float], "3.751250"),
            ("%g", &[&float], "3.75125"),
            ("%.3g", &[&float], "3.75"),
            ("%e", &[&float], "3.751250e+00"),
            ("%E", &[&Value::Float(1e9)], "1.000000E+09"),
            ("%v %v %v", &[&float, &int, &text], "3.75125 42 ab"),
            ("%d", &[&int], "42"),
            ("%5d|%-5d|%05d", &[&int, &int, &int], "   42|42   |00042"),
            ("%x %X %o %b", &[&int, &int, &int, &int], "2a 2A 52 101010"),
            ("%s", &[&text], "ab"),
            ("%q", &[&text], "\"ab\""),
            ("%5s|%-5s|", &[&text, &text], "   ab|ab   |"),
            ("%.1s", &[&text], "a"),
            ("%x", &[&text], "6162"),
            ("%d", &[&float], "%!d(float64=3.75125)"),
            ("%.2f", &[&int], "%!f(int=42)"),
            ("%s", &[&float], "%!s(float64=3.75125)"),
            ("%d", &[], "%!d(MISSING)"),
            ("a", &[&int, &text], "a%!(EXTRA int=42, string=ab)"),
            ("100%", &[], "100%!(NOVERB)"),
            ("%t %T", &[&Value::Bool(true), &float], "true float64"),
        ];
        for (format, args, want) in cases {
            let args: Vec<Value> = args.iter().map(|value| (*value).clone()).collect();
            assert_eq!(sprintf(format, &args), want, "{format}");
        }
    }

    #[test]
    fn infinities_and_no_number_print_without_zeros() {
        let all = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(Value::Float);
        let printed = all.clone().map(|value| sprintf("%06.2f", &[value]));
        assert_eq!(printed, ["  +Inf", "  -Inf", "   NaN"]);
        assert_eq!(all.map(|value| sprintf("%v", &[value])), ["+Inf", "-Inf", "NaN"]);
    }
}
