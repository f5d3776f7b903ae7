"""gRPC unary calls over HTTP/2: h2load before, nghttpd behind, which answers every call with a small message and a status in trailers."""
import re
import subprocess
from pathlib import Path

from lab.bench import RUN, free_port
from lab.process import LOAD_CORE, Failed, prepare
from lab.timing import middle

# Those that pass HTTP/2 without TLS as they are configured here.
ROWS = ["floor", "outrider-untraced", "outrider-1"]
CALLS, CONNECTIONS, STREAMS = 40_000, 8, 16


def measure(bench, rounds, say):
    """{row: [CPU µs per call of each round]}"""
    folder = RUN / "grpc"
    folder.mkdir(exist_ok=True)
    message = b"\0\0\0\0\x40" + bytes(64)  # one length-prefixed message, not compressed
    (folder / "Call").write_bytes(message)
    (RUN / "call.bin").write_bytes(message)
    port = free_port()
    gateway = bench.start("nghttpd", ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(folder), "--trailer", "grpc-status: 0",
                                      "-n", "1", str(port)], LOAD_CORE, port)
    live = [(name, *bench.start_row(name, port, "-grpc")) for name in ROWS if name in bench.rows]
    results = {name: [] for name, *_ in live}
    for turn in range(rounds):
        first = turn % len(live)
        for name, process, listen in live[first:] + live[:first]:
            calls(listen, CALLS // 10)
            before = cpu(process)
            calls(listen, CALLS)
            results[name].append((cpu(process) - before) / CALLS / 1000)
        say(f"gRPC: round {turn + 1} of {rounds}")
    for _, process, _ in live:
        bench.stop(process)
    bench.stop(gateway)
    return results


def calls(port, count):
    command = ["h2load", "-n", str(count), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-d", str(RUN / "call.bin"),
               "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{port}/Call"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=prepare(LOAD_CORE))
    if not re.search(rf"requests: .* {count} succeeded, 0 failed", done.stdout):
        raise Failed(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-500:]}")


def cpu(process):
    """Nanoseconds that the process and all below it have run."""
    threads = (path for pid in process.pids() for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(path.read_text().split()[0]) for path in threads)


def report(results):
    told = (f"{CALLS:,} calls over {CONNECTIONS} connections, {STREAMS} at a time on each; a call is a POST of 69 octets, the answer has "
            "as many and its status in trailers.")
    floor = results.get("floor")
    lines = [f"| {name} | {middle(used)} | {middle([a / b for a, b in zip(used, floor)], '{:.3f}') if floor else '–'} |"
             for name, used in results.items()]
    head = ["## gRPC unary\n", told, "", "| row | CPU µs per call | ratio to floor |", "|---|---|---|"]
    return "\n".join([*head, *lines]) + "\n"
