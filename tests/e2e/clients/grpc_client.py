"""Calls grpc_server.py in every shape and prints what came of it. A second argument is a certificate to trust."""

import hashlib
import sys
import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

if len(sys.argv) > 2:
    with open(sys.argv[2], "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    channel = grpc.secure_channel("localhost:" + sys.argv[1].rsplit(":", 1)[1], credentials)
else:
    channel = grpc.insecure_channel(sys.argv[1])


def digest(messages):
    messages = list(messages)
    return len(messages), hashlib.sha256(b"|".join(messages)).hexdigest()


check = health_pb2_grpc.HealthStub(channel).Check
print("health", check(health_pb2.HealthCheckRequest(), timeout=20).status)
messages = [bytes([at % 256]) * (at * 7) for at in range(500)]
call = channel.stream_stream("/test.Echo/Chat")(iter(messages), timeout=20)
print("chat", digest(call), call.code(), sorted(call.trailing_metadata()))
call = channel.stream_stream("/test.Echo/Chat")(iter([b"z" * 3_000_000] * 8), timeout=20)
print("large", digest(call))
print("collect", len(channel.stream_unary("/test.Echo/Collect")(iter(messages), timeout=20)))
print("repeat", digest(channel.unary_stream("/test.Echo/Repeat")(b"again", timeout=20)))
for method in ("/test.Echo/Fail", "/no.Such/Method"):
    try:
        channel.unary_unary(method)(b"x", timeout=20)
    except grpc.RpcError as error:
        print(method, error.code(), error.details())
released = threading.Event()


def endless():
    """A call that has not said all it wants, so that it cannot end before it is cancelled."""
    yield b"a"
    released.wait(20)


call = channel.stream_stream("/test.Echo/Chat")(endless())
print("cancelled after", next(call), call.cancel())
released.set()
# What is sent behind the cancellation shows that it has been sent.
check(health_pb2.HealthCheckRequest(), timeout=20)
channel.close()
