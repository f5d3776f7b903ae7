"""Counts that no other work on the machine can change: instructions (valgrind's callgrind) and system calls (strace) per
request. Two runs of different length are subtracted, so that start and stop fall away."""
import re
import time

from lab.bench import RUN
from lab.process import Failed

SHORT, LONG = 500, 2500


def measure(bench, shape, say, slow=True):
    """{row: (instructions per request, {system call: per request})} on one connection, one request after the other. Rows that are
    slow to start under valgrind are left out where that is asked for."""
    upstream, results = bench.gateway(), {}
    for name, row in bench.rows.items():
        if not row["cmd"] or not shape.fits(row) or row.get("slow") and not slow:
            continue
        try:
            instructions = per_request(shape, lambda count: callgrind(bench, name, upstream, shape, count))
            calls = per_request(shape, lambda count: strace(bench, name, upstream, shape, count))
        except Failed as failure:
            say(f"counts: {name} is left out: {failure}")
            continue
        results[name] = (sum(instructions.values()), {call: n for call, n in calls.items() if n * shape.each > 0.01})
        say(f"counts: {name}")
    return results


def per_request(shape, count):
    """`count(exchanges)` gives totals by key; this gives them per request, or per message of what goes one way."""
    short, long = count(SHORT), count(LONG)
    return {key: (total - short.get(key, 0)) / (LONG - SHORT) / shape.each for key, total in long.items()}


def under(bench, name, upstream, shape, requests, tool, tag):
    """Runs the row under `tool` with so many requests on one connection."""
    process, port = bench.start_row(name, upstream, tag, tool)
    time.sleep(0.5)
    found = bench.load(port, "--connections", 1, *shape.load, "--requests", requests, "--warm", 0, "--seconds", 100)
    if found["done"] != requests or found["bad"] or found["errors"]:
        raise Failed(f"{name}: {found['done']} of {requests} requests, {found['bad']} bad, {found['errors']} failed")
    bench.stop(process, seconds=30)


def callgrind(bench, name, upstream, shape, requests):
    """Instructions of the thread that moves the bytes, so that timers of other threads do not count."""
    for old in RUN.glob("callgrind.*"):
        old.unlink()
    under(bench, name, upstream, shape, requests,
          ["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes", "--trace-children=yes",
           f"--callgrind-out-file={RUN}/callgrind.%p"], "-callgrind")
    return {"worker": total(worker(bench, name))}


def worker(bench, name):
    """callgrind's file of the row's worker: of the thread that ran the function which rows.toml names, else of the busiest."""
    function = bench.rows[name].get("worker", "")
    found = [path for path in RUN.glob("callgrind.*") if total(path) and function in path.read_text()]
    if not found:
        raise Failed(f"{name}: callgrind saw no thread in {function or 'it'}")
    return max(found, key=total)


def total(path):
    """The instructions in one of callgrind's files."""
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def strace(bench, name, upstream, shape, requests):
    out = RUN / "strace.txt"
    under(bench, name, upstream, shape, requests, ["strace", "-f", "-c", "-o", str(out)], "-strace")
    calls = {}
    for line in out.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls


def too_many(bench, shape, results):
    """What takes more instructions than its row of rows.toml says it may, or could not be counted: a sentence for each."""
    over = []
    for name, row in bench.rows.items():
        bound, counted = row.get("instructions", {}).get(shape.key), results.get(name)
        if bound and not counted:
            over.append(f"{name}, {shape.name}: not counted, and rows.toml bounds it by {bound:,} instructions per {shape.unit}")
        elif bound and counted[0] > bound:
            over.append(f"{name}, {shape.name}: {counted[0]:,.0f} instructions per {shape.unit}, and rows.toml lets it take {bound:,}")
    return over
