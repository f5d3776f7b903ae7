//! Kinds of values.

use super::*;

#[test]
fn durations_sizes_and_rates_read_and_print_as_people_write_them() {
    for (text, millis, printed) in [
        ("250ms", 250, "250ms"),
        ("30s", 30_000, "30s"),
        ("1h30m", 5_400_000, "1h30m"),
        ("90m", 5_400_000, "1h30m"),
        ("1w", 604_800_000, "7d"),
        ("0s", 0, "0s"),
    ] {
        let config = read(&format!("ingress: {{ drain: {text} }}")).expect(text);
        assert_eq!(config.ingress.drain.as_millis(), millis, "{text}");
        assert_eq!(print_duration(config.ingress.drain), printed);
    }
    for text in ["5", "5x", "-1s", "1m1h", "1s1s", "s", "1.5h", "''", "99999999999999999999s", "9999999999999y"] {
        assert!(faults(&format!("ingress: {{ drain: {text} }}")).starts_with("ingress.drain: "), "{text}");
    }
    for (text, bytes) in [("2097152", 2 << 20), ("2MiB", 2 << 20), ("3MB", 3_000_000), ("1GiB", 1 << 30)] {
        assert_eq!(read(&format!("history: {{ memory: {text} }}")).expect(text).history.memory, bytes);
    }
    for (text, count, seconds, printed) in [("10/m", 10, 60, "10/m"), ("5/10s", 5, 10, "5/10s"), ("1/s", 1, 1, "1/s")] {
        let rate = read(&format!("admin: {{ rate_limit: {text} }}")).expect(text).admin.rate_limit;
        assert_eq!((rate.count, rate.per.as_secs()), (count, seconds));
        assert_eq!(serde_json::to_value(rate).expect("text"), printed);
    }
    for text in ["10", "0/m", "10/0s", "/m", "10/x"] {
        assert!(faults(&format!("admin: {{ rate_limit: {text} }}")).starts_with("admin.rate_limit: "), "{text}");
    }
}

#[test]
fn the_gateway_is_a_host_and_a_port_in_any_of_the_usual_forms() {
    for (text, at, tls) in [
        ("127.0.0.1:8000", "127.0.0.1:8000", false),
        ("gateway.internal:80", "gateway.internal:80", false),
        ("'[::1]:8000'", "[::1]:8000", false),
        ("http://gateway", "gateway:80", false),
        ("https://gateway/", "gateway:443", true),
        ("'https://[::1]:8443'", "[::1]:8443", true),
    ] {
        let gateway = read(&format!("ingress: {{ gateway: {text} }}")).expect(text).ingress.gateway;
        assert_eq!((gateway.at.to_string(), gateway.tls.is_some()), (at.to_owned(), tls));
    }
    for text in
        ["gateway", "gateway:0", "gateway:99999", "http://gateway/api", "ftp://gateway:1", "'a b:1'", "8000", "':1'"]
    {
        assert!(faults(&format!("ingress: {{ gateway: {text} }}")).starts_with("ingress.gateway: "), "{text}");
    }
}

#[test]
fn patterns_hold_whole_parameters_in_their_segments() {
    let pattern = |text: &str| read(&format!("routes: {{ patterns: [ \"{text}\" ] }}"));
    for text in ["/", "/a/b/", "/users/{id}", "/files/{name:path}", "/v1/models/{name}:predict", "/{a}/{b}.json"] {
        assert!(pattern(text).is_ok(), "{text}");
    }
    for text in ["a", "/a//b", "/{}", "/{a}/{a}", "/{a", "/a}", "/{a}{b}", "/{a:path}/b", "/a?b", "/a b", "/{a b}"] {
        assert!(pattern(text).is_err(), "{text}");
    }
}

#[test]
fn listeners_must_not_meet_and_the_gateway_must_not_be_us() {
    let told = faults("ingress: { listen: 0.0.0.0:9600, gateway: 127.0.0.1:9600 }");
    assert!(told.contains("admin.listen: 0.0.0.0:9600 is the port of `ingress.listen[0]` already"), "{told}");
    assert!(told.contains("ingress.gateway: 127.0.0.1:9600 is our own `ingress.listen[0]`"), "{told}");
    assert!(read("ingress: { listen: [ 127.0.0.1:0, 127.0.0.1:0 ] }").is_ok(), "port 0 is any free port");
}

#[test]
fn an_egress_port_is_on_loopback_unless_it_is_said_to_be_public() {
    let text = "egress: { http_proxy: 0.0.0.0:3128 }";
    assert!(faults(text).contains("egress.public: true"));
    assert!(read("egress: { http_proxy: 0.0.0.0:3128, public: true }").is_ok());
    assert!(faults("services: [ { name: a, address: a:1, listen: 0.0.0.0:1 } ]").starts_with("services[0].listen: "));
}

