"""Counts that no other work on the machine can change: instructions (valgrind's callgrind) and system calls (strace) per
request. Two runs of different length are subtracted, so that start and stop fall away."""
import re
import time

from lab.bench import RUN
from lab.process import Failed

SHORT, LONG = 500, 2500


def measure(bench, say):
    """{row: (instructions per request, {system call: per request})} on one connection, one request after the other."""
    upstream, results = bench.gateway(), {}
    for name, row in bench.rows.items():
        if not row["cmd"]:
            continue
        try:
            instructions = per_request(lambda count: callgrind(bench, name, upstream, count))
            calls = per_request(lambda count: strace(bench, name, upstream, count))
        except Failed as failure:
            say(f"counts: {name} is left out: {failure}")
            continue
        results[name] = (sum(instructions.values()), {call: n for call, n in calls.items() if n > 0.01})
        say(f"counts: {name}")
    return results


def per_request(count):
    """`count(requests)` gives totals by key; this gives them per request."""
    short, long = count(SHORT), count(LONG)
    return {key: (total - short.get(key, 0)) / (LONG - SHORT) for key, total in long.items()}


def under(bench, name, upstream, requests, tool, tag):
    """Runs the row under `tool` with so many requests on one connection."""
    process, port = bench.start_row(name, upstream, tag, tool)
    time.sleep(0.5)
    found = bench.load(port, "--connections", 1, "--requests", requests, "--warm", 0, "--seconds", 100)
    if found["done"] != requests or found["bad"] or found["errors"]:
        raise Failed(f"{name}: {found['done']} of {requests} requests, {found['bad']} bad, {found['errors']} failed")
    bench.stop(process, seconds=30)


def callgrind(bench, name, upstream, requests):
    """Instructions of each thread; only the busiest is kept, so that timers of other threads do not count."""
    for old in RUN.glob("callgrind.*"):
        old.unlink()
    under(bench, name, upstream, requests,
          ["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes", "--trace-children=yes",
           f"--callgrind-out-file={RUN}/callgrind.%p"], "-callgrind")
    totals = [total(path) for path in RUN.glob("callgrind.*")]
    if not any(totals):
        raise Failed(f"{name}: callgrind wrote no totals")
    return {"busiest thread": max(totals)}


def total(path):
    """The instructions in one of callgrind's files."""
    found = re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def strace(bench, name, upstream, requests):
    out = RUN / "strace.txt"
    under(bench, name, upstream, requests, ["strace", "-f", "-c", "-o", str(out)], "-strace")
    calls = {}
    for line in out.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls
