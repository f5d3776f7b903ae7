"""REPORT.md: tables of medians, with the quartiles of the rounds in parentheses."""
import statistics

from lab import plot
from lab.counts import LONG, SHORT
from lab.memory import KEPT, MANY, REST
from lab.timing import BY_KEY, CREDIT, MOST_WAITING, OF, PACED, REPEATED, WARM, cpu, figure, middle, ratio, ratios

METHOD = f"""## Method

`make bench` wrote this file. The proxy has core 0 for itself; the load generator and the gateway (`load`, a
canned server that answers at once) share core 1. Everything talks over loopback. All proxies are up at once and take short
turns, another one first each round; a ratio is that of a row to the floor **of the same round**, and its median over
the rounds is what to compare. CPU is what the kernel says in `/proc/PID/task/*/schedstat`, user and system time
together, nanoseconds; it is read at both ends of the counted window. Its split into user and system is in ticks of 10 ms, and
coarse. A measurement whose proxy waited for its core more than {MOST_WAITING:.0%} of the time is repeated up to twice while no
more than about {REPEATED} in {OF} of its kind of traffic were, and counted as disturbed if the best one still did.

Figures are medians of {{rounds}} rounds, with their quartiles in parentheses; a round is {{seconds:g}} s of each row after {WARM:g} s that
do not count (twice as long with 10 MiB, four times at a fixed rate). But for that rate the loop is closed: a connection asks again when its
answer is there, so what it does per second is what all of proxy, load and gateway can do. At the fixed rate requests follow a schedule, and
latency counts from when a request was due; what a row *adds* is its quantile less that of no proxy in the same round. Messages that go one
way are asked for, or acknowledged, {CREDIT:,} at a time on each connection, which bounds what is under way; what came is counted where
it arrives.
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def timing(results, rows, folder):
    """Of each kind of traffic its table and its pictures, which are written to `folder`."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    names = {shape.name: shape for shape in BY_KEY.values()}
    return "\n".join(one_shape(names[name], found, rows, folder) for name, found in results.items())


def one_shape(shape, found, rows, folder):
    columns = {"row": lambda name, rounds: name, **spending(shape, found), **latencies(shape, found), **quality(shape)}
    lines = [[tell(name, rounds) for tell in columns.values()] for name, rounds in found.items()]
    parts = [f"### {shape.name}\n", *pictures(shape, found, folder), "", table(list(columns), lines), failures(found)]
    if unable := [name for name in rows if name not in found]:
        parts.append(f"Without {', '.join(unable)}: `shapes` in rows.toml says what a row is measured with.\n")
    return "\n".join(part for part in parts if part is not None)


def spending(shape, found):
    """Columns of the CPU per request, its ratio to the floor's, and its parts; of a row that is no process, nothing."""
    def of_process(tell):
        return lambda name, rounds: tell(rounds) if "proxy" in rounds[0]["cpu"] else "–"

    def parts(rounds):
        part = lambda key: figure(median(rounds, lambda one: one["cpu"]["proxy"][key]))
        return f"{part('user_us_per_request')} + {part('system_us_per_request')}"

    floor = found.get("floor")
    return {
        f"CPU µs per {shape.unit}": of_process(lambda rounds: middle([cpu(one) for one in rounds])),
        "ratio to floor": of_process(lambda rounds: middle(ratios(rounds, floor), ratio) if floor else "–"),
        "user + system µs": of_process(parts),
        f"{shape.unit}s per second": lambda _, rounds: f"{median(rounds, lambda one: one['per_second']):,.0f}",
    }


def latencies(shape, found):
    """Columns of latencies; at a fixed rate also what a row adds to those of no proxy in the same round."""
    keys = {"p50": "p50", "p99": "p99"} | ({"p99.9": "p999"} if shape is PACED else {})
    if shape.each > 1:
        return {}
    of = lambda key: lambda _, rounds: f"{latency(rounds, key):,.0f}"
    columns = {f"{title} µs": of(key) for title, key in keys.items()}
    if shape is PACED and "direct" in found:
        more = lambda rounds, key: f"{statistics.median(above(rounds, found['direct'], key)):+,.0f}"
        added = lambda key: lambda name, rounds: "–" if name == "direct" else more(rounds, key)
        columns |= {f"added {title} µs": added(key) for title, key in keys.items()}
    return columns