#[test]
fn rules_name_channels_that_are_there_and_thresholds_that_agree() {
    let text = "
alerting:
  channels: { slack: { webhook: { url: 'http://a/' } } }
  rules:
    - { name: a, condition: 'error_rate > 0.05', threshold: 0.06, channels: [ slak ] }
    - { name: a, condition: 'rate(x[5m) > 1', severity: warning }
    - { condition: up }
  escalation: [ { after: 5m, channels: [ email ] } ]
";
    let expected = "\
alerting.rules[0].threshold: is 0.06, but the condition compares with 0.05
alerting.rules[0].channels[0]: there is no channel `slak` under alerting.channels; did you mean `slack`?
alerting.rules[1].name: `a` is there twice
alerting.rules[1].condition: has a `)` too many
alerting.rules[2].name: is missing
alerting.escalation[0].channels[0]: there is no channel `email` under alerting.channels";
    assert_eq!(faults(text), expected);
}

#[test]
fn a_secret_comes_from_the_environment_or_a_file_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), "from a file\n").expect("written");
    let text = "admin: { tokens: [ { name: a, role: read, token: { file: token } } ] }";
    let config = parse(text, folder.path(), &|_| None).expect("valid");
    assert_eq!(config.admin.tokens[0].token.expose(), "from a file");
    assert_eq!(config.source.files, [Seen::now(&folder.path().join("token"))]);
    for (token, told) in [
        ("{ env: NONE }", "environment variable NONE is not set"),
        ("{ file: none }", "cannot read the secret from"),
        ("{ env: TOKEN, file: token }", "one of the two"),
        ("s3cret", "a secret is not written into the file"),
        ("{ }", "one of the two"),
    ] {
        let text = format!("admin: {{ tokens: [ {{ name: a, role: read, token: {token} }} ] }}");
        assert!(faults(&text).contains(told), "{token}: {}", faults(&text));
    }
    assert!(!faults("admin: { tokens: [ { name: a, role: read, token: hunter2 } ] }").contains("hunter2"));
}

#[test]
fn hostile_yaml_ends_with_an_error_and_soon() {
    let laughs = |first: &str| {
        let mut text = format!("a0: &a0 {first}\n");
        for level in 1..10 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [ {before} ]\n"));
        }
        text
    };
    let long = format!("a: &a \"{}\"\nb: [ {} ]", "x".repeat(500_000), "*a, ".repeat(50_000));
    let wide = format!("a: &a [ {} ]\nb: [ {} ]", "1, ".repeat(50_000), "*a, ".repeat(50_000));
    for text in [
        laughs("[ lol, lol ]"),
        long,
        wide,
        "[".repeat(seen::MAX_TEXT),
        "{a: ".repeat(9_999),
        "- ".repeat(500_000),
        "? ".repeat(500_000),
        "a: &a [".repeat(9_999),
        "a".repeat(seen::MAX_TEXT + 1),
        "a: &a [ *a ]".to_owned(),
        "a: !!python/object:os.system x".to_owned(),
        "? [ a, b ]\n: c".to_owned(),
        "a: 1\n---\nb: 2\n".to_owned(),
        "\u{0}".to_owned(),
    ] {
        let start = std::time::Instant::now();
        assert!(read(&text).is_err(), "{}", &text[..text.len().min(60)]);
        assert!(start.elapsed().as_secs() < 5, "{}", &text[..text.len().min(60)]);
    }
}

#[test]
fn a_key_that_is_there_twice_is_a_fault() {
    assert_eq!(faults("service: a\nservice: b\n"), "service: is there twice");
    assert!(read("x: &x { level: debug }\nlog: *x").is_err(), "an anchor needs a home that is a key");
}

#[test]
fn what_cannot_change_without_a_restart_is_named() {
    let old = Config::default();
    let new =
        read("ingress: { listen: 127.0.0.1:1, drain: 1s }\nadmin: { listen: 127.0.0.1:2 }\nlog: { level: debug }");
    let told = reloadable(&old, &new.expect("valid")).expect_err("two listeners moved").to_string();
    let keys: Vec<_> = told.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(keys, ["ingress.listen", "admin.listen"]);
    let new = read("ingress: { gateway: other:1, drain: 1s }\nroutes: { max: 5 }").expect("valid");
    assert_eq!(reloadable(&old, &new), Ok(()));
    assert_eq!(changed(&old, &new), ["ingress", "routes"]);
}
