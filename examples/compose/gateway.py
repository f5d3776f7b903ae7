"""An API gateway as a team would write it: logins, generations that a service does, limits and a WebSocket."""

import os
import random
import socket

import httpx
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

# Where its service is: the one thing that is set differently with Outrider in the way of its calls.
GENERATOR = os.environ.get("CODE_GENERATOR_URL", "http://code-generator:8000")
app = FastAPI()
client = httpx.AsyncClient(base_url=GENERATOR, timeout=10)
left = {}


@app.get("/health")
async def health():
    return {"status": "healthy", "replica": socket.gethostname()}


@app.post("/api/v1/auth/login")
async def login(request: Request):
    if (await request.json()).get("password") != "right":
        raise HTTPException(401, "wrong name or password")
    return {"token": "example"}


@app.get("/api/v1/users/{user}")
async def user(user: int):
    if user >= 1000:
        raise HTTPException(404, "nobody")
    return {"user": user, "replica": socket.gethostname()}


@app.post("/api/v1/generate/{what}")
async def generate(what: str, request: Request):
    try:
        answer = await client.post(f"/generate/{what}", content=await request.body())
    except httpx.HTTPError as error:
        raise HTTPException(502, f"the generator does not answer: {type(error).__name__}")
    return JSONResponse(answer.json(), answer.status_code)


@app.get("/api/v1/search")
async def search(request: Request):
    who = request.client.host if request.client else ""
    left[who] = left.get(who, 100) - 1 or 100
    limits = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": str(left[who]), "X-RateLimit-Reset": "60"}
    if random.random() < 0.05:
        return JSONResponse({"detail": "too many"}, 429, limits | {"X-RateLimit-Remaining": "0", "Retry-After": "60"})
    return JSONResponse({"found": []}, headers=limits)


@app.websocket("/ws")
async def echo(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass
