#!/usr/bin/env python3
"""Writes ci/order.txt: the functions of a release binary that run at all where it starts, serves and rests.

    ci/order.py target/release/outrider

A linker that has the list lays them out one behind the other (build.rs). The kernel maps what lies around a page that is touched,
64 KiB as a rule, so functions that run and are strewn over all of the text would have nearly all of it resident.

The binary runs under callgrind in front of a small gateway, is asked for pages of its admin port, and is left alone for a while, so
that rules, samples and checks run. Names that a later build does not have are passed over by the linker; `make order` renews them.
"""
import collections
import http.client
import http.server
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

ORDER = pathlib.Path(__file__).resolve().parent / "order.txt"
REQUESTS, REST = 300, 75
PAGES = ["/healthz", "/readyz", "/api/v1/metrics", "/api/v1/metrics/summary", "/api/v1/alerts", "/api/v1/coverage"]


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ask(port, requests):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for method, path, body in requests:
        connection.request(method, path, body)
        connection.getresponse().read()
    connection.close()


def wait_for(port):
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on {port}")


def counted(folder):
    """{function: instructions} over all threads."""
    counts, function = collections.Counter(), None
    names = {}
    for path in folder.glob("callgrind.*"):
        names.clear()
        skip = False
        for line in path.read_text(errors="replace").splitlines():
            if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line):
                if found[3]:
                    names[found[2]] = found[3].split("'")[0]
                if not found[1]:
                    function = names.get(found[2])
            elif line.startswith("calls="):
                skip = True  # the next line has what a call cost
            elif line and line[0] in "0123456789+-*" and function:
                if not skip:
                    counts[function] += int(line.split()[-1])
                skip = False
    return counts


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    listen, admin = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = folder / "agent.yaml"
        config.write_text(f"ingress: {{ listen: 127.0.0.1:{listen}, gateway: 127.0.0.1:{gateway.server_port} }}\n"
                          f"admin: {{ listen: 127.0.0.1:{admin} }}\nlog: {{ level: warn }}\n"
                          f"alerting: {{ state: {folder}/state }}\n")
        run = subprocess.Popen(["valgrind", "--quiet", "--tool=callgrind", "--demangle=no",
                                f"--callgrind-out-file={folder}/callgrind.%p", str(binary), "run", "--config", str(config)])
        try:
            wait_for(listen)
            wait_for(admin)
            ask(listen, [request for at in range(REQUESTS) for request in
                         (("GET", f"/items/{at}", None), ("POST", "/orders", "{}" * 100))])
            ask(admin, [("GET", page, None) for page in PAGES])
            time.sleep(REST)
        finally:
            run.terminate()
            run.wait()
        counts = counted(folder)
    ran = [name for name, _ in counts.most_common() if re.fullmatch(r"[A-Za-z_][\w.$]*", name)]
    own = set(subprocess.run(["nm", "--defined-only", "--format=just-symbols", str(binary)],
                             capture_output=True, text=True, check=True).stdout.split())
    ran = [name for name in ran if name in own]
    ORDER.write_text("\n".join(ran) + "\n")
    print(f"{len(ran)} functions into {ORDER}")


if __name__ == "__main__":
    main()
