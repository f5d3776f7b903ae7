//! A message as a Go template, for a rule file that Prometheus reads.

use super::spec::Spec;
use super::{Kind, Message, Part};
use crate::promql::quote::quote;

/// What a name of a message is in a Go template.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// `$value`
    Value,
    /// The value of a series, that with the alert's own values of these labels.
    Series {
        /// Its name.
        name: String,
        /// Labels that it shares with the alert.
        labels: Vec<String>,
    },
    /// `$labels.…`
    Label(String),
    /// A number that is the same for every alert of the rule.
    Number(f64),
    /// A text that is.
    Text(String),
}

impl Message {
    /// The Go template that says the same. Thousands separators and widths have no counterpart there and are left out.
    pub fn to_template(&self, term: impl Fn(&str) -> Term) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(&plain(text)),
                Part::Field { name, kind, spec } => out.push_str(&field(*kind, spec, term(name))),
            }
        }
        out
    }
}

/// A text that is no template. A brace could open an action, by itself or with what comes behind it.
pub fn plain(text: &str) -> String {
    text.replace('{', "{{ \"{\" }}")
}

fn field(kind: Kind, spec: &Spec, term: Term) -> String {
    let print = format(spec).map(|format| format!(" | printf {}", quote(&format))).unwrap_or_default();
    let percent = spec.presentation == Some('%');
    match (term, kind) {
        (Term::Number(number), _) => spec.number(number),
        (Term::Text(text), _) => plain(&spec.text(&text)),
        (Term::Label(label), _) => format!("{{{{ $labels.{label} }}}}"),
        // Templates cannot multiply, but a query can.
        (Term::Value, Kind::Number) if percent => first_of("printf \"100 * %g\" $value | query", &print, "%"),
        (Term::Value, _) => format!("{{{{ $value{print} }}}}"),
        (Term::Series { name, labels }, _) => {
            let factor = if percent { "100 * " } else { "" };
            let matchers: Vec<String> = labels.iter().map(|label| format!("{label}=%q")).collect();
            let values: Vec<String> = labels.iter().map(|label| format!(" $labels.{label}")).collect();
            let query = match labels.is_empty() {
                true => format!("query {}", quote(&format!("{factor}{name}"))),
                false => {
                    let format = quote(&format!("{factor}{name}{{{}}}", matchers.join(",")));
                    format!("printf {format}{} | query", values.concat())
                }
            };
            first_of(&query, &print, if percent { "%" } else { "" })
        }
    }
}

fn first_of(query: &str, print: &str, behind: &str) -> String {
    format!("{{{{ with {query} }}}}{{{{ . | first | value{print} }}}}{behind}{{{{ end }}}}")
}

/// The format that prints a number likewise; nothing where it is printed as it is.
fn format(spec: &Spec) -> Option<String> {
    let (precision, verb) = match (spec.presentation, spec.precision) {
        (Some(verb @ ('e' | 'E' | 'g' | 'G')), precision) => (precision, verb),
        (Some('n'), precision) => (precision, 'g'),
        (Some(_), precision) => (Some(precision.unwrap_or(6)), 'f'),
        (None, Some(precision)) => (Some(precision), 'g'),
        (None, None) if spec.grouping.is_some() => (Some(0), 'f'),
        (None, None) => return None,
    };
    let sign = if spec.sign == Some('+') { "+" } else { "" };
    let precision = precision.map(|precision| format!(".{precision}")).unwrap_or_default();
    Some(format!("%{sign}{precision}{verb}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_template_that_says_the_same() {
        let cases = [
            (
                "High: {rate:.2%}",
                "High: {{ with query \"100 * rate\" }}{{ . | first | value | printf \"%.2f\" }}%{{ end }}",
            ),
            ("{value:.1f} s", "{{ $value | printf \"%.1f\" }} s"),
            (
                "{value:.1%}",
                "{{ with printf \"100 * %g\" $value | query }}{{ . | first | value | printf \"%.1f\" }}%{{ end }}",
            ),
            ("{value}", "{{ $value }}"),
            ("{value:+,.0f}", "{{ $value | printf \"%+.0f\" }}"),
            ("{service} is {{down}}", "{{ $labels.service }} is {{ \"{\" }}down}"),
            (
                "{open:.0f}",
                "{{ with printf \"open{service=%q}\" $labels.service | query }}{{ . | first | value | printf \"%.0f\" }}{{ end }}",
            ),
            ("over {threshold:.0%}", "over 5%"),
        ];
        for (text, want) in cases {
            let kind = |name: &str| Ok(if name == "service" { Kind::Text } else { Kind::Number });
            let message = Message::parse(text, kind).unwrap();
            let template = message.to_template(|name| match name {
                "value" => Term::Value,
                "service" => Term::Label("service".into()),
                "threshold" => Term::Number(0.05),
                "open" => Term::Series { name: name.into(), labels: vec!["service".into()] },
                name => Term::Series { name: name.into(), labels: Vec::new() },
            });
            assert_eq!(template, want);
            crate::alert::template::Template::parse(&template).unwrap();
        }
    }
}
