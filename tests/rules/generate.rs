//! Rule files and test files by chance, the same for the same seed. They expect nothing, so that all that is found is printed.
//!
//! Evaluations are 37 s apart and samples 60 s, so that no sample lies on the edge of a window: there Prometheus 2.42, which
//! is here, and Prometheus 3, whose language ours is, differ.

use std::fmt::Write;
use std::path::{Path, PathBuf};

struct Chance(u64);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % count
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const METRICS: [&str; 3] = ["a_total", "b", "c"];
const COUNTERS: [&str; 3] = ["a_total", "a_total{job=\"x\"}", "a_total{i!=\"2\"}"];
const DURATIONS: [&str; 5] = ["0s", "37s", "1m", "2m", "5m"];

/// Writes a rule file and a test file of it, and returns the latter.
pub fn files(folder: &Path, seed: u64) -> PathBuf {
    let rules_name = format!("rules-{seed}.yaml");
    std::fs::write(folder.join(&rules_name), rules(seed)).expect("it is written");
    let test = folder.join(format!("test-{seed}.yaml"));
    std::fs::write(&test, tests(seed, &rules_name)).expect("it is written");
    test
}

/// Two groups, the second of which may read what the first records.
pub fn rules(seed: u64) -> String {
    let mut chance = Chance(seed);
    let mut out = String::from("groups:\n");
    for group in 0..2 {
        writeln!(out, "  - name: g{group}\n    rules:").expect("it is written");
        for rule in 0..3 {
            let expression = expression(&mut chance, 2);
            writeln!(out, "      - record: r{group}{rule}\n        expr: '{expression}'").expect("it is written");
            if chance.below(3) == 0 {
                writeln!(out, "        labels: {{ made: by-{rule}, i: '' }}").expect("it is written");
            }
        }
        for rule in 0..3 {
            let (left, op) = (expression(&mut chance, 2), chance.of(&[">", "<", ">=", "!=", "=="]));
            writeln!(out, "      - alert: A{group}{rule}\n        expr: '{left} {op} {}'", chance.below(6))
                .expect("it is written");
            writeln!(out, "        for: {}", chance.of(&DURATIONS)).expect("it is written");
            writeln!(out, "        keep_firing_for: {}", chance.of(&DURATIONS)).expect("it is written");
            writeln!(out, "        labels: {{ severity: page, who: '{{{{ $labels.job }}}}' }}").expect("it is written");
            let text = "{{ $labels }} {{ $value | printf \"%.6g\" }} {{ with query \"sum(b)\" }}{{ . | first | value }}{{ end }}";
            writeln!(out, "        annotations: {{ summary: '{text}' }}").expect("it is written");
        }
    }
    out
}

fn selector(chance: &mut Chance) -> String {
    let metric = match chance.below(5) {
        0 => format!("r0{}", chance.below(3)),
        _ => chance.of(&METRICS).to_owned(),
    };
    let matchers = chance.of(&["", "", "", "{job=\"x\"}", "{i!=\"1\"}", "{i=~\"1|3\"}", "{job!~\"y.*\", i=~\".+\"}"]);
    format!("{metric}{matchers}")
}

fn expression(chance: &mut Chance, depth: usize) -> String {
    if depth == 0 {
        return selector(chance);
    }
    let inner = |chance: &mut Chance| expression(chance, depth - 1);
    let range = chance.of(&["2m", "5m", "7m", "11m"]);
    match chance.below(16) {
        0 => format!("sum by (job) ({})", inner(chance)),
        1 => format!("max without (i) ({})", inner(chance)),
        2 => format!("count({})", inner(chance)),
        3 => format!("rate({}[{range}])", chance.of(&COUNTERS)),
        4 => format!("increase({}[{range}])", chance.of(&COUNTERS)),
        5 => format!(
            "{}_over_time({}[{range}])",
            chance.of(&["max", "min", "avg", "sum", "count", "last"]),
            selector(chance)
        ),
        6 => format!("{}({}[{range}])", chance.of(&["changes", "resets", "delta", "deriv"]), selector(chance)),
        7 => format!("({} {} on (job, i) {})", inner(chance), chance.of(&["and", "or", "unless"]), inner(chance)),
        8 => format!("({} {} {})", inner(chance), chance.of(&["+", "*", "> bool", "-"]), 1 + chance.below(4)),
        9 => format!("absent({})", selector(chance)),
        10 => format!("abs({} offset {range})", selector(chance)),
        11 => format!("max_over_time(sum(rate(a_total[5m]))[{range}:37s]) + {}", chance.below(3)),
        12 => format!("label_replace({}, \"to\", \"$1-x\", \"job\", \"(.*)\")", inner(chance)),
        13 => format!("quantile by (job) (0.{}, {})", chance.below(10), inner(chance)),
        14 => format!("clamp_max({}, {})", inner(chance), chance.below(8)),
        _ => selector(chance),
    }
}

fn values(chance: &mut Chance, counter: bool) -> String {
    let mut out = String::new();
    // Far from zero, where 2.42 extrapolates otherwise than 3 does.
    let mut count = 1_000_000;
    let reset = chance.below(16);
    for at in 0..8 {
        if at == reset {
            count = 10_000;
        }
        let token = match (counter, chance.below(8)) {
            (true, 0) => "_".to_owned(),
            (true, _) => {
                let (step, more) = (chance.below(60), chance.below(5));
                count += step * (more + 1);
                format!("{}+{step}x{more}", count - step * more)
            }
            (false, 0) => "stale".to_owned(),
            (false, 1) => format!("_x{}", 1 + chance.below(7)),
            (false, 2) => format!("{}x{}", chance.below(6), chance.below(5)),
            (false, 3) => format!("{}-{}x3", chance.below(6), chance.below(3)),
            (false, _) => chance.below(8).to_string(),
        };
        write!(out, "{token} ").expect("it is written");
    }
    out
}

fn tests(seed: u64, rules: &str) -> String {
    let mut chance = Chance(seed ^ 0x5eed);
    let mut out = format!("rule_files: [{rules}]\nevaluation_interval: 37s\ngroup_eval_order: [g0, g1]\ntests:\n");
    writeln!(out, "  - name: seed {seed}\n    interval: 60s\n    input_series:").expect("it is written");
    for metric in METRICS {
        for (job, i) in [("x", "1"), ("x", "2"), ("y", "1"), ("yy", "3")] {
            let values = values(&mut chance, metric.ends_with("_total"));
            writeln!(out, "      - {{ series: '{metric}{{job=\"{job}\", i=\"{i}\"}}', values: '{values}' }}")
                .expect("it is written");
        }
    }
    writeln!(out, "    alert_rule_test:").expect("it is written");
    for tick in (1..30).step_by(4) {
        for alert in ["A00", "A01", "A02", "A10", "A11", "A12"] {
            writeln!(out, "      - {{ eval_time: {}s, alertname: {alert} }}", tick * 37).expect("it is written");
        }
    }
    writeln!(out, "    promql_expr_test:").expect("it is written");
    for tick in (3..30).step_by(9) {
        for query in ["r00", "r01", "r02", "r10", "r11", "r12", "ALERTS", "ALERTS_FOR_STATE"] {
            writeln!(out, "      - {{ expr: {query}, eval_time: {}s }}", tick * 37).expect("it is written");
        }
        let query = expression(&mut chance, 3);
        writeln!(out, "      - {{ expr: '{query}', eval_time: {}s }}", tick * 37).expect("it is written");
    }
    out
}
