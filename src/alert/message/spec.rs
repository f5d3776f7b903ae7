//! Python's format specification, for floats and for text: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`
//! (Python's documentation, "Format Specification Mini-Language").

use super::Kind;

/// A width or precision beyond it is a slip.
const WIDEST: usize = 200;

/// What stands behind the colon of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spec {
    fill: Option<char>,
    align: Option<char>,
    pub(super) sign: Option<char>,
    no_negative_zero: bool,
    alternate: bool,
    width: usize,
    pub(super) grouping: Option<char>,
    pub(super) precision: Option<usize>,
    pub(super) presentation: Option<char>,
}

impl Spec {
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let mut spec = Self::default();
        let mut rest = text;
        let mut chars = rest.chars();
        match (chars.next(), chars.next()) {
            (Some(fill), Some(align)) if "<>=^".contains(align) => {
                (spec.fill, spec.align) = (Some(fill), Some(align));
                rest = chars.as_str();
            }
            _ => spec.align = one_of(&mut rest, "<>=^"),
        }
        spec.sign = one_of(&mut rest, "+- ");
        spec.no_negative_zero = one_of(&mut rest, "z").is_some();
        spec.alternate = one_of(&mut rest, "#").is_some();
        if one_of(&mut rest, "0").is_some() {
            spec.fill.get_or_insert('0');
            if kind == Kind::Number {
                spec.align.get_or_insert('=');
            }
        }
        spec.width = number(&mut rest)?.unwrap_or(0);
        spec.grouping = one_of(&mut rest, ",_");
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            spec.precision = Some(number(&mut rest)?.ok_or("`.` needs a precision behind it")?);
        }
        let mut chars = rest.chars();
        spec.presentation = chars.next();
        if chars.next().is_some() {
            return Err(format!("`{text}` is not a format specification"));
        }
        spec.check(kind).map(|()| spec)
    }

    fn check(&self, kind: Kind) -> Result<(), String> {
        let types = match kind {
            Kind::Number => "eEfFgGn%",
            Kind::Text => "s",
        };
        if let Some(presentation) = self.presentation.filter(|presentation| !types.contains(*presentation)) {
            let (what, these) = match kind {
                Kind::Number => ("a number", "e, f, g, n and %"),
                Kind::Text => ("a label", "s"),
            };
            return Err(format!("the type `{presentation}` does not fit {what}; these do: {these}"));
        }
        let numeric = self.sign.is_some() || self.no_negative_zero || self.alternate || self.grouping.is_some();
        if kind == Kind::Text && (numeric || self.align == Some('=')) {
            return Err("signs, grouping and `=` are for numbers, and this is a label".into());
        }
        if self.grouping.is_some() && self.presentation == Some('n') {
            return Err("grouping cannot be combined with `n`".into());
        }
        Ok(())
    }

    /// `text` as Python's `format(text, spec)` has it.
    pub(super) fn text(&self, text: &str) -> String {
        let end = self.precision.and_then(|most| text.char_indices().nth(most));
        self.pad("", end.map_or(text, |(end, _)| &text[..end]), '<')
    }

    /// `v` as Python's `format(v, spec)` has it.
    pub(super) fn number(&self, v: f64) -> String {
        let mut body = self.digits(v.abs());
        if self.presentation == Some('%') {
            body.push('%');
        }
        let zero = !body.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) && v.is_finite();
        let negative = v.is_sign_negative() && !v.is_nan() && !(self.no_negative_zero && zero);
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        };
        if let Some(separator) = self.grouping {
            // Zeros that fill up to the width are grouped with the digits.
            let room = if self.fill == Some('0') && self.align == Some('=') {
                self.width.saturating_sub(sign.len())
            } else {
                0
            };
            body = grouped(&body, separator, room);
        }
        self.pad(sign, &body, '>')
    }

    fn digits(&self, v: f64) -> String {
        let upper = self.presentation.is_some_and(|presentation| presentation.is_ascii_uppercase());
        if !v.is_finite() {
            let word = if v.is_nan() { "nan" } else { "inf" };
            return if upper { word.to_uppercase() } else { word.to_owned() };
        }
        let text = match (self.presentation, self.precision) {
            (Some('f' | 'F'), precision) => format!("{v:.*}", precision.unwrap_or(6)),
            (Some('%'), precision) => format!("{:.*}", precision.unwrap_or(6), v * 100.0),
            (Some('e' | 'E'), precision) => scientific(v, precision.unwrap_or(6)),
            (Some(_), precision) => self.general(v, precision.unwrap_or(6).max(1), false),
            (None, Some(precision)) => self.general(v, precision.max(1), true),
            (None, None) => repr(v),
        };
        let text = if self.alternate { with_point(text) } else { text };
        if upper { text.to_uppercase() } else { text }
    }

    /// `g`; without a type (`plain`) at least one digit stands behind the point.
    fn general(&self, v: f64, precision: usize, plain: bool) -> String {
        let rounded = format!("{v:.*e}", precision - 1);
        let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        let exp: i32 = power.parse().unwrap_or_default();
        if exp < -4 || exp >= precision as i32 - i32::from(plain) {
            let digits = if self.alternate { digits.to_owned() } else { without_zeros(digits).to_owned() };
            return exponent(&digits, power);
        }
        let behind = (precision as i32 - 1 - exp).max(0) as usize;
        let text = format!("{v:.behind$}");
        let text = if self.alternate { text } else { without_zeros(&text).to_owned() };
        if plain && !text.contains('.') { text + ".0" } else { text }
    }

    fn pad(&self, sign: &str, body: &str, default: char) -> String {
        let missing = self.width.saturating_sub(sign.len() + body.chars().count());
        if missing == 0 {
            return [sign, body].concat();
        }
        let fill = |count: usize| self.fill.unwrap_or(' ').to_string().repeat(count);
        match self.align.unwrap_or(default) {
            '<' => format!("{sign}{body}{}", fill(missing)),
            '^' => format!("{}{sign}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => format!("{sign}{}{body}", fill(missing)),
            _ => format!("{}{sign}{body}", fill(missing)),
        }
    }
}

