"""Jaeger's collector as far as spans come in: decodes Thrift by the code that the published IDL makes, and prints one line of
JSON a batch. `jaeger_collector.py` prints where it listens first."""

import http.server
import importlib.util
import json
import pathlib
import sys

# The generated code alone: the package around it wants an SDK of years ago.
exporters = importlib.util.find_spec("opentelemetry.exporter").submodule_search_locations
sys.path.insert(0, str(next(gen for at in exporters if (gen := pathlib.Path(at) / "jaeger/thrift/gen").exists())))
from jaeger import ttypes
from thrift.protocol import TBinaryProtocol
from thrift.transport import TTransport


def tag(tag):
    value = {0: tag.vStr, 1: tag.vDouble, 2: tag.vBool, 3: tag.vLong, 4: tag.vBinary}[tag.vType]
    return tag.key, value


def shown(span):
    return {
        "trace": f"{span.traceIdHigh & (1 << 64) - 1:016x}{span.traceIdLow & (1 << 64) - 1:016x}",
        "span": f"{span.spanId & (1 << 64) - 1:016x}", "parent": f"{span.parentSpanId & (1 << 64) - 1:016x}",
        "name": span.operationName, "flags": span.flags, "start": span.startTime, "duration": span.duration,
        "tags": dict(map(tag, span.tags)), "logs": [[log.timestamp, dict(map(tag, log.fields))] for log in span.logs],
    }


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        transport = TTransport.TMemoryBuffer(body)
        batch = ttypes.Batch()
        batch.read(TBinaryProtocol.TBinaryProtocol(transport))
        left = len(body) - transport.cstringio_buf.tell()
        process = {"service": batch.process.serviceName, "tags": dict(map(tag, batch.process.tags))}
        line = {"path": self.path, "type": self.headers["content-type"], "left": left, "process": process}
        print(json.dumps({**line, "spans": list(map(shown, batch.spans))}), flush=True)
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print("listening on", server.server_port, flush=True)
server.serve_forever()
