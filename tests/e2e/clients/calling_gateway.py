"""A gateway that calls downstream services with httpx, as people write one. Where they are it takes from the environment, and so
does httpx with proxies."""

import os
import sys

import httpx
import uvicorn
from fastapi import FastAPI, Response

app = FastAPI()
client = httpx.AsyncClient(timeout=httpx.Timeout(float(os.environ.get("CALL_TIMEOUT", "1.2")), connect=5))


@app.get("/{service}/{path:path}")
async def call(service: str, path: str):
    url = os.environ["SERVICE_" + service.upper()]
    try:
        answer = await client.get(f"{url}/{path}")
    except httpx.TimeoutException:
        return Response("the service did not answer in time", status_code=504)
    except httpx.TransportError:
        return Response("the service broke off", status_code=502)
    kept = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=kept)


if __name__ == "__main__":
    host, port = sys.argv[1].rsplit(":", 1)
    uvicorn.run(app, host=host, port=int(port), access_log=False)
