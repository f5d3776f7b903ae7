"""What httpx gets: one line of JSON for each exchange. `httpx_client.py ADDRESS`"""

import asyncio
import hashlib
import json
import sys

import httpx

HEADERS = {"Host": "gateway.test"}


def show(what, response, body=None):
    """Everything but the second in which it happened."""
    body = response.content if body is None else body
    headers = [[k.decode("latin-1"), v.decode("latin-1")] for k, v in response.headers.raw if k.lower() != b"date"]
    line = {"what": what, "status": response.status_code, "reason": response.reason_phrase,
            "http": response.http_version, "headers": headers, "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest()}
    if len(body) < 500:
        line["body"] = body.decode("latin-1")
    print(json.dumps(line))


async def ten_megabytes():
    for n in range(160):
        yield bytes([n % 256]) * 65536


async def main(address):
    base = f"http://{address}"
    async with httpx.AsyncClient(base_url=base, headers=HEADERS, trust_env=False, timeout=30) as client:
        show("json", await client.get("/items/7", params={"q": "ä b&c"}))
        show("not found", await client.get("/items/1000"))
        show("created", await client.post("/items", json={"name": "chair", "price": 12.5}))
        show("invalid", await client.post("/items", json={"name": "chair"}))
        show("no content", await client.delete("/items/7"))
        show("head", await client.head("/page"))
        show("not modified", await client.get("/page", headers={"If-None-Match": '"v1"'}))
        show("redirected", await client.get("/redirect", follow_redirects=True))
        # uvicorn hangs up a moment after a fault, which a client that goes on at once would meet or not.
        show("fault", await client.get("/fail", headers={"Connection": "close"}))
        show("unavailable", await client.get("/status/503"))
        files = {"file": ("photo.jpg", bytes(range(256)) * 400, "image/jpeg")}
        show("multipart", await client.post("/upload", files=files, data={"note": "a note"}))
        show("streamed upload", await client.put("/raw", content=ten_megabytes()))
        show("form", await client.post("/login", data={"username": "ann", "password": "correct horse"}))
        show("cookies", await client.get("/seen"))
        show("wrong password", await client.post("/login", data={"username": "ann", "password": "no"}))
        show("odd headers", await client.get("/seen", headers=[("X-A", "1"), ("X-A", "2"), ("X-Empty", "")]))
        show("big", await client.get("/download/5000000"))
        for path in ["/events?count=20", "/chunked?chunks=50&size=3000"]:
            async with client.stream("GET", path) as response:
                show(path, response, b"".join([part async for part in response.aiter_raw()]))
        both = await asyncio.gather(*(client.get(f"/items/{n}") for n in range(20)))
        for response in both:
            show("at once", response)


asyncio.run(main(sys.argv[1]))
