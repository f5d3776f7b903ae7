"""The service that the gateway calls: slow at times, and at times it fails."""

import asyncio
import random

from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.post("/generate/{what}")
async def generate(what: str):
    await asyncio.sleep(random.expovariate(10))
    if random.random() < 0.03:
        return JSONResponse({"status": "failed", "detail": "the model is gone"}, 503)
    return {"status": "completed", what: "…"}
