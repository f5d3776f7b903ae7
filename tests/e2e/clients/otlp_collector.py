"""A collector as far as spans come in, over TLS: OTLP by gRPC and by HTTP, decoded by the code of the published protocol. Prints where it
listens, then a line of JSON for each span. `otlp_collector.py CERT KEY`"""

import http.server
import json
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

certificate, key = sys.argv[1:]


def told(protocol, request):
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                print(json.dumps({"protocol": protocol, "span": span.name}), flush=True)


class Service(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        told("grpc", request)
        return trace_service_pb2.ExportTraceServiceResponse()


class Posts(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        told("http", trace_service_pb2.ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


pair = (open(key, "rb").read(), open(certificate, "rb").read())
server = grpc.server(ThreadPoolExecutor(2))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Service(), server)
over_grpc = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
server.start()
posts = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Posts)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
posts.socket = context.wrap_socket(posts.socket, server_side=True)
print(f"listening on {over_grpc} {posts.server_port}", flush=True)
posts.serve_forever()
