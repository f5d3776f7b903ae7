//! What the parser reads, what it refuses and where, and whether another parser agrees.

use super::*;

fn fault(text: &str) -> String {
    let fault = parse(text).expect_err(text);
    let (line, column) = fault.span.line_and_column(text);
    format!("{line}:{column}: {}", fault.message)
}

/// The shape of a query with all its parentheses.
fn shape(expr: &Expr) -> String {
    match &expr.kind {
        Kind::Number(value) => value.to_string(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::Selector(selector) | Kind::Range { selector, .. } => {
            let crate::promql::series::Op::Equal(name) = &selector.matchers[0].op else { return "{}".into() };
            name.clone()
        }
        Kind::Subquery(subquery) => format!("{}[:]", shape(&subquery.expr)),
        Kind::Call(call) => {
            let args: Vec<String> = call.args.iter().map(shape).collect();
            format!("{}({})", call.function.name, args.join(" "))
        }
        Kind::Aggregate(a) => format!("{:?}{:?}({})", a.op, a.grouping.labels, shape(&a.expr)),
        Kind::Binary(binary) => format!("({} {:?} {})", shape(&binary.left), binary.op, shape(&binary.right)),
        Kind::Negate(inner) => format!("(-{})", shape(inner)),
        Kind::Paren(inner) => shape(inner),
    }
}

#[test]
fn operators_bind_as_in_mathematics() {
    let cases = [
        ("1 + 2 * 3 ^ 2 ^ 2", "(1 Add (2 Mul (3 Pow (2 Pow 2))))"),
        ("1 - 2 - 3", "((1 Sub 2) Sub 3)"),
        ("-1 ^ 2", "(-(1 Pow 2))"),
        ("-a * b", "((-a) Mul b)"),
        ("2 ^ -1 * 3", "((2 Pow -1) Mul 3)"),
        ("--1", "1"),
        ("a or b and c unless d", "(a Or ((b And c) Unless d))"),
        ("a + 1 > b * 2 and c", "(((a Add 1) Greater (b Mul 2)) And c)"),
        ("a % b atan2 c", "((a Mod b) Atan2 c)"),
        ("a == bool b != c", "((a Equal b) NotEqual c)"),
        ("-a offset 5m", "(-a)"),
        ("a offset 5m + 1", "(a Add 1)"),
        ("a offset -5m ^ 2", "(a Pow 2)"),
    ];
    for (text, want) in cases {
        assert_eq!(shape(&parse(text).expect(text)), want, "{text}");
    }
}

#[test]
fn what_the_language_allows_is_read() {
    let valid = [
        "1_000_000",
        "0x_1f",
        "5m",
        "foo{a='b', c!=\"d\", e=~`f`, g!~\"h\",}",
        "{\"foo.bar\", \"a.b\"=\"c\"}",
        "foo [5m] offset 1w",
        "foo[5m] @ start() offset 1m",
        "foo @ -1.5e3",
        "foo offset -5m @ end()",
        "foo offset 0s",
        "(foo)[1h:]",
        "foo[1h : 5m] @ 1",
        "rate(foo[5m])[1h:1m] offset 5m",
        "sum(foo) by (a, \"b.c\",)",
        "sum without () (foo)",
        "SUM BY (a) (foo)",
        "topk(scalar(foo), foo)",
        "count_values(\"v\", foo)",
        "foo * ON (a) GROUP_LEFT (b) bar",
        "foo * on () group_right bar",
        "foo == bool ignoring (a) bar",
        "foo + fill(0) bar",
        "foo + on (a) group_left fill_left(-1) fill_right(2) bar",
        "fill + fill",
        "sum + by + offset + and and or or unless",
        "sum{by=\"x\", and=\"y\", or=\"z\"}",
        "time() - start() + step()",
        "round(foo)",
        "round(foo, 5)",
        "day_of_month()",
        "label_join(foo, \"a\", \",\")",
        "sort_by_label(foo, \"a\", \"b\")",
        "foo[5m*2]",
        "foo[step()+1m:max_of(step(), 1s)]",
        "foo offset (1m + 1m)",
        "foo anchored",
        "rate(foo[5m] smoothed offset 1m)",
        "# a comment\nfoo # and another",
        "\"text\"",
        "-(foo)",
        "+foo",
        "Inf + -nan",
        "{__name__=~\"a|b\"}",
        "foo{a=\"\"}",
        ":rule:name",
    ];
    for text in valid {
        parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    }
}

#[test]
fn a_fault_names_its_place() {
    let cases = [
        ("", "1:1: no expression found in input"),
        ("foo bar", "1:5: unexpected identifier \"bar\""),
        ("sum(rate(foo[5m]) by (x)", "1:19: unexpected identifier \"by\", expected \")\""),
        ("sum(foo", "1:4: unclosed left parenthesis"),
        ("(1", "1:1: unclosed left parenthesis"),
        ("1)", "1:2: unexpected \")\""),
        ("foo +", "1:6: unexpected end of input"),
        ("foo + * bar", "1:7: unexpected \"*\""),
        ("sum by foo (x)", "1:8: unexpected identifier \"foo\" in grouping opts, expected \"(\""),
        ("foo{a=b}", "1:7: unexpected identifier \"b\" in label matching, expected string"),
        ("foo{a}", "1:6: unexpected \"}\" in label matching, expected label matching operator"),
        ("foo{a=\"b\" c=\"d\"}", "1:11: unexpected identifier \"c\" in label matching, expected \",\" or \"}\""),
        ("foo{a=\"b\" or c=\"d\"}", "1:11: unexpected identifier \"or\" in label matching, expected \",\" or \"}\""),
        ("foo{,}", "1:5: unexpected \",\" in label matching, expected identifier or \"}\""),
        ("foo{a=~\"(\"}", "1:5: error parsing regexp: unclosed group: `(`"),
        ("{}", "1:1: vector selector must contain at least one non-empty matcher"),
        ("{a=~\".*\"}", "1:1: vector selector must contain at least one non-empty matcher"),
        ("foo{__name__=\"bar\"}", "1:1: metric name must not be set twice: \"foo\" or \"bar\""),
        ("foo[5m][5m]", "1:8: ranges only allowed for vector selectors"),
        ("foo offset 1m [5m]", "1:15: no offset modifiers allowed before range"),
        ("foo @ 1 [5m]", "1:9: no @ modifiers allowed before range"),
        ("foo offset 1m offset 2m", "1:1: offset may not be set multiple times"),
        ("foo @ 1 @ 2", "1:1: @ <timestamp> may not be set multiple times"),
        (
            "1 offset 5m",
            "1:1: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
        ),
        ("foo offset", "1:11: unexpected end of input in offset, expected number, duration, step(), or range()"),
        ("foo[1e30]", "1:5: duration out of range"),
        ("foo offset 1e30", "1:12: duration out of range"),
        ("foo[0m]", "1:5: duration must be greater than 0"),
        ("foo[5m:0s]", "1:8: duration must be greater than 0"),
        ("foo[1/0]", "1:5: division by zero"),
        ("foo @ Inf", "1:1: timestamp out of bounds for @ modifier: inf"),
        ("5m30", "1:1: bad number or duration syntax: \"5m30\""),
        ("30m1h", "1:1: not a valid duration string: \"30m1h\""),
        ("nosuch(foo)", "1:1: unknown function with name \"nosuch\""),
        ("Rate(foo[5m])", "1:1: unknown function with name \"Rate\""),
        ("rate(foo)", "1:6: expected type range vector in call to function \"rate\", got instant vector"),
        ("sum(foo[5m])", "1:5: expected type instant vector in aggregation expression, got range vector"),
        ("topk(foo, foo)", "1:6: expected type scalar in aggregation parameter, got instant vector"),
        ("topk(foo)", "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
        ("sum()", "1:1: no arguments for aggregate expression provided"),
        ("rate(foo[5m], 1)", "1:1: expected 1 argument(s) in call to \"rate\", got 2"),
        ("label_join(foo, \"a\")", "1:1: expected at least 3 argument(s) in call to \"label_join\", got 2"),
        ("round(foo, 1, 2)", "1:1: expected at most 2 argument(s) in call to \"round\", got 3"),
        ("abs(foo,)", "1:8: trailing commas not allowed in function call args"),
        ("1 == 1", "1:3: comparisons between scalars must use BOOL modifier"),
        ("foo + bool bar", "1:5: bool modifier can only be used on comparison operators"),
        ("foo and 1", "1:1: set operator \"and\" not allowed in binary scalar expression"),
        ("foo or on (a) group_left bar", "1:1: no grouping allowed for \"or\" operation"),
        ("foo * on (a) group_left (a) bar", "1:5: label \"a\" must not occur in ON and GROUP clause at once"),
        ("1 + on (a) foo", "1:1: vector matching only allowed between instant vectors"),
        ("foo[5m] + 1", "1:1: binary expression must contain only scalar and instant vector types"),
        (
            "-\"a\"",
            "1:1: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
        ),
        ("foo\n  + rate(bar)", "2:10: expected type range vector in call to function \"rate\", got instant vector"),
        ("label_replace(foo, \"a\", \"\", \"b\", \"(\")", "1:34: invalid regular expression in label_replace(): ("),
        ("foo > bool", "1:11: unexpected end of input"),
        ("foo * (on)", "1:8: unexpected identifier \"on\""),
    ];
    for (text, want) in cases {
        assert_eq!(fault(text), want, "{text}");
    }
}

#[test]
fn depth_is_bounded() {
    let deep = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    parse(&deep(30)).expect("thirty levels");
    assert!(fault(&deep(100_000)).contains("nests deeper"));
    assert!(fault(&"-".repeat(100_000)).contains("nests deeper"));
    let long = |n: usize| vec!["a"; n].join(" + ");
    parse(&long(250)).expect("two hundred and fifty terms");
    assert!(fault(&long(300)).contains("levels"));
    assert!(fault(&format!("a[{}1]", "(".repeat(100_000))).contains("simpler"));
}

#[test]
fn a_constant_is_known_as_one() {
    for (text, want) in [
        ("foo @ 1 + 2", true),
        ("sum(rate(foo[5m] @ end()))", true),
        ("foo + bar @ 1", false),
        ("time()", false),
        ("timestamp(foo @ 1)", false),
        ("sum_over_time(foo[5m:1m] @ 1)", true),
        ("predict_linear(foo[5m] @ 1, 5)", false),
    ] {
        assert_eq!(parse(text).expect(text).is_constant(), want, "{text}");
    }
}

/// The shape of a query as the `promql-parser` crate reads it.
fn peer_shape(expr: &promql_parser::parser::Expr) -> String {
    use promql_parser::parser::Expr as Peer;
    match expr {
        Peer::NumberLiteral(number) => number.val.to_string(),
        Peer::StringLiteral(text) => format!("{:?}", text.val),
        Peer::VectorSelector(selector) => selector.name.clone().unwrap_or_else(|| "{}".into()),
        Peer::MatrixSelector(range) => range.vs.name.clone().unwrap_or_else(|| "{}".into()),
        Peer::Subquery(subquery) => format!("{}[:]", peer_shape(&subquery.expr)),
        Peer::Call(call) => {
            let args: Vec<String> = call.args.args.iter().map(|arg| peer_shape(arg)).collect();
            format!("{}({})", call.func.name, args.join(" "))
        }
        Peer::Aggregate(a) => {
            let op = super::super::ast::AggregateOp::from_word(&a.op.to_string()).expect("an operator");
            let mut labels = a.modifier.as_ref().map_or(Vec::new(), |modifier| modifier.labels().labels.clone());
            labels.sort();
            format!("{op:?}{labels:?}({})", peer_shape(&a.expr))
        }
        Peer::Binary(binary) => {
            let op = BinaryOp::from_text(&binary.op.to_string()).expect("an operator");
            format!("({} {op:?} {})", peer_shape(&binary.lhs), peer_shape(&binary.rhs))
        }
        Peer::Unary(unary) => format!("(-{})", peer_shape(&unary.expr)),
        Peer::Paren(paren) => peer_shape(&paren.expr),
        Peer::Extension(_) => "extension".into(),
    }
}

#[test]
fn another_parser_reads_the_same() {
    let operands = [
        "1",
        "foo",
        "-foo",
        "rate(foo[5m])",
        "sum by (b, a) (foo)",
        "(foo + 1)",
        "-2 ^ bar",
        "foo offset 5m",
        "foo[1h:1m] @ 5",
        "time()",
        "quantile(0.5, foo{a=\"b\"})",
        "topk without (a) (3, foo)",
        "\"text\"",
        "label_join(foo, \"a\", \",\", \"b\")",
        "histogram_quantile(0.9, sum by (le) (rate(foo[5m])))",
    ];
    let operators = [
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "atan2",
        "==",
        "!= bool",
        "<",
        "and",
        "or on (a)",
        "unless",
        "> on () group_left",
    ];
    let mut queries: Vec<String> = operands.iter().map(|operand| (*operand).to_owned()).collect();
    for (at, operator) in operators.iter().enumerate() {
        for left in operands {
            for right in operands {
                let next = operators[(at + left.len() + right.len()) % operators.len()];
                queries.push(format!("{left} {operator} {right}"));
                queries.push(format!("{left} {operator} {right} {next} bar"));
            }
        }
    }
    let mut both = 0;
    for query in &queries {
        let (ours, peer) = (parse(query), promql_parser::parser::parse(query));
        // The crate takes `foo or on () group_left bar`, and `1 + on () group_left bar`, for valid.
        if query.contains("group_left") && ours.is_err() != peer.is_err() {
            continue;
        }
        assert_eq!(ours.is_ok(), peer.is_ok(), "{query}: {ours:?} {peer:?}");
        if let (Ok(ours), Ok(peer)) = (ours, peer) {
            assert_eq!(shape(&ours), peer_shape(&peer), "{query}");
            both += 1;
        }
    }
    assert!(both > 1000, "{both} valid queries");
}
