//! Which types go together, and what else a call or an operator asks of its operands.

use crate::promql::ast::{Aggregate, Binary, Call, Cardinality, Expr, ValueType};
use crate::promql::error::{Fault, Span};
use crate::promql::function::{Run, Special};
use crate::promql::pattern;
use crate::promql::quote::quote;

/// A sign stands before a scalar or an instant vector.
pub(super) fn signed(operand: &Expr, span: Span) -> Result<(), Fault> {
    match operand.value_type() {
        ValueType::Scalar | ValueType::Vector => Ok(()),
        other => Err(Fault::parse(
            span,
            format!(
                "unary expression only allowed on expressions of type scalar or instant vector, got {}",
                quote(other.name())
            ),
        )),
    }
}

pub(super) fn binary(binary: &mut Binary, op_span: Span) -> Result<(), Fault> {
    let (left, right) = (binary.left.value_type(), binary.right.value_type());
    let (op, matching) = (binary.op, &binary.matching);
    let whole = binary.left.span.to(binary.right.span);
    let op_fault = |message: &str| Err(Fault::parse(op_span, message));
    let fault = |message: &str| Err(Fault::parse(whole, message));

    if binary.bool && !op.is_comparison() {
        return op_fault("bool modifier can only be used on comparison operators");
    }
    if op.is_comparison() && !binary.bool && left == ValueType::Scalar && right == ValueType::Scalar {
        return op_fault("comparisons between scalars must use BOOL modifier");
    }
    if !matching.on.without
        && let Some(label) = matching.include.iter().find(|label| matching.on.labels.contains(label))
    {
        return op_fault(&format!("label {} must not occur in ON and GROUP clause at once", quote(label)));
    }
    for operand in [&binary.left, &binary.right] {
        if !matches!(operand.value_type(), ValueType::Scalar | ValueType::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(Fault::parse(operand.span, message));
        }
    }
    let filled = matching.fill_left.is_some() || matching.fill_right.is_some();
    if left == ValueType::Vector && right == ValueType::Vector {
        if op.is_set() && matching.cardinality != Cardinality::OneToOne {
            return fault(&format!("no grouping allowed for {} operation", quote(&set_name(binary))));
        }
        if op.is_set() && filled {
            return fault("filling in missing series not allowed for set operators");
        }
        return Ok(());
    }
    if !matching.on.labels.is_empty() {
        return fault("vector matching only allowed between instant vectors");
    }
    if filled {
        return fault("filling in missing series only allowed between instant vectors");
    }
    if op.is_set() {
        return fault(&format!("set operator {} not allowed in binary scalar expression", quote(&set_name(binary))));
    }
    Ok(())
}

fn set_name(binary: &Binary) -> String {
    format!("{:?}", binary.op).to_lowercase()
}

pub(super) fn aggregate(aggregate: &Aggregate) -> Result<(), Fault> {
    expect(&aggregate.expr, ValueType::Vector, "aggregation expression")?;
    let (Some(param), Some(wanted)) = (&aggregate.param, aggregate.op.param()) else { return Ok(()) };
    expect(param, wanted, "aggregation parameter")?;
    match param.text() {
        Some("") => Err(Fault::parse(param.span, "invalid label name \"\"")),
        _ => Ok(()),
    }
}

pub(super) fn call(call: &mut Call, span: Span) -> Result<(), Fault> {
    let function = call.function;
    let (wanted, got) = (function.args.len(), call.args.len());
    let name = quote(function.name);
    // The last argument of a variadic function may be left out.
    let least = if function.variadic == 0 { wanted } else { wanted - 1 };
    let most = match function.variadic {
        0 => wanted,
        more if more > 0 => wanted - 1 + more as usize,
        _ => usize::MAX,
    };
    if function.variadic == 0 && got != wanted {
        return Err(Fault::parse(span, format!("expected {wanted} argument(s) in call to {name}, got {got}")));
    }
    if got < least {
        return Err(Fault::parse(span, format!("expected at least {least} argument(s) in call to {name}, got {got}")));
    }
    if got > most {
        return Err(Fault::parse(span, format!("expected at most {most} argument(s) in call to {name}, got {got}")));
    }
    for (at, arg) in call.args.iter().enumerate() {
        expect(arg, function.args[at.min(wanted - 1)], &format!("call to function {name}"))?;
    }
    match function.run {
        Run::Special(Special::LabelReplace) => label_replace(call),
        Run::Special(Special::LabelJoin) => label_join(call),
        _ => Ok(()),
    }
}

fn expect(expr: &Expr, wanted: ValueType, context: &str) -> Result<(), Fault> {
    let got = expr.value_type();
    if got == wanted {
        return Ok(());
    }
    Err(Fault::parse(expr.span, format!("expected type {} in {context}, got {}", wanted.name(), got.name())))
}

fn label_replace(call: &mut Call) -> Result<(), Fault> {
    let text = |at: usize| call.args[at].text().unwrap_or_default();
    let pattern = pattern::compile(text(4)).map_err(|_| {
        Fault::parse(call.args[4].span, format!("invalid regular expression in label_replace(): {}", text(4)))
    })?;
    if text(1).is_empty() {
        let message = format!("invalid destination label name in label_replace(): {}", text(1));
        return Err(Fault::parse(call.args[1].span, message));
    }
    call.pattern = Some(pattern);
    Ok(())
}

fn label_join(call: &Call) -> Result<(), Fault> {
    for (at, arg) in call.args.iter().enumerate().skip(1).filter(|(at, _)| *at != 2) {
        if arg.text() == Some("") {
            let which = if at == 1 { "destination" } else { "source" };
            return Err(Fault::parse(arg.span, format!("invalid {which} label name in label_join(): ")));
        }
    }
    Ok(())
}
