"""REPORT.md: tables of medians, with the quartiles of the rounds in parentheses."""
import statistics

from lab.counts import LONG, SHORT
from lab.memory import KEPT
from lab.timing import MOST_WAITING, PACED, cpu, middle, ratios

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
    """A table per shape of traffic."""
    out = []
    for shape, rows in results.items():
        paced = shape == PACED.name
        head = ["row", "CPU µs per request", "ratio to floor", "user + system µs", "per second", "p50 µs", "p99 µs",
                "core 0 used", "disturbed"]
        lines = []
        for name, rounds in rows.items():
            med = lambda of: statistics.median(of(one) for one in rounds)
            spent = ["–"] * 3
            share = "–"
            if "proxy" in rounds[0]["cpu"]:
                part = lambda key: med(lambda one: one["cpu"]["proxy"][key])
                ratio = middle(ratios(rounds, rows["floor"]), "{:.2f}") if "floor" in rows else "–"
                spent = [middle([cpu(one) for one in rounds]), ratio,
                         f"{part('user_us_per_request'):.1f} + {part('system_us_per_request'):.1f}"]
                share = f"{part('core_share'):.0%}"
            lines.append([name, *spent, f"{med(lambda one: one['per_second']):,.0f}",
                          f"{med(lambda one: one['latency_us']['p50']):.0f}", f"{med(lambda one: one['latency_us']['p99']):.0f}",
                          share, f"{sum(one['disturbed'] for one in rounds)}/{len(rounds)}"])
        out.append(f"### {shape}\n\n" + ("Latency counts from when a request was due.\n\n" if paced else "") + table(head, lines))
        bad = {name: sum(one["bad"] + one["errors"] for one in rounds) for name, rounds in rows.items()}
        if any(bad.values()):
            out.append("Bad or failed: " + ", ".join(f"{name} {count}" for name, count in bad.items() if count) + "\n")
    return "\n".join(out)


def memory(results):
    head = ["row", "at rest MiB", f"with {KEPT:,} kept connections MiB", "KiB per kept connection",
            "KiB per idle WebSocket", f"peak with {KEPT:,} busy connections MiB"]
    mib = lambda kib: f"{kib / 1024:.1f}"
    lines = [[name, mib(m["rest"]), mib(m["kept"]), f"{m['per_connection']:.2f}",
              f"{m['per_websocket']:.2f}", mib(m["peak"])]
             for name, m in results.items()]
    text = ("## Memory\n\nResident memory of the process and its children; per kept connection the growth of private "
            "anonymous memory (what the kernel keeps for sockets is not in it).\n\n")
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
