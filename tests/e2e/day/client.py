"""One day of the gateway's clients: argument 1 is where they go. What it does is what the table in `day.rs` counts."""

import sys

import httpx
from websockets.sync.client import connect

address = sys.argv[1]
with httpx.Client(base_url=f"http://{address}", headers={"User-Agent": "app/1.0"}) as client:
    for _ in range(3):
        login = client.post("/api/v1/auth/login", json={"user": "ada", "password": "right"})
    tokens = login.json()
    for _ in range(12):
        assert client.post("/api/v1/auth/login", json={"user": "ada", "password": "guess"}).status_code == 401

    bearer = lambda token: {"Authorization": f"Bearer {token}"}
    for _ in range(5):
        assert client.get("/api/v1/me", headers=bearer(tokens["token"])).status_code == 200
    for _ in range(2):
        assert client.get("/api/v1/me", headers=bearer(tokens["expired"])).status_code == 401
    for _ in range(4):
        assert client.get("/api/v1/me", headers=bearer("nonsense")).status_code == 401
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.x"}).status_code == 401
    assert client.get("/api/v1/me").status_code == 401

    for framework, outcome, times in [
        ("react", "completed", 4),
        ("react", "failed", 1),
        ("vue", "completed", 2),
        ("vue", "error", 1),
        (None, "completed", 1),
    ]:
        for _ in range(times):
            client.post("/api/v1/generate/code", json={"framework": framework, "prompt": "x" * 500, "outcome": outcome})
    for outcome, times in [("completed", 3), ("error", 2)]:
        for _ in range(times):
            client.post("/api/v1/generate/image", json={"outcome": outcome})

    for _ in range(5):
        client.get("/api/v1/search", params={"q": "shoes"})
    for item in range(20):
        assert client.get(f"/api/v1/items/{item}/parts/p{item}").status_code == 200

    client.get("/api/v1/items/1/parts/2", params={"id": "1' OR '1'='1"})
    client.get("/api/v1/items/1/parts/2?file=..%2f..%2f..%2fetc%2fpasswd")
    client.get("/.env")
    client.get("/api/v1/items/1/parts/2", headers={"User-Agent": "sqlmap/1.7"})

for origin in [f"http://{address}", "https://evil.example"]:
    with connect(f"ws://{address}/api/v1/ws", origin=origin, compression=None) as socket:
        for text in ["one", "two"]:
            socket.send(text)
            assert socket.recv() == text
print("done")