fn scientific(v: f64, precision: usize) -> String {
    let text = format!("{v:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    exponent(digits, power)
}

/// `#`: the point stands there even if nothing is behind it.
fn with_point(text: String) -> String {
    let (digits, power) = text.split_at(text.find('e').unwrap_or(text.len()));
    if digits.contains('.') { text } else { format!("{digits}.{power}") }
}

fn one_of(rest: &mut &str, choice: &str) -> Option<char> {
    let found = rest.chars().next().filter(|c| choice.contains(*c))?;
    *rest = &rest[1..];
    Some(found)
}

fn number(rest: &mut &str) -> Result<Option<usize>, String> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let digits = &rest[..end];
    *rest = &rest[end..];
    match digits.parse() {
        Ok(number) if number <= WIDEST => Ok(Some(number)),
        _ if digits.is_empty() => Ok(None),
        _ => Err(format!("{digits} is wider than {WIDEST}")),
    }
}

/// Python's `repr` of a float that is not negative.
fn repr(v: f64) -> String {
    let scientific = format!("{v:e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exp: i32 = power.parse().unwrap_or_default();
    if v != 0.0 && !(-4..16).contains(&exp) {
        return exponent(digits, power);
    }
    let text = v.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

fn exponent(digits: &str, power: &str) -> String {
    match power.strip_prefix('-') {
        Some(power) => format!("{digits}e-{power:0>2}"),
        None => format!("{digits}e+{power:0>2}"),
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// The digits before the point in threes, zeros put before them up to `room` characters.
fn grouped(body: &str, separator: char, room: usize) -> String {
    let end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    let (whole, behind) = body.split_at(end);
    if whole.is_empty() {
        return body.to_owned();
    }
    let mut digits: Vec<char> = whole.chars().rev().collect();
    let width = |count: usize| count + (count - 1) / 3 + behind.len();
    while width(digits.len()) < room {
        digits.push('0');
    }
    let mut out: Vec<char> = Vec::new();
    for (at, digit) in digits.into_iter().enumerate() {
        if at > 0 && at % 3 == 0 {
            out.push(separator);
        }
        out.push(digit);
    }
    out.into_iter().rev().chain(behind.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(v: f64, spec: &str) -> String {
        Spec::parse(spec, Kind::Number).unwrap().number(v)
    }

    /// What Python 3.11 answers to `format(v, spec)`.
    #[test]
    fn numbers_print_as_python_prints_them() {
        let cases = [
            (0.0712345, ".2%", "7.12%"),
            (0.075, "", "0.075"),
            (100.0, "", "100.0"),
            (1e16, "", "1e+16"),
            (0.00001, "", "1e-05"),
            (1_234_567.0, ",", "1,234,567.0"),
            (1_234_567.891, ",.1f", "1,234,567.9"),
            (1_234_567.0, "_.0f", "1_234_567"),
            (3.16159, ".1f", "3.2"),
            (3.16159, "8.2f", "    3.16"),
            (3.16159, "<8.2f", "3.16    "),
            (3.16159, "^8.2f", "  3.16  "),
            (-3.16159, "*=8.2f", "-***3.16"),
            (3.16159, "+.2f", "+3.16"),
            (3.16159, " .2f", " 3.16"),
            (-3.16159, "08.2f", "-0003.16"),
            (1_234.5, "012,.1f", "00,001,234.5"),
            (1_234.5, ".3", "1.23e+03"),
            (100.0, ".5", "100.0"),
            (5.0, ".1", "5e+00"),
            (1_234.5, "g", "1234.5"),
            (1e-7, "g", "1e-07"),
            (1e9, "e", "1.000000e+09"),
            (1e9, ".0E", "1E+09"),
            (1e9, "#.0e", "1.e+09"),
            (2.5, ".0f", "2"),
            (-0.001, "z.2f", "0.00"),
            (-0.001, ".2f", "-0.00"),
            (f64::NAN, ".2%", "nan%"),
            (f64::INFINITY, "F", "INF"),
            (f64::NEG_INFINITY, ".1f", "-inf"),
            (f64::INFINITY, "06.1f", "000inf"),
        ];
        for (v, spec, want) in cases {
            assert_eq!(number(v, spec), want, "{spec}");
        }
    }

    #[test]
    fn text_is_cut_and_padded() {
        let text = |spec: &str| Spec::parse(spec, Kind::Text).unwrap().text("gateway");
        assert_eq!(
            (text(""), text("s"), text(">9"), text(".3"), text("-^9")),
            ("gateway".into(), "gateway".into(), "  gateway".into(), "gat".into(), "-gateway-".into())
        );
    }

    #[test]
    fn a_specification_that_python_refuses_is_refused() {
        let refused = |spec: &str, kind: Kind| Spec::parse(spec, kind).unwrap_err();
        assert_eq!(refused("d", Kind::Number), "the type `d` does not fit a number; these do: e, f, g, n and %");
        assert!(refused(".2%", Kind::Text).contains("does not fit a label"));
        assert!(refused(",", Kind::Text).contains("this is a label"));
        assert_eq!(refused("..2f", Kind::Number), "`.` needs a precision behind it");
        assert_eq!(refused(".2fx", Kind::Number), "`.2fx` is not a format specification");
        assert_eq!(refused(".999f", Kind::Number), "999 is wider than 200");
    }
}
