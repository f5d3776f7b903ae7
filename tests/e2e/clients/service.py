"""A downstream service that answers as its path says, and counts what it was asked; FastAPI under uvicorn, but for what no server
would do by itself: that is done to the connection."""

import asyncio
import sys
from collections import Counter

import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()
asked: Counter[str] = Counter()


@app.get("/count")
async def count():
    return asked


@app.get("/status/{code}")
async def status(code: int):
    asked[str(code)] += 1
    return Response(f"status {code}", status_code=code)


@app.get("/slow/{milliseconds}")
async def slow(milliseconds: int):
    asked["200"] += 1
    await asyncio.sleep(milliseconds / 1000)
    return "late"


@app.get("/hang")
async def hang():
    asked["hang"] += 1
    await asyncio.sleep(3600)


class Misbehaving:
    """Cuts the connection under some answers: /reset in front of one, /half in the middle of one."""

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")
        if path not in ("/reset", "/half"):
            return await self.inner(scope, receive, send)
        asked[path[1:]] += 1
        transport = send.__self__.transport
        if path == "/half":
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            transport.close()
        else:
            transport.abort()


if __name__ == "__main__":
    host, port = sys.argv[1].rsplit(":", 1)
    uvicorn.run(Misbehaving(app), host=host.strip("[]"), port=int(port), http="h11", access_log=False, timeout_keep_alive=60)
