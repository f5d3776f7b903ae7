"""What a user of a real gateway feels: FastAPI under uvicorn by itself, with a bare relay or Outrider before it, and instrumented from
within."""
import base64
import hashlib
import hmac
import os
import statistics
import subprocess
from pathlib import Path

from lab.bench import ROOT, RUN, free_port
from lab.process import LOAD_CORE, PROXY_CORE, Failed
from lab.timing import middle

VENV = RUN / "fastapi"
PACKAGES = ["fastapi==0.115.6", "uvicorn[standard]==0.34.0", "httpx==0.28.1", "prometheus-client==0.21.1",
            "opentelemetry-sdk==1.29.0", "opentelemetry-exporter-otlp-proto-http==1.29.0",
            "opentelemetry-instrumentation-fastapi==0.50b0"]
PATHS = {"an endpoint that answers by itself": "/items/7", "a gateway's: token checked, a service asked": "/orders/7"}
# Both ways sample as much.
SHARE = "0.01"
CONNECTIONS = 16
# What stands before the gateway, by row.
BEFORE = {"floor": "a bare relay before it", "outrider-1": "Outrider before it"}
ROWS = list(BEFORE)


def install():
    if not (VENV / "installed").exists():
        subprocess.run(["python3", "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin/pip"), "install", "-q", *PACKAGES], check=True)
        (VENV / "installed").touch()


def measure(bench, rounds, seconds, say):
    """{what: {way: [(gateway's CPU µs per request, that of what stands before it)]}}"""
    if missing := [row for row in ROWS if row not in bench.rows]:
        raise Failed(f"{', '.join(missing)} cannot be left out here")
    install()
    service = bench.gateway()
    plain, instrumented = (gateway(bench, service, share) for share in ("", SHARE))
    ways = {"by itself": (plain[0], plain[1], None)}
    for row, way in BEFORE.items():
        agent, through = bench.start_row(row, plain[1], "-fastapi")
        for thread in Path(f"/proc/{agent.child.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {LOAD_CORE})  # the gateway has the other core for itself
        ways[way] = (plain[0], through, agent)
    ways["instrumented from within"] = (instrumented[0], instrumented[1], None)
    results = {}
    for what, path in PATHS.items():
        results[what] = {way: [] for way in ways}
        for turn in range(rounds):
            for way, (process, port, agent) in ways.items():
                results[what][way].append(one(bench, process, port, agent, path, seconds))
            say(f"FastAPI, {what}: round {turn + 1} of {rounds}")
    for process in [*(agent for _, _, agent in ways.values() if agent), plain[0], instrumented[0]]:
        bench.stop(process)
    return results


def gateway(bench, service, share):
    port = free_port()
    environment = {"SERVICE": f"http://127.0.0.1:{service}", "INSTRUMENT": share}
    command = [str(VENV / "bin/uvicorn"), "fastapi_gateway:app", "--app-dir", str(ROOT / "peers"), "--port", str(port),
               "--no-access-log", "--log-level", "warning"]
    with_env = ["env", *(f"{name}={value}" for name, value in environment.items()), *command]
    return bench.start(f"fastapi{share}", with_env, PROXY_CORE, port), port


def one(bench, process, port, agent, path, seconds):
    watch = ["--watch", "proxy=" + ",".join(map(str, process.pids()))]
    if agent:
        watch += ["--watch", "agent=" + ",".join(map(str, agent.pids()))]
    found = bench.load(port, "--connections", CONNECTIONS, "--path", path, "--header", f"Authorization: Bearer {token()}",
                       "--seconds", seconds, "--warm", 0.5, *watch)
    used = found["cpu"]
    return used["proxy"]["us_per_request"], used["agent"]["us_per_request"] if agent else 0.0


def token():
    """A JWT that the gateway takes."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(b'{"sub":"customer-7"}')
    return signed + "." + part(hmac.digest(b"a key of the bench", signed.encode(), hashlib.sha256))


def report(results):
    told = (f"FastAPI under uvicorn (uvloop, httptools) on a core of its own, {CONNECTIONS} connections. Each way has HTTP metrics and "
            "1 % of traces. What instrumentation adds is a round's difference to the same round of the gateway by itself.")
    parts = ["## What a FastAPI gateway feels\n", told + "\n"]
    for what, ways in results.items():
        alone = [gateway for gateway, _ in ways["by itself"]]
        parts.append(f"### {what}\n\n| way | gateway's CPU µs per request | of what stands before it | added to the gateway's own |\n|---|---|---|---|")
        for way, rounds in ways.items():
            agent = [ours for _, ours in rounds]
            added = [(ours if any(agent) else gateway - base) / base for (gateway, ours), base in zip(rounds, alone)]
            parts.append(f"| {way} | {middle([gateway for gateway, _ in rounds])} | {middle(agent) if any(agent) else '–'} | "
                         f"{'–' if way == 'by itself' else middle([100 * one for one in added]) + ' %'} |")
        parts.append(share(ways))
    return "\n".join(parts) + "\n"


def share(ways):
    """Ours next to the way from within."""
    alone = [gateway for gateway, _ in ways["by itself"]]
    before = {row: statistics.median(agent for _, agent in ways[way]) for row, way in BEFORE.items()}
    ours, bare = before["outrider-1"], before["floor"]
    within = statistics.median(gateway - base for (gateway, _), base in zip(ways["instrumented from within"], alone))
    return (f"\nOutrider's CPU is {ours / within:.3f} of what instrumentation from within adds; {100 * (ours - bare) / statistics.median(alone):.1f} % "
            "of the gateway's is what Outrider derives, the rest is that the bytes take one more hop.\n")
