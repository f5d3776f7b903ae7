"""Memory at rest, what a kept connection or an idle WebSocket adds to it, and the peak while a gibibyte streams through."""
import resource
import subprocess
import time

from lab.bench import BIN, LOAD, REPOSITORY
from lab.process import LOAD_CORE, Failed, prepare
from lab.timing import BY_KEY

KEPT = 1000
# Seconds after which a start is over: an allocator gives back what it needed in the meantime.
REST = 45
# A connection is two descriptors of a proxy, which has others too.
MANY = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)
WEBSOCKET = "--websocket", 128
GIBIBYTE = "--path", f"/bytes/{1 << 30}", "--connections", 1, "--requests", 1, "--warm", 0, "--seconds", 100


def measure(bench, say, names=None):
    """{row: figures in KiB}; what one connection adds is private anonymous memory, the rest is what is resident.

    What a program needed for its start, or for connections that are gone, may be given back late. So what is at rest is read a while
    after the start, and each kind of connection is held by a process that has held no other.
    """
    upstream, results = bench.gateway(), {}
    names = [name for name in names or bench.rows if bench.rows[name]["cmd"]]
    rest = at_rest(bench, names, upstream)
    say(f"memory: {len(names)} rows at rest")
    for name in names:
        anonymous = rest[name]["anonymous"]
        results[name] = found = {"rest": rest[name]["resident"]}
        process, port = used(bench, name, upstream)
        process.forget_peak()
        bench.load(port, *GIBIBYTE)
        found["streaming"] = process.memory()["peak"]
        bench.stop(process)
        holds = [("kept", KEPT, ()), ("many", MANY, ())]
        if BY_KEY["websocket"].fits(bench.rows[name]):
            holds.append(("websocket", MANY, WEBSOCKET))
        for key, count, what in holds:
            process, port = used(bench, name, upstream)
            try:
                memory = holding(process, port, count, *what)
            except Failed as failure:
                say(f"memory: {failure}")
                continue
            finally:
                bench.stop(process)
            found[key] = memory["resident"]
            # What few of them take is lost in what the start left behind.
            if count == MANY:
                found[f"per_{key}"] = (memory["anonymous"] - anonymous) / MANY
        say(f"memory: {name}")
    return results


def at_rest(bench, names, upstream):
    """Memory of each row a while after it has carried something."""
    processes = {name: used(bench, name, upstream)[0] for name in names}
    time.sleep(REST)
    found = {name: process.memory() for name, process in processes.items()}
    for process in processes.values():
        bench.stop(process)
    return found


def used(bench, name, upstream):
    """A process of the row that has carried something, and its port."""
    process, port = bench.start_row(name, upstream, "-memory")
    bench.load(port, "--connections", 1, "--seconds", 1, "--warm", 0)
    return process, port


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
