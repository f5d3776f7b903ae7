"""The gateway's clients: a gentle load for as long as it runs. Argument 1 is where they go."""

import asyncio
import random
import sys

import httpx
import websockets

HOST = sys.argv[1]


async def request(client):
    match random.randrange(10):
        case 0:
            password = random.choice(["right", "right", "guess"])
            await client.post("/api/v1/auth/login", json={"user": "ada", "password": password})
        case 1 | 2:
            framework = random.choice(["react", "vue", "svelte"])
            await client.post("/api/v1/generate/code", json={"framework": framework, "prompt": "a page"})
        case 3:
            await client.post("/api/v1/generate/image", json={"prompt": "a cat"})
        case 4:
            await client.get("/api/v1/search", params={"q": "shoes"})
        case _:
            await client.get(f"/api/v1/users/{random.randrange(1020)}")


async def requests():
    while True:
        # Another connection may lead to another replica.
        async with httpx.AsyncClient(base_url=f"http://{HOST}", timeout=15) as client:
            for _ in range(50):
                await asyncio.sleep(random.expovariate(10))
                try:
                    await request(client)
                except httpx.HTTPError as error:
                    print(f"a request failed: {error}", flush=True)


async def sessions():
    while True:
        try:
            async with websockets.connect(f"ws://{HOST}/ws") as socket:
                for _ in range(random.randrange(20)):
                    await socket.send("hello")
                    await socket.recv()
                    await asyncio.sleep(random.expovariate(1))
        except (OSError, websockets.WebSocketException) as error:
            print(f"a session failed: {error}", flush=True)
            await asyncio.sleep(1)


async def main():
    await asyncio.gather(*(requests() for _ in range(4)), *(sessions() for _ in range(3)))


asyncio.run(main())
