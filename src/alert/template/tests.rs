//! Templates against what Go's `text/template` with Prometheus' functions prints for them; `tests/rules.rs` has promtool
//! print many of these.

use super::*;
use crate::base::labels::NAME;

fn answer(query: &str) -> Answer {
    let element = |instance: &str, v| (Labels::new([(NAME, "up"), ("instance", instance), ("job", "gw")]), v);
    match query {
        "up" => Ok(vec![element("b:1", 0.0), element("a:1", 1.5)]),
        "none" => Ok(Vec::new()),
        other => Err(format!("bad query {other}")),
    }
}

fn render(text: &str) -> Result<String, String> {
    let labels = Labels::new([("instance", "gw-1.example.com:9100"), ("job", "gw"), ("code", "503")]);
    let external = Labels::new([("cluster", "eu-1")]);
    let scope = Scope {
        labels: &labels,
        external_labels: &external,
        external_url: "http://prom.example.com/base",
        value: 0.0712345,
        now: 1_700_000_000_500,
        query: &answer,
    };
    Template::parse(text).and_then(|template| template.render(&scope)).map_err(|error| error.to_string())
}

#[test]
fn what_rule_files_write_reads_as_prometheus_has_it() {
    let cases = [
        ("plain", "plain"),
        ("{{ $labels.instance }} of {{ $labels.job }} is down", "gw-1.example.com:9100 of gw is down"),
        ("{{ $value }}", "0.0712345"),
        ("{{$value}} {{ .Value }} {{ $.Value }} {{ .Labels.job }}", "0.0712345 0.0712345 0.0712345 gw"),
        ("{{ $labels.absent }}|{{ .Labels.absent }}|", "||"),
        ("{{ printf \"%.2f\" $value }}", "0.07"),
        ("{{ $value | printf \"%.1f\" }}", "0.1"),
        ("{{ $value | humanizePercentage }}", "7.123%"),
        ("{{ $value | humanize }} {{ 12345678.0 | humanize }}", "71.23m 12.35M"),
        ("{{ humanize1024 4096.0 }}B", "4kiB"),
        ("{{ 90061.5 | humanizeDuration }}", "1d 1h 1m 1s"),
        ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ 1435065584.128 | toTime }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ \"1h30m\" | parseDuration }}", "5400"),
        ("{{ toDuration 5400 }}", "1h30m0s"),
        ("{{ now }}", "1.7e+09"),
        ("{{ $labels.job | toUpper | printf \"%s!\" }}", "GW!"),
        ("{{ title \"hello wORLD it's\" }}", "Hello WORLD It'S"),
        ("{{ reReplaceAll \"(.*):.*\" \"${1}!\" $labels.instance }}", "gw-1.example.com!"),
        ("{{ if match \"5..\" $labels.code }}server{{ else }}client{{ end }}", "server"),
        ("{{ $labels.instance | stripPort }} {{ stripDomain $labels.instance }}", "gw-1.example.com gw-1:9100"),
        ("{{ $externalLabels.cluster }} {{ .ExternalLabels.cluster }}", "eu-1 eu-1"),
        (
            "{{ externalURL }} {{ $externalURL }} {{ pathPrefix }}",
            "http://prom.example.com/base http://prom.example.com/base /base",
        ),
        ("{{ graphLink \"up == 0\" }}", "/graph?g0.expr=up+%3D%3D+0&g0.tab=0"),
        ("{{ tableLink \"up\" }}", "/graph?g0.expr=up&g0.tab=1"),
        ("{{ query \"up\" | first | value }}", "0"),
        ("{{ query \"up\" | sortByLabel \"instance\" | first | label \"instance\" }}", "a:1"),
        ("{{ with query \"up\" }}{{ . | first | value | humanize }}{{ end }}", "0"),
        ("{{ with query \"none\" }}some{{ else }}none{{ end }}", "none"),
        ("{{ range query \"up\" }}{{ .Labels.instance }}={{ .Value }};{{ end }}", "b:1=0;a:1=1.5;"),
        ("{{ range $i, $s := query \"up\" }}{{ $i }}:{{ $s.Labels.job }} {{ end }}", "0:gw 1:gw "),
        ("{{ range query \"none\" }}x{{ else }}nothing{{ end }}", "nothing"),
        ("{{ range $k, $v := $labels }}{{ $k }}={{ $v }} {{ end }}", "code=503 instance=gw-1.example.com:9100 job=gw "),
        ("{{ len (query \"up\") }}", "2"),
        ("{{ (query \"up\" | first).Labels.instance }}", "b:1"),
        ("{{ (index (query \"up\") 1).Value }}", "1.5"),
        ("{{ index $labels \"job\" }}", "gw"),
        ("{{ safeHtml \"<b>\" }}{{ html \"<b>\" }}{{ urlquery \"a b\" }}", "<b>&lt;b&gt;a+b"),
        ("{{ $labels }}", "map[code:503 instance:gw-1.example.com:9100 job:gw]"),
        ("{{ query \"up\" | first }}", "{map[__name__:up instance:b:1 job:gw] 0}"),
    ];
    for (text, want) in cases {
        assert_eq!(render(text).as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn the_language_is_gos() {
    let cases = [
        ("a {{- /* why */ -}} b {{/* not trimmed */}} c", "ab  c".into()),
        ("{{/* comment */}}x", "x".into()),
        ("  {{- 3 -}}  y", "3y".into()),
        ("{{-3}}", "-3".into()),
        ("{{ $x := 5 }}{{ if gt $x 3 }}{{ $x = 7 }}{{ end }}{{ $x }}", "7".into()),
        ("{{ $x := 5 }}{{ with 1 }}{{ $x := 6 }}{{ $x }}{{ end }}{{ $x }}", "65".into()),
        ("{{ if and true \"\" }}a{{ else if or 0 $labels.job }}b{{ else }}c{{ end }}", "b".into()),
        ("{{ if not (eq $labels.job \"gw\" ) }}a{{ else }}b{{ end }}", "b".into()),
        (
            "{{ eq $labels.job \"x\" \"gw\" }} {{ ne 1 2 }} {{ lt 1.0 $value }} {{ ge \"b\" \"a\" }}",
            "true true false true".into(),
        ),
        ("{{ or \"\" \"first\" (query \"broken\") }}", "first".into()),
        ("{{ print 1 2 \"a\" 3 }} {{ println 1 \"a\" }}", "1 2a3 1 a\n".into()),
        ("{{ `raw \\n` }} {{ \"a\\tb\\u00e9\" }} {{ 'x' }}", "raw \\n a\tbé 120".into()),
        ("{{ 0x1F }} {{ 1e3 }} {{ 1_000 }} {{ -.5 }}", "31 1000 1000 -0.5".into()),
        ("{{ true }} {{ printf \"%d%%\" 5 }}", "true 5%".into()),
        (
            "{{ range query \"up\" }}{{ if eq .Value 0.0 }}{{ continue }}{{ end }}{{ .Value }}{{ break }}{{ end }}",
            "1.5".into(),
        ),
        (
            "{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" $labels.job }}{{ template \"t\" }}",
            "<gw><<no value>>".into(),
        ),
        ("{{ block \"b\" $value }}{{ . }}{{ end }}", "0.0712345".into()),
        ("{{ with args 1 \"b\" }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }}", "1b<no value>".into()),
        ("{{ slice \"abcdef\" 1 3 }} {{ len \"abc\" }}", "bc 3".into()),
        ("{{ 1 | printf \"%v-%v\" 0 }}", "0-1".into()),
        ("{{ with $x := 5 }}{{ $x }}{{ . }}{{ end }}", "55".into()),
        ("{{ 1000000.0 }} {{ 123456.0 }} {{ 0.00001 }}", "1e+06 123456 1e-05".into()),
    ];
    for (text, want) in cases {
        assert_eq!(render(text), Ok(want), "{text}");
    }
}

#[test]
fn what_go_rejects_at_parsing_is_an_error_with_its_place() {
    let cases = [
        ("{{ humanise $value }}", "1:4: function \"humanise\" not defined"),
        ("a\n  {{ $lables.job }}", "2:6: undefined variable \"$lables\""),
        ("{{ $value", "1:1: unclosed action"),
        ("{{ if $value }}x", "1:1: unclosed action: the text ends before its {{end}}"),
        ("x{{ end }}", "1:2: unexpected {{end}}"),
        ("{{ else }}", "1:1: unexpected {{else}}"),
        ("{{ if }}x{{ end }}", "1:7: missing value for if"),
        ("{{ }}", "1:4: missing value for command"),
        ("{{ \"open }}", "1:4: unterminated quoted string"),
        ("{{ `open }}", "1:4: unterminated raw quoted string"),
        ("{{ (1 }}", "1:4: unclosed left paren"),
        ("{{ $value | }}", "1:13: missing value for command"),
        ("{{ 1 | 2 }}", "1:8: a constant may only stand first in a pipeline"),
        ("{{ break }}", "1:1: {{break}} outside {{range}}"),
        ("{{ /* open }}", "1:4: unexpected '/' in an action"),
        ("{{/* open }}", "1:1: unclosed comment"),
        ("{{ $x = 1 }}", "1:4: undefined variable \"$x\""),
        ("{{ 3x }}", "1:4: bad number syntax: \"3x\""),
        ("{{ \"a\"\"b\" }}", "1:7: white space must separate operands"),
        ("{{ define \"t\" }}{{ $value }}{{ end }}", "1:20: undefined variable \"$value\""),
        ("{{ & }}", "1:4: unexpected '&' in an action"),
    ];
    for (text, want) in cases {
        assert_eq!(render(text), Err(want.to_owned()), "{text}");
    }
}

#[test]
fn what_fails_while_rendering_says_where() {
    let cases = [
        ("{{ query \"none\" | first }}", "1:19: error calling first: first() called on vector with no elements"),
        ("{{ query \"broken\" }}", "1:4: error calling query: bad query broken"),
        ("{{ eq $value 0 }}", "1:4: error calling eq: incompatible types for comparison"),
        ("{{ .Nothing }}", "1:4: can't evaluate field Nothing in type struct"),
        ("{{ $value.x }}", "1:4: can't evaluate field x in type float64"),
        ("{{ $value 1 }}", "1:4: can't give argument to non-function"),
        ("{{ humanize }}", "1:4: error calling humanize: wrong number of args for humanize: want 1 got 0"),
        ("{{ toUpper 1 }}", "1:4: error calling toUpper: wrong type for value; expected string; got int"),
        ("{{ range 5 }}{{ end }}", "1:10: range can't iterate over 5"),
        ("{{ template \"t\" }}", "1:1: template \"t\" not defined"),
        ("{{ reReplaceAll \"(\" \"\" \"\" }}", "1:4: error calling reReplaceAll: error parsing regexp: \"(\""),
        ("{{ nil }}", "1:4: nil is not a command"),
    ];
    for (text, want) in cases {
        assert_eq!(render(text), Err(want.to_owned()), "{text}");
    }
}

#[test]
fn no_template_runs_away() {
    let forever = "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" 1 }}";
    assert!(render(forever).is_err_and(|error| error.ends_with("templates call each other too deeply")));
    let twice = |n: usize| {
        format!("{{{{ define \"t{n}\" }}}}{0}{0}{{{{ end }}}}", format!("{{{{ template \"t{}\" }}}}", n + 1))
    };
    let bomb: String =
        (0..40).map(twice).collect::<String>() + "{{ define \"t40\" }}0123456789{{ end }}{{ template \"t0\" }}";
    assert!(render(&bomb).is_err_and(|error| error.contains("runs too long") || error.contains("gets too long")));
    assert!(render(&"{{ (".repeat(500)).is_err());
    let nested = "{{ if 1 }}".repeat(200) + &"{{ end }}".repeat(200);
    assert!(render(&nested).is_err_and(|error| error.ends_with("nested too deeply")));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\{\\{-? ?|-?\\}\\}|[a-z$.|()\"`' ]|if |end|range |else|with |printf |\\$value|:=|[0-9]|\\\\){0,40}") {
        let _ = render(&text);
    }
}
