"""A gRPC gateway: the standard health service, an echo in every shape, and a call that fails."""

from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def chat(messages, context):
    for message in messages:
        yield message
    metadata = dict(context.invocation_metadata())
    context.set_trailing_metadata((("seen-by", metadata.get("x-forwarded-for", "-")), ("bytes-bin", b"\x00\xff")))


def fail(message, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "there is no such thing: \u00e9")


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return {
            "/test.Echo/Chat": grpc.stream_stream_rpc_method_handler(chat),
            "/test.Echo/Collect": grpc.stream_unary_rpc_method_handler(lambda messages, _: b"".join(messages)),
            "/test.Echo/Repeat": grpc.unary_stream_rpc_method_handler(lambda message, _: iter([message] * 100)),
            "/test.Echo/Fail": grpc.unary_unary_rpc_method_handler(fail),
        }.get(details.method)


server = grpc.server(futures.ThreadPoolExecutor(8))
servicer = health.HealthServicer()
servicer.set("", health_pb2.HealthCheckResponse.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
server.add_generic_rpc_handlers((Echo(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
server.wait_for_termination()
