"""REPORT.md: tables of medians, with the quartiles of the rounds in parentheses."""
import statistics

from lab import plot
from lab.counts import LONG, SHORT
from lab.memory import KEPT, MANY
from lab.timing import BY_KEY, MOST_WAITING, PACED, cpu, middle, ratios

METHOD = f"""## Method

`make bench` wrote this file. The proxy has core 0 for itself; the load generator and the gateway (`load`, a
canned server that answers at once) share core 1. Everything talks over loopback. All proxies are up at once and take short
turns, another one first each round; a ratio is that of a row to the floor **of the same round**, and its median over
the rounds is what to compare. CPU is what the kernel says in `/proc/PID/task/*/schedstat`, user and system time
together, nanoseconds; it is read at both ends of the counted window. A measurement whose proxy waited for its core more than
{MOST_WAITING:.0%} of the time is repeated up to twice, and counted as disturbed if the best one still did.
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def timing(results):
    """A table per shape of closed-loop traffic."""
    return "\n".join(one_shape(shape, rows) for shape, rows in results.items())


def one_shape(shape, rows):
    head = ["row", "CPU µs per request", "ratio to floor", "user + system µs", "per second", "p50 µs", "p99 µs", "core 0 used",
            "disturbed"]
    lines = []
    for name, rounds in rows.items():
        lines.append([name, *spent(rounds, rows.get("floor")), *(f"{latency(rounds, key):.0f}" for key in ("p50", "p99")),
                      *quality(rounds)])
        lines[-1].insert(4, f"{median(rounds, lambda one: one['per_second']):,.0f}")
    return f"### {shape}\n\n" + table(head, lines) + failures(rows)


def paced(shape, rows):
    """The table of latencies at a fixed rate, and what each row adds to those of no proxy."""
    keys = ("p50", "p99", "p999")
    head = ["row", "CPU µs per request", "ratio to floor", "user + system µs", "p50 µs", "p99 µs", "p99.9 µs", "added p50",
            "added p99", "added p99.9", "core 0 used", "disturbed"]
    lines = []
    for name, rounds in rows.items():
        added = ["–"] * 3
        if "direct" in rows and name != "direct":
            added = [f"{latency(rounds, key) - latency(rows['direct'], key):+.0f}" for key in keys]
        lines.append([name, *spent(rounds, rows.get("floor")), *(f"{latency(rounds, key):.0f}" for key in keys), *added,
                      *quality(rounds)])
    told = "Latency counts from when a request was due."
    return f"### {shape}\n\n{told}\n\n" + table(head, lines) + failures(rows)


def pictures(results, folder):
    """Writes a picture of each shape's CPU and of the paced latencies; what shows them in the report."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    listed = []
    for shape, rows in results.items():
        one = next(known for known in BY_KEY.values() if known.name == shape)
        used = {name: [cpu(each) for each in rounds] for name, rounds in rows.items() if "proxy" in rounds[0]["cpu"]}
        drawn = {f"cpu-{one.key}": (shape, "CPU µs per request", used)}
        if one is PACED:
            tail = {name: [each["latency_us"]["p99"] for each in rounds] for name, rounds in rows.items()}
            drawn[f"p99-{one.key}"] = (shape, "p99 in µs", tail)
        for name, (title, unit, values) in drawn.items():
            spread = {row: (statistics.median(all), min(all), max(all)) for row, all in values.items()}
            (folder / f"{name}.svg").write_text(plot.bars(title, unit, spread))
            listed.append(f"![{title}, {unit}](plots/{name}.svg)")
    return "\n".join(listed) + "\n"


def median(rounds, of):
    return statistics.median(of(one) for one in rounds)


def latency(rounds, key):
    return median(rounds, lambda one: one["latency_us"][key])


def spent(rounds, floor):
    """CPU per request, its ratio to the floor's, and its parts; of a row that is no process, nothing."""
    if "proxy" not in rounds[0]["cpu"]:
        return ["–"] * 3
    part = lambda key: median(rounds, lambda one: one["cpu"]["proxy"][key])
    ratio = middle(ratios(rounds, floor), "{:.2f}") if floor else "–"
    parts = f"{part('user_us_per_request'):.1f} + {part('system_us_per_request'):.1f}"
    return [middle([cpu(one) for one in rounds]), ratio, parts]


def quality(rounds):
    share = "–"
    if "proxy" in rounds[0]["cpu"]:
        share = f"{median(rounds, lambda one: one['cpu']['proxy']['core_share']):.0%}"
    return share, f"{sum(one['disturbed'] for one in rounds)}/{len(rounds)}"


def failures(rows):
    bad = {name: sum(one["bad"] + one["errors"] for one in rounds) for name, rounds in rows.items()}
    listed = ", ".join(f"{name} {count}" for name, count in bad.items() if count)
    return f"\nBad or failed: {listed}\n" if listed else ""


def memory(results):
    head = ["row", "at rest MiB", "peak while 1 GiB streams MiB", f"with {KEPT:,} kept connections MiB",
            f"with {MANY:,} MiB", "KiB for each of them", f"KiB per idle WebSocket of {MANY:,}"]
    mib = lambda kib: "–" if kib is None else f"{kib / 1024:.1f}"
    each = lambda kib: "–" if kib is None else f"{kib:.2f}"
    lines = [[name, mib(m["rest"]), mib(m["streaming"]), mib(m.get("kept")), mib(m.get("many")),
              each(m.get("per_many")), each(m.get("per_websocket"))] for name, m in results.items()]
    text = ("## Memory\n\nResident memory of the process and its children; for each connection the growth of private "
            "anonymous memory since the least that was seen without (what the kernel keeps for sockets is not in it).\n\n")
    return text + table(head, lines)


COUNTS = f"""## Counts

Instructions in user space (valgrind's callgrind, the thread that moves the bytes) and system calls (strace), on one
connection, one request after the other: {LONG:,} requests less {SHORT:,}. Nothing else on the machine changes them.
"""


def counts(shape, results):
    base = results.get("floor", (None, {}))[0]
    head = ["row", "instructions per request", "above the floor", "system calls per request"]
    lines = []
    for name, (instructions, calls) in results.items():
        above = f"{instructions - base:+,.0f}" if base else "–"
        listed = ", ".join(f"{call} {n:.2f}" for call, n in sorted(calls.items(), key=lambda item: -item[1]))
        lines.append([name, f"{instructions:,.0f}", above, f"{sum(calls.values()):.2f}: {listed}"])
    return f"### {shape.split(',')[0]}\n\n" + table(head, lines)


def whole(machine, rows, left_out, parts):
    what = table(["row", "what"], [[name, row["what"]] for name, row in rows.items()])
    out = ["# Side by side\n", table(["", ""], [[f"**{key}**", value] for key, value in machine]), what]
    out += [f"Left out: {name}, because {why}.\n" for name, why in left_out.items()]
    return "\n".join([*out, METHOD, *parts])
