"""Everything that a gateway's clients do, again and again: `traffic.py ADDRESS`, until it is ended, a minute at most."""

import itertools
import sys
import time

import httpx
from websockets.sync.client import connect

address = sys.argv[1]
end = time.monotonic() + 60
with httpx.Client(base_url=f"http://{address}", headers={"User-Agent": "app/1.0"}, timeout=20) as client:
    for round in itertools.count():
        for framework in ["react", "vue", "svelte"]:
            client.post("/api/v1/generate/code", json={"framework": framework, "prompt": "a page"})
        client.post("/api/v1/generate/code", content=b"no JSON", headers={"Content-Type": "application/json"})
        client.post("/api/v1/generate/image", json={"prompt": "a cat"})
        for user in range(990, 1005):
            client.get(f"/api/v1/users/{user}", headers={"Authorization": "Bearer nonsense"})
        for _ in range(30):
            client.get("/api/v1/search", params={"q": "shoes"})
        for password in ["right", "guess"]:
            client.post("/api/v1/auth/login", json={"user": "ada", "password": password})
        client.get("/api/v1/users/1", params={"id": "1' OR '1'='1"})
        for text in ["one", "two"]:
            with connect(f"ws://{address}/ws", compression=None) as socket:
                socket.send(text)
                assert socket.recv() == text
        print(f"round {round}", flush=True)
        if time.monotonic() > end:
            break
        time.sleep(0.2)
