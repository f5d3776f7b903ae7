"""A manual span of a gateway's own, sent as OpenTelemetry's SDK does. `otlp_sender.py ADDRESS grpc|http`"""

import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

address, protocol = sys.argv[1:]
if protocol == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"http://{address}", insecure=True, compression=Compression.Gzip)
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"http://{address}/v1/traces", compression=Compression.Gzip)
provider = TracerProvider(resource=Resource.create({"service.name": "of-the-gateway"}))
provider.add_span_processor(SimpleSpanProcessor(exporter))
with provider.get_tracer("business").start_as_current_span(f"manual {protocol}") as span:
    span.set_attribute("order.items", 3)
provider.shutdown()
