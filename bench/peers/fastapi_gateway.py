"""A gateway of FastAPI, as it is, and instrumented from within when INSTRUMENT is set: prometheus-client in a middleware, and
OpenTelemetry's instrumentation of FastAPI with a batch exporter over OTLP/HTTP, sampling the share that INSTRUMENT names.

`/items/{id}` answers by itself. `/orders/{id}` is what a gateway does: it checks a token's signature, asks a service, and shapes the
answer.
"""
import base64
import hashlib
import hmac
import json
import os
import time

import httpx
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

app = FastAPI()
KEY = b"a key of the bench"
SERVICE = os.environ.get("SERVICE", "")
client = httpx.AsyncClient(trust_env=False)


class Order(BaseModel):
    id: int
    customer: str
    total: float
    bytes: int


@app.get("/items/{item_id}")
async def item(item_id: int):
    return {"id": item_id, "name": f"item {item_id}"}


@app.get("/orders/{order_id}")
async def order(order_id: int, authorization: str = Header()) -> Order:
    claims = verified(authorization.removeprefix("Bearer "))
    answer = await client.get(f"{SERVICE}/")
    return Order(id=order_id, customer=claims["sub"], total=12.5, bytes=len(answer.content))


def verified(token):
    """The claims of a JWT of HS256."""
    head, claims, signature = token.split(".")
    expected = hmac.digest(KEY, f"{head}.{claims}".encode(), hashlib.sha256)
    if not hmac.compare_digest(expected, base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))):
        raise HTTPException(401)
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))


def instrument(share):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    from prometheus_client import Counter, Gauge, Histogram

    requests = Counter("http_requests_total", "Requests", ["method", "endpoint", "status_code"])
    active = Gauge("http_requests_active", "Requests in flight")
    sizes = [100, 1000, 10_000, 100_000, 1_000_000]
    duration = Histogram("http_request_duration_seconds", "Duration", ["method", "endpoint"])
    received = Histogram("http_request_size_bytes", "Size of requests", ["method", "endpoint"], buckets=sizes)
    sent = Histogram("http_response_size_bytes", "Size of responses", ["method", "endpoint"], buckets=sizes)

    @app.middleware("http")
    async def measure(request, call_next):
        begin = time.perf_counter()
        active.inc()
        try:
            answer = await call_next(request)
        finally:
            active.dec()
        route = request.scope.get("route")
        endpoint = route.path if route else "other"
        requests.labels(request.method, endpoint, str(answer.status_code)).inc()
        duration.labels(request.method, endpoint).observe(time.perf_counter() - begin)
        received.labels(request.method, endpoint).observe(int(request.headers.get("content-length", 0)))
        sent.labels(request.method, endpoint).observe(int(answer.headers.get("content-length", 0)))
        return answer

    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(float(share))))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{SERVICE}/v1/traces")))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)


if share := os.environ.get("INSTRUMENT"):
    instrument(share)
