"""A gateway with logins, generations, limits and a WebSocket, as its team would write it. It knows nothing of what watches it."""

import base64
import json
import time

from fastapi import FastAPI, Header, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from pydantic import BaseModel

app = FastAPI()
# The name is one that Outrider has as well.
asked = Counter("http_requests", "Requests as the gateway counts them.", ["path"])
left = {}


class Login(BaseModel):
    user: str
    password: str


class Code(BaseModel):
    framework: str | None = None
    prompt: str = ""
    outcome: str = "completed"


@app.middleware("http")
async def count(request: Request, call_next):
    asked.labels(request.url.path).inc()
    return await call_next(request)


def token(expires: float) -> str:
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'HS256'})}.{part({'sub': 'ada', 'exp': expires})}.c2lnbmF0dXJl"


@app.post("/api/v1/auth/login")
async def login(login: Login):
    if login.password != "right":
        raise HTTPException(401, "wrong name or password")
    return {"token": token(time.time() + 3600), "expired": token(time.time() - 3600)}


@app.get("/api/v1/me")
async def me(authorization: str | None = Header(None)):
    if authorization is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        claims = authorization.removeprefix("Bearer ").split(".")[1]
        expires = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"]
    except Exception:
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if expires < time.time():
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return {"user": "ada"}


@app.post("/api/v1/generate/code")
async def generate_code(code: Code):
    if code.outcome == "error":
        raise HTTPException(500, "the model is gone")
    return {"status": code.outcome, "code": "fn main() {}" * 100}


@app.post("/api/v1/generate/image")
async def generate_image(code: Code):
    if code.outcome == "error":
        return JSONResponse({"detail": "no"}, 502)
    return Response(b"\x89PNG" + bytes(5000), media_type="image/png")


@app.get("/api/v1/search")
async def search(request: Request, q: str = ""):
    remaining = left.setdefault("search", 3) - 1
    left["search"] = remaining
    limits = {"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": str(max(remaining, 0)), "X-RateLimit-Reset": "60"}
    if remaining < 0:
        return JSONResponse({"detail": "too many"}, 429, limits | {"Retry-After": "60"})
    return JSONResponse({"q": q}, headers=limits)


@app.get("/api/v1/items/{item}/parts/{part}")
async def part(item: str, part: str):
    return {"item": item, "part": part}


@app.websocket("/api/v1/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


@app.get("/metrics")
async def metrics():
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
