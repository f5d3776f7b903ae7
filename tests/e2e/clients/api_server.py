"""As much of a Kubernetes API server as lists and watches EndpointSlices of one service, over TLS and for one service account.

Arguments: certificate, key and a file with a line `IP PORT READY` for each endpoint, which is looked at all the time. Watchers get
what changed as the API has it: chunked, an event a line, until their `timeoutSeconds` are over; a version that is unknown gets the
`ERROR` event with 410 Gone."""

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

certificate, key, path = sys.argv[1:]
FIRST = 100
changed = threading.Condition()
versions = [open(path).read()]


def follow():
    while True:
        time.sleep(0.05)
        text = open(path).read()
        with changed:
            if text != versions[-1]:
                versions.append(text)
                changed.notify_all()


def slices(text, version):
    def one(number, line):
        ip, port, ready = line.split()
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"api-{number}", "namespace": "shop", "resourceVersion": str(version),
                         "labels": {"kubernetes.io/service-name": "api"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ip], "conditions": {"ready": ready == "ready", "serving": True, "terminating": False}}],
            "ports": [{"name": "http", "port": int(port), "protocol": "TCP"}],
        }

    return [one(number, line) for number, line in enumerate(text.splitlines())]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if self.headers["Authorization"] != "Bearer t0ken":
            return self.answer(401, self.status(401, "Unauthorized"))
        if url.path != "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices":
            return self.answer(403, self.status(403, "Forbidden"))
        ours = query.get("labelSelector") == "kubernetes.io/service-name=api"
        if query.get("watch") == "1":
            return self.watch(int(query["resourceVersion"]), float(query.get("timeoutSeconds", 60)), ours)
        with changed:
            version, text = FIRST + len(versions) - 1, versions[-1]
        items = slices(text, version) if ours else []
        self.answer(200, {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSliceList",
                          "metadata": {"resourceVersion": str(version)}, "items": items})

    def watch(self, version, seconds, ours):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        print("watched", flush=True)
        if not FIRST <= version < FIRST + len(versions):
            return self.event({"type": "ERROR", "object": self.status(410, "Expired")}, last=True)
        end = time.monotonic() + seconds
        at = version - FIRST
        while time.monotonic() < end:
            with changed:
                changed.wait_for(lambda: len(versions) > at + 1, min(1, end - time.monotonic()))
                if len(versions) == at + 1:
                    continue
                at = len(versions) - 1
                text = versions[at]
            for item in slices(text, FIRST + at) if ours else []:
                self.event({"type": "MODIFIED", "object": item})
            if not text and ours:
                self.event({"type": "DELETED", "object": slices(versions[at - 1], FIRST + at)[0]})
        self.wfile.write(b"0\r\n\r\n")

    def event(self, event, last=False):
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line) + (b"0\r\n\r\n" if last else b""))
        self.wfile.flush()

    @staticmethod
    def status(code, reason):
        return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}

    def answer(self, code, body):
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away while it watches is the usual end."""


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = Server(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=follow, daemon=True).start()
print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
