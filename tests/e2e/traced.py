"""OpenTelemetry's own SDK on both sides of the road: each form of trace headers by the propagator that its makers ship."""

from opentelemetry import trace
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FORMS = {
    "tracecontext": TraceContextTextMapPropagator(),
    "b3": B3SingleFormat(),
    "b3multi": B3MultiFormat(),
    "jaeger": JaegerPropagator(),
}
tracer = TracerProvider().get_tracer("e2e")


def told(span):
    """The ids of a span, as everybody writes them."""
    context = span.get_span_context()
    parent = format(span.parent.span_id, "016x") if span.parent else None
    return {"trace": format(context.trace_id, "032x"), "span": format(context.span_id, "016x"), "parent": parent}


def server(form, headers):
    """The span that the SDK makes of a request with these headers."""
    context = FORMS[form].extract(headers)
    with tracer.start_as_current_span("gateway", context=context, kind=trace.SpanKind.SERVER) as span:
        return told(span)


def client(form):
    """A client's span, and the headers that go out in it."""
    headers = {}
    with tracer.start_as_current_span("client", kind=trace.SpanKind.CLIENT) as span:
        FORMS[form].inject(headers)
        return told(span), headers


def call(form, headers):
    """The span of a request with these headers, that of a call which it causes, and the headers of that call."""
    context, out = FORMS[form].extract(headers), {}
    with tracer.start_as_current_span("gateway", context=context, kind=trace.SpanKind.SERVER) as ours:
        with tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT) as span:
            FORMS[form].inject(out)
            return told(ours), told(span), out
