"""What a `websockets` client gets, as lines, then what it sent and received, as JSON. `websockets_client.py ADDRESS`

The account at the end is the client's own: Outrider's metrics are compared with it.
"""

import asyncio
import collections
import json
import sys

import websockets

messages, closes, sessions = collections.Counter(), collections.Counter(), collections.Counter()


def connect(address, path, **options):
    headers = {"Host": "gateway.test"}
    return websockets.connect(
        f"ws://gateway.test{path}", host=address[0], port=int(address[1]), proxy=None, ping_interval=None,
        max_size=None, **options)


async def exchange(socket, sent):
    """Sends one message, a list in fragments, and receives its echo."""
    await socket.send(sent)
    whole = sent if not isinstance(sent, list) else type(sent[0])().join(sent)
    await receive(socket, whole)
    messages["inbound", "text" if isinstance(whole, str) else "binary"] += 1


async def receive(socket, expected=None):
    got = await socket.recv()
    messages["outbound", "text" if isinstance(got, str) else "binary"] += 1
    assert expected is None or got == expected, "the echo is what was sent"
    return got


async def ping(socket, data):
    await (await socket.ping(data))
    messages["inbound", "ping"] += 1
    messages["outbound", "pong"] += 1


async def pinged_fragments(socket):
    """A message whose fragments have pings between them."""

    async def fragments():
        for n in range(4):
            yield f"part {n};"
            await ping(socket, f"between {n}")

    await socket.send(fragments())
    messages["inbound", "text"] += 1
    await receive(socket, "part 0;part 1;part 2;part 3;")


def closed(code, initiator):
    messages["inbound", "close"] += 1
    messages["outbound", "close"] += 1
    sessions["closed"] += 1
    closes[str(code) if code < 3000 else f"{code // 1000}xxx", initiator] += 1


async def echo_session(address, compression):
    async with connect(address, "/ws/echo", compression=compression, subprotocols=["echo"]) as socket:
        sessions["opened"] += 1
        print("echo", socket.response.status_code, socket.subprotocol, [e.name for e in socket.protocol.extensions])
        for sent in ["", "hello", "grüße " * 100, b"", bytes(range(256)), bytes(70_000), "x" * 200_000]:
            await exchange(socket, sent)
        await exchange(socket, ["one ", "two ", "three"])
        await exchange(socket, [bytes(100), bytes(40_000)])
        await pinged_fragments(socket)
        await ping(socket, b"")
        await socket.close(1001, "done here")
    print("closed", socket.close_code, socket.close_reason)
    closed(1001, "client")


async def server_closes(address, code):
    async with connect(address, f"/ws/close/{code}") as socket:
        sessions["opened"] += 1
        print("said", await receive(socket))
        await socket.wait_closed()
    print("closed", socket.close_code, socket.close_reason)
    closed(code, "gateway")


async def pushed(address):
    async with connect(address, "/ws/push?count=50") as socket:
        sessions["opened"] += 1
        got = [await receive(socket) for _ in range(100)]
        await socket.wait_closed()
    print("pushed", sum(len(part) for part in got), got[-2], socket.close_code)
    closed(1000, "gateway")


async def vanishes(address):
    socket = await connect(address, "/ws/echo")
    sessions["opened"] += 1
    await exchange(socket, "and then it was gone")
    socket.transport.abort()
    await socket.wait_closed()
    sessions["aborted"] += 1
    closes["1006", "client"] += 1


async def refused(address):
    try:
        await connect(address, "/ws/deny")
    except websockets.InvalidStatus as error:
        print("refused", error.response.status_code, error.response.body)
    sessions["rejected"] += 1


async def main(address):
    await echo_session(address, "deflate")
    await echo_session(address, None)
    for code in [1000, 1001, 1011, 3005, 4001]:
        await server_closes(address, code)
    await pushed(address)
    await vanishes(address)
    await refused(address)
    account = {"messages": {"/".join(k): n for k, n in messages.items()},
               "closes": {"/".join(k): n for k, n in closes.items()}, "sessions": dict(sessions)}
    print(json.dumps(account, sort_keys=True))


asyncio.run(main(sys.argv[1].rsplit(":", 1)))
