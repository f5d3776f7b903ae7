"""Memory at rest, and what a kept connection or an idle WebSocket adds to it."""
import subprocess
import time

from lab.bench import LOAD
from lab.process import LOAD_CORE, Failed, prepare

KEPT = 1000
WEBSOCKET = "--websocket", 128


def measure(bench, say):
    """{row: {rest, kept, per_connection, per_websocket, peak}} in KiB; what one adds is private anonymous memory."""
    upstream, results = bench.gateway(), {}
    for name, row in bench.rows.items():
        if not row["cmd"]:
            continue
        process, port = bench.start_row(name, upstream, "-memory")
        bench.load(port, "--connections", 1, "--seconds", 1, "--warm", 0)
        time.sleep(1)
        rest = process.memory()
        kept = holding(process, port)
        sessions = holding(process, port, *WEBSOCKET)
        bench.load(port, "--connections", KEPT, "--seconds", 3, "--warm", 0)
        results[name] = {
            "rest": rest["resident"], "rest_anonymous": rest["anonymous"], "kept": kept["resident"],
            "per_connection": (kept["anonymous"] - rest["anonymous"]) / KEPT,
            "per_websocket": (sessions["anonymous"] - rest["anonymous"]) / KEPT, "peak": process.memory()["peak"],
        }
        bench.stop(process)
        say(f"memory: {name}")
    return results


def holding(process, port, *what):
    """The process's memory while KEPT connections, each used once, sit still."""
    cmd = [LOAD, "hold", "--addr", f"127.0.0.1:{port}", "--connections", str(KEPT), *map(str, what)]
    holder = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              preexec_fn=prepare(LOAD_CORE))
    try:
        ready = holder.stdout.readline().strip()
        time.sleep(2)
        memory = process.memory()
        rest, errors = holder.communicate(timeout=30)
    finally:
        if holder.poll() is None:
            holder.kill()
            holder.wait()
    if (ready, rest.strip()) != (f"ready {KEPT}", f"alive {KEPT}"):
        raise Failed(f"{process.name} did not keep {KEPT} connections: {ready}, {rest.strip()} {errors.strip()}")
    return memory
