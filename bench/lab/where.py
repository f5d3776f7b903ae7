"""Where a row's instructions go: callgrind's counts per request, by crate or file of ours, and by function."""
import collections
import re
import subprocess

from lab import counts
from lab.report import table

REQUESTS = 10_000
LINE = re.compile(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S+?):(.*)$")
LONGEST = 30


def measure(bench, shape, say):
    """Two tables per row, with start and stop spread over all requests."""
    upstream, out = bench.gateway(), []
    for name in bench.rows:
        counts.callgrind(bench, name, upstream, shape, REQUESTS)
        listed = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", str(counts.worker(bench, name))],
                                capture_output=True, text=True, check=True).stdout
        places, functions = collections.Counter(), collections.Counter()
        for line in listed.splitlines():
            found = LINE.match(line)
            if found:
                instructions = int(found[1].replace(",", ""))
                places[place(found[2])] += instructions
                functions[re.sub(r" \[.*\]$", "", found[3])] += instructions
        for title, found in (("place", places), ("function", functions)):
            rows = [[f"{n / REQUESTS:,.0f}", what] for what, n in found.most_common(LONGEST) if n >= REQUESTS]
            out += [f"### {name}, {shape.key}, by {title}\n", table(["instructions per request", title], rows)]
        say(f"where: {name}")
    return "\n".join(out)


def place(path):
    """The crate, or the file where it is one of ours. Inlined code counts where it is written."""
    crate = re.search(r"registry/src/[^/]+/([^/]+)-\d", path)
    if crate:
        return crate[1]
    if "/rustc/" in path:
        return "std"
    return path.split("/src/", 1)[1] if path.startswith("/") and "/src/" in path else "libc"
