"""A gRPC server with the standard health service: `shop.Pay` is SERVING, from SIGUSR1 on NOT_SERVING, from SIGUSR2 on SERVING again."""

import signal
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

STATUS = health_pb2.HealthCheckResponse
# Before there are threads, so that each of them leaves the signals to `sigwait`.
SIGNALS = {signal.SIGUSR1: STATUS.NOT_SERVING, signal.SIGUSR2: STATUS.SERVING}
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

server = grpc.server(futures.ThreadPoolExecutor(4))
servicer = health.HealthServicer()
servicer.set("shop.Pay", STATUS.SERVING)
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
while True:
    servicer.set("shop.Pay", SIGNALS[signal.sigwait(SIGNALS)])