def latency(rounds, key):
    return median(rounds, lambda one: one["latency_us"][key])


def above(rounds, direct, key):
    """What each round's latency is above that of no proxy in the same round."""
    return [one["latency_us"][key] - base["latency_us"][key] for one, base in zip(rounds, direct)]


def quality(shape):
    def share(_, rounds):
        return f"{median(rounds, lambda one: one['cpu']['proxy']['core_share']):.0%}" if "proxy" in rounds[0]["cpu"] else "–"
    return {"core 0 used": share, "disturbed": lambda _, rounds: f"{sum(one['disturbed'] for one in rounds)}/{len(rounds)}"}


def pictures(shape, found, folder):
    """Writes what shows the CPU of each row, and at a fixed rate the latency that each adds; the lines that show them."""
    proxies = {name: rounds for name, rounds in found.items() if "proxy" in rounds[0]["cpu"]}
    drawn = {f"cpu-{shape.key}": (f"CPU µs per {shape.unit}", {name: [cpu(one) for one in rounds] for name, rounds in proxies.items()})}
    if shape is PACED and "direct" in found:
        for key, title in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")):
            added = {name: above(rounds, found["direct"], key) for name, rounds in proxies.items()}
            drawn[f"{key}-{shape.key}"] = (f"added latency, {title} in µs", added)
    for name, (unit, values) in drawn.items():
        if values:
            (folder / f"{name}.svg").write_text(plot.bars(shape.name, unit, values))
            yield f"![{shape.name}: {unit}](plots/{name}.svg)"


def median(rounds, of):
    return statistics.median(of(one) for one in rounds)


def failures(found):
    bad = {name: sum(one["bad"] + one["errors"] for one in rounds) for name, rounds in found.items()}
    listed = ", ".join(f"{name} {count}" for name, count in bad.items() if count)
    return f"Bad or failed: {listed}.\n" if listed else None


def memory(results, laid_out):
    head = ["row", "at rest MiB", "peak while 1 GiB streams MiB", f"with {KEPT:,} kept connections MiB",
            f"with {MANY:,} MiB", "KiB for each of them", f"KiB per idle WebSocket of {MANY:,}"]
    mib = lambda kib: "–" if kib is None else f"{kib / 1024:.1f}"
    each = lambda kib: "–" if kib is None else f"{kib:.2f}"
    lines = [[name, mib(m["rest"]), mib(m["streaming"]), mib(m.get("kept")), mib(m.get("many")),
              each(m.get("per_many")), each(m.get("per_websocket"))] for name, m in results.items()]
    text = (f"## Memory\n\nResident memory of the process and its children, at rest {REST} s after the start; for each connection what "
            "private anonymous memory there is more than at rest (what the kernel keeps for sockets is not in it).\n\n")
    return text + table(head, lines) + f"\n\nOf the functions in ci/order.txt, {laid_out:.0%} are in this build of Outrider.\n"


COUNTS = f"""## Counts

Instructions in user space (valgrind's callgrind, the thread that moves the bytes) and system calls (strace), on one
connection, one request after the other: {LONG:,} requests less {SHORT:,}. Nothing else on the machine changes them. Rows with access log
and traces of Envoy are not among them: valgrind needs a minute for each (`bench/run.py counts --only envoy-1`).
"""


def counts(shape, results):
    base = results.get("floor", (None, {}))[0]
    head = ["row", f"instructions per {shape.unit}", "above the floor", f"system calls per {shape.unit}"]
    lines = []
    for name, (instructions, calls) in results.items():
        above = f"{'+' if instructions >= base else ''}{figure(instructions - base)}" if base else "–"
        listed = ", ".join(f"{call} {figure(n)}" for call, n in sorted(calls.items(), key=lambda item: -item[1]))
        lines.append([name, figure(instructions), above, f"{figure(sum(calls.values()))}: {listed}"])
    return f"### {shape.name.rsplit(',', 1)[0]}\n\n" + table(head, lines)


def whole(machine, bench, rounds, seconds, parts):
    what = table(["row", "what"], [[name, row["what"]] for name, row in bench.rows.items()])
    out = ["# Side by side\n", table(["", ""], [[f"**{key}**", value] for key, value in machine]), what]
    out += [f"Left out: {name}, because {why}.\n" for name, why in bench.left_out.items()]
    return "\n".join([*out, METHOD.format(rounds=rounds, seconds=seconds), *parts])
