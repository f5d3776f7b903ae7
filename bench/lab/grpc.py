"""gRPC unary calls over HTTP/2: h2load before, nghttpd behind, which answers every call with a small message and a status in trailers.

What row carries them says `grpc` in rows.toml. The floor and Outrider pass the frames on, the others end HTTP/2 on both sides."""
import re
import subprocess
from pathlib import Path

from lab.bench import RUN, free_port
from lab.process import LOAD_CORE, Failed, prepare
from lab.report import table
from lab.timing import middle, ratio

CALLS, CONNECTIONS, STREAMS = 40_000, 8, 16
MESSAGE = b"\0\0\0\0\x40" + bytes(64)  # length-prefixed, not compressed


def measure(bench, rounds, say):
    """{row: [CPU µs per call of each round]}"""
    folder = RUN / "grpc"
    folder.mkdir(exist_ok=True)
    (folder / "Call").write_bytes(MESSAGE)
    (RUN / "call.bin").write_bytes(MESSAGE)
    port = free_port()
    gateway = bench.start("nghttpd", ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(folder), "--trailer", "grpc-status: 0",
                                      "-n", "1", str(port)], LOAD_CORE, port)
    rows = {name: row["grpc"] for name, row in bench.rows.items() if "grpc" in row}
    collector = bench.gateway()
    live = [(name, *bench.start_row(name, port, "-grpc", collector=collector, **values)) for name, values in rows.items()]
    if not live:
        raise Failed("none of these rows carries gRPC: see `grpc` in rows.toml")
    results = {name: [] for name, *_ in live}
    for turn in range(rounds):
        first = turn % len(live)
        for name, process, listen in live[first:] + live[:first]:
            calls(listen, CALLS // 10)
            before = cpu(process)
            calls(listen, CALLS)
            results[name].append(since(before, cpu(process)) / CALLS / 1000)
        say(f"gRPC: round {turn + 1} of {rounds}")
    for _, process, _ in live:
        bench.stop(process)
    bench.stop(gateway)
    return results


def calls(port, count):
    command = ["h2load", "-n", str(count), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-d", str(RUN / "call.bin"),
               "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{port}/Call"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=prepare(LOAD_CORE))
    good = re.search(rf"requests: .* {count} succeeded, 0 failed", done.stdout)
    if not good or f"({count * len(MESSAGE)}) data" not in done.stdout:
        raise Failed(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")


def cpu(process):
    """Nanoseconds that each thread of the process and of all below it has run."""
    threads = (path for pid in process.pids() for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return {path: int(path.read_text().split()[0]) for path in threads}


def since(before, now):
    return sum(ran - before.get(thread, 0) for thread, ran in now.items())


def report(results):
    told = (f"h2load before, nghttpd behind, both on core 1. {CALLS:,} calls over {CONNECTIONS} connections, {STREAMS} at a time on each; a "
            f"call is a POST of {len(MESSAGE)} bytes, the answer has as many and its status in trailers. The floor and Outrider pass the "
            "frames on, nginx, haproxy and Envoy end HTTP/2 on both sides. CPU is of the proxy, and opening the connections is in it.")
    floor = results.get("floor")
    times = lambda used: middle([a / b for a, b in zip(used, floor)], ratio) if floor else "–"
    lines = [[name, middle(used), times(used)] for name, used in results.items()]
    return f"## gRPC unary\n\n{told}\n\n" + table(["row", "CPU µs per call", "ratio to floor"], lines)
