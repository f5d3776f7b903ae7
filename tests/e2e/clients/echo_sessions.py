"""An origin that takes every WebSocket handshake and echoes frames of ten bytes, for as many sessions as there may be.
It is a process of its own, so that its descriptors are. Prints `listening on ADDRESS`.
"""

import asyncio
import resource

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
HEADER = 6  # of a masked frame; its mask is zeros


class Session(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest, self.is_open = transport, b"", False

    def data_received(self, data):
        data = self.rest + data
        if not self.is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self.rest = head
                return
            self.is_open = True
            self.transport.write(SWITCHED)
        whole = len(data) - len(data) % (HEADER + 10)
        frames = range(0, whole, HEADER + 10)
        self.transport.write(b"".join(b"\x82\x0a" + data[at + HEADER:at + HEADER + 10] for at in frames))
        self.rest = data[whole:]


async def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", 0, backlog=4096)
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    await server.serve_forever()


asyncio.run(main())
