"""Memory at rest, what a kept connection or an idle WebSocket adds to it, and the peak while a gibibyte streams through."""
import resource
import subprocess

from lab.bench import BIN, LOAD, REPOSITORY
from lab.process import LOAD_CORE, Failed, prepare
from lab.timing import BY_KEY

KEPT = 1000
# A connection is two descriptors of a proxy, which has others too.
MANY = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)
WEBSOCKET = "--websocket", 128
GIBIBYTE = "--path", f"/bytes/{1 << 30}", "--connections", 1, "--requests", 1, "--warm", 0, "--seconds", 100


def measure(bench, say, names=None):
    """{row: figures in KiB}; what one connection adds is private anonymous memory, the rest is what is resident.

    What a program needs for its start may be given back late, so what is there without connections is the least that was seen
    at any time: what a connection adds is no less than it is.
    """
    upstream, results = bench.gateway(), {}
    for name in names or bench.rows:
        if not bench.rows[name]["cmd"]:
            continue
        process, port = bench.start_row(name, upstream, "-memory")
        bench.load(port, "--connections", 1, "--seconds", 1, "--warm", 0)
        rest = process.memory()
        found = {"rest": rest["resident"]}
        process.forget_peak()
        bench.load(port, *GIBIBYTE)
        found["streaming"] = process.memory()["peak"]
        without, held = rest["anonymous"], {}
        holds = [("kept", KEPT, ()), ("many", MANY, ())]
        if BY_KEY["websocket"].fits(bench.rows[name]):
            holds.append(("websocket", MANY, WEBSOCKET))
        for key, count, what in holds:
            without = min(without, process.memory()["anonymous"])
            try:
                memory = holding(process, port, count, *what)
            except Failed as failure:
                say(f"memory: {failure}")
                continue
            found[key] = memory["resident"]
            # What few of them take is lost in what the start left behind.
            if count == MANY:
                held[key] = memory["anonymous"]
        without = min(without, process.settled_memory()["anonymous"])
        found |= {f"per_{key}": (anonymous - without) / MANY for key, anonymous in held.items()}
        results[name] = found
        bench.stop(process)
        say(f"memory: {name}")
    return results


def holding(process, port, count, *what):
    """The process's memory while so many connections, each used once, sit still."""
    cmd = [LOAD, "hold", "--addr", f"127.0.0.1:{port}", "--connections", str(count), *map(str, what)]
    holder = subprocess.Popen(cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              preexec_fn=prepare(LOAD_CORE))
    try:
        ready = holder.stdout.readline().strip()
        memory = process.settled_memory()
        rest, errors = holder.communicate(timeout=60)
    finally:
        if holder.poll() is None:
            holder.kill()
            holder.wait()
    if (ready, rest.strip()) != (f"ready {count}", f"alive {count}"):
        raise Failed(f"{process.name} did not keep {count} connections: {ready}, {rest.strip()} {errors.strip()[:200]}")
    return memory


def laid_out():
    """Which share of the functions in ci/order.txt this build of Outrider has: they are what is resident at rest."""
    order = (REPOSITORY / "ci/order.txt").read_text().split()
    names = subprocess.run(["nm", "--defined-only", "--format=just-symbols", str(BIN / "outrider")], capture_output=True, text=True,
                           check=True).stdout.split()
    share = len(set(order) & set(names)) / len(order)
    if share < 0.8:
        raise Failed(f"only {share:.0%} of the functions in ci/order.txt are in this build; type: make order")
    return share
