"""An API gateway as people write them, with no thought of what stands before it.

Answers depend on the request alone, so that two of them can be compared.
"""

import asyncio
import hashlib
import json

from fastapi import FastAPI, File, Form, HTTPException, Request, Response, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

app = FastAPI()
gates: dict[str, asyncio.Event] = {}


class Item(BaseModel):
    name: str
    price: float


@app.get("/")
async def index():
    return {"gateway": "e2e", "ok": True}


@app.get("/context/{form}")
async def context(form: str, request: Request):
    """What OpenTelemetry's SDK makes of the request: its import takes a while, and few tests ask."""
    import traced

    return {**traced.server(form, dict(request.headers)), "baggage": request.headers.get("baggage")}


@app.get("/chain/{form}")
async def chain(form: str, to: str, request: Request):
    """Asks a service what it makes of our call, as a gateway with OpenTelemetry's SDK does."""
    import httpx
    import traced

    ours, call, headers = traced.call(form, dict(request.headers))
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"http://{to}/context/{form}", headers=headers)
    return {**ours, "call": call, "service": answer.json(), "baggage": request.headers.get("baggage")}


@app.get("/relay/{number}")
async def relay(number: int, to: str, request: Request):
    """Asks a service what trace our call is of, and hands on nothing but the id of the request."""
    import httpx

    headers = {"x-correlation-id": request.headers["x-request-id"]}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return (await client.get(f"http://{to}/context/tracecontext", headers=headers)).json()


@app.get("/items/{item_id}")
async def read_item(item_id: int, q: str | None = None):
    if item_id >= 1000:
        raise HTTPException(404, "no such item")
    return {"id": item_id, "q": q, "name": f"item {item_id}"}


@app.post("/items", status_code=201)
async def create_item(item: Item, response: Response):
    response.headers["Location"] = "/items/7"
    return {"id": 7, **item.model_dump()}


@app.put("/items/{item_id}")
async def replace_item(item_id: int, item: Item):
    return {"id": item_id, **item.model_dump()}


@app.delete("/items/{item_id}", status_code=204)
async def delete_item(item_id: int):
    return Response(status_code=204)


@app.api_route("/page", methods=["GET", "HEAD"])
async def page(request: Request):
    if request.headers.get("if-none-match") == '"v1"':
        return Response(status_code=304, headers={"ETag": '"v1"'})
    return PlainTextResponse("a page\n" * 100, headers={"ETag": '"v1"', "X-Name": "Grüße"})


@app.post("/upload")
async def upload(file: UploadFile = File(...), note: str = Form("")):
    data = await file.read()
    return {"name": file.filename, "note": note, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@app.put("/raw")
async def raw(request: Request):
    digest, count = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        count += len(chunk)
    return {"bytes": count, "sha256": digest.hexdigest()}


@app.get("/events")
async def events(count: int = 5):
    async def stream():
        for n in range(count):
            yield f"id: {n}\nevent: tick\ndata: {json.dumps({'n': n})}\n\n"
            await asyncio.sleep(0)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@app.get("/chunked")
async def chunked(chunks: int = 10, size: int = 1000):
    async def stream():
        for n in range(chunks):
            yield bytes([65 + n % 26]) * size

    return StreamingResponse(stream(), media_type="application/octet-stream")


@app.get("/download/{size}")
async def download(size: int):
    return Response((b"0123456789abcdef" * (size // 16 + 1))[:size], media_type="application/octet-stream")


@app.get("/redirect")
async def redirect():
    return RedirectResponse("/items/1", status_code=307)


@app.get("/status/{code}")
async def status(code: int):
    return JSONResponse({"code": code}, status_code=code)


@app.get("/fail")
async def fail():
    raise RuntimeError("a fault of the gateway's own")


@app.post("/login")
async def login(username: str = Form(), password: str = Form()):
    if password != "correct horse":
        raise HTTPException(401, "wrong name or password", headers={"WWW-Authenticate": "Bearer"})
    response = JSONResponse({"user": username})
    response.set_cookie("session", "s1", httponly=True)
    response.set_cookie("theme", "dark", path="/ui")
    return response


@app.api_route("/seen", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def seen(request: Request):
    """What reached the gateway, as the gateway saw it."""
    body = await request.body()
    return {
        "method": request.method,
        "http": request.scope["http_version"],
        "target": request.scope["raw_path"].decode("latin-1") + "?" + request.scope["query_string"].decode("latin-1"),
        "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.scope["headers"]],
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


@app.get("/hold/{name}")
async def hold(name: str):
    """Answers once somebody posts to `/release/{name}`."""
    await gates.setdefault(name, asyncio.Event()).wait()
    return {"held": name}


@app.get("/hold-body/{name}")
async def hold_body(name: str):
    """Sends the start of its body at once and the rest once somebody posts to `/release/{name}`."""

    async def stream():
        yield b"the start;"
        await gates.setdefault(name, asyncio.Event()).wait()
        yield b"the end"

    return StreamingResponse(stream(), media_type="text/plain")


@app.get("/waiting/{name}")
async def waiting(name: str):
    return {"waiting": name in gates}


@app.post("/release/{name}")
async def release(name: str):
    gates.setdefault(name, asyncio.Event()).set()
    return {"released": name}


@app.websocket("/ws/echo")
async def echo(websocket: WebSocket):
    await websocket.accept(subprotocol="echo" if "echo" in websocket.scope["subprotocols"] else None)
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        return


@app.websocket("/ws/close/{code}")
async def close(websocket: WebSocket, code: int):
    """Says goodbye first, with the code that was asked for."""
    await websocket.accept()
    await websocket.send_text("closing")
    await websocket.close(code, "as asked")


@app.websocket("/ws/push")
async def push(websocket: WebSocket, count: int = 10):
    await websocket.accept()
    for n in range(count):
        await websocket.send_text(f"event {n}")
        await websocket.send_bytes(bytes([n % 256]) * 200)
    await websocket.close()


@app.websocket("/ws/deny")
async def deny(websocket: WebSocket):
    await websocket.close(1008)
