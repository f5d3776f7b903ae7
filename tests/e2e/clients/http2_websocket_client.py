"""WebSockets over streams of one HTTP/2 connection (RFC 8441): what the client gets, as lines, then its own account, as JSON.
`http2_websocket_client.py ADDRESS`
"""

import collections
import json
import socket
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RemoteSettingsChanged, ResponseReceived
from h2.settings import SettingCodes
from wsproto.frame_protocol import FrameProtocol, Opcode

messages, closes, sessions = collections.Counter(), collections.Counter(), collections.Counter()


class Connection:
    """One connection, and what has come on each of its streams."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 30)
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.status, self.data, self.extended = {}, collections.defaultdict(bytearray), None
        self.wait(lambda: self.extended is not None)

    def wait(self, condition):
        while not condition():
            self.socket.sendall(self.h2.data_to_send())
            received = self.socket.recv(65536)
            assert received, "the connection ended"
            for event in self.h2.receive_data(received):
                match event:
                    case RemoteSettingsChanged():
                        self.extended = self.h2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL, 0)
                    case ResponseReceived():
                        self.status[event.stream_id] = dict(event.headers)[":status"]
                    case DataReceived():
                        self.data[event.stream_id] += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.socket.sendall(self.h2.data_to_send())

    def send(self, stream, data):
        """All of `data`, as the gateway's windows let it go."""
        while data:
            self.wait(lambda: self.h2.local_flow_control_window(stream) > 0)
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            self.h2.send_data(stream, bytes(data[:size]))
            data = data[size:]
        self.socket.sendall(self.h2.data_to_send())


class Session:
    """A WebSocket over one stream."""

    def __init__(self, connection, path):
        self.connection, self.frames, self.received = connection, FrameProtocol(client=True, extensions=[]), []
        self.stream = connection.h2.get_next_available_stream_id()
        connection.h2.send_headers(self.stream, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", path),
            (":authority", "gateway.test"), ("sec-websocket-version", "13")])
        connection.wait(lambda: self.stream in connection.status)
        self.status = connection.status[self.stream]
        sessions["opened" if self.status == "200" else "rejected"] += 1

    def send(self, kind, *frames):
        for frame in frames:
            self.connection.send(self.stream, frame)
        messages["inbound", kind] += 1

    def receive(self):
        """The next message, whole."""
        payload, opcode = None, None
        while True:
            self.connection.wait(lambda: self.received or self.connection.data[self.stream])
            if data := bytes(self.connection.data.pop(self.stream, b"")):
                self.frames.receive_bytes(data)
                self.received += self.frames.received_frames()
            while self.received:
                frame = self.received.pop(0)
                opcode = opcode if frame.opcode is Opcode.CONTINUATION else frame.opcode
                payload = frame.payload if payload is None else payload + frame.payload
                if frame.message_finished:
                    messages["outbound", opcode.name.lower()] += 1
                    return payload

    def echo(self, payload):
        kind = "text" if isinstance(payload, str) else "binary"
        self.send(kind, self.frames.send_data(payload))
        assert self.receive() == payload, "the echo is what was sent"

    def closed(self, code, initiator):
        """Nothing more is sent: hypercorn 0.18 has forgotten the stream, and does not bear to hear of it again."""
        sessions["closed"] += 1
        closes[str(code) if code < 3000 else f"{code // 1000}xxx", initiator] += 1


def main(address):
    connection = Connection(address)
    print("extended CONNECT", connection.extended)
    first, second = Session(connection, "/ws/echo"), Session(connection, "/ws/echo")
    print("opened", first.status, second.status)
    for payload in ["", "hello", "grüße " * 100, b"", bytes(range(256)), bytes(70_000), "x" * 200_000]:
        first.echo(payload)
        second.echo(payload)
    parts = [first.frames.send_data(part, fin=part == "three") for part in ["one ", "two ", "three"]]
    first.send("text", parts[0], parts[1])
    second.echo("in between, on another stream")
    connection.send(first.stream, parts[2])
    print("fragments", first.receive())
    first.send("ping", first.frames.ping(b"there?"))
    print("pong", bytes(first.receive()))
    first.send("close", first.frames.close(1001, "done here"))
    print("closed", first.receive())
    first.closed(1001, "client")
    # A stream that is reset, and the other streams of its connection live on.
    connection.h2.reset_stream(second.stream, ErrorCodes.CANCEL)
    sessions["aborted"] += 1
    closes["1006", "client"] += 1
    for code in [1000, 4001]:
        session = Session(connection, f"/ws/close/{code}")
        print("said", session.receive(), "closed", session.receive())
        session.closed(code, "gateway")
    print("refused", Session(connection, "/ws/deny").status)
    connection.h2.close_connection()
    connection.socket.sendall(connection.h2.data_to_send())
    connection.socket.shutdown(socket.SHUT_WR)
    while connection.socket.recv(65536):
        pass
    account = {"messages": {"/".join(k): n for k, n in messages.items()},
               "closes": {"/".join(k): n for k, n in closes.items()}, "sessions": dict(sessions)}
    print(json.dumps(account, sort_keys=True))


main(sys.argv[1])
