"""The figures that the documentation shows: written between its markers by the run that measured them."""
import re
import statistics

from lab.bench import REPOSITORY
from lab.report import above, latency, table
from lab.timing import PACED, SMALL, cpu, figure, ratio, ratios

ROW, FLOOR, NONE = "outrider", "floor", "direct"


def write(results, rows, machine):
    """Into README.md and docs/performance.md, where all that they are made of was measured."""
    small, paced = results.get(SMALL.name, {}), results.get(PACED.name, {})
    if not {ROW, FLOOR} <= small.keys() or NONE not in paced:
        return
    costs = {name: statistics.median(ratios(found[ROW], found[FLOOR])) for name, found in results.items() if ROW in found}
    between("README.md", "cost", f"{ratio(min(costs.values()))} to {ratio(max(costs.values()))}")
    told = dict(machine)
    parts = [
        by_row(SMALL.name, small, rows),
        table([f"`{ROW}` against the floor", "ratio"], [[name, ratio(cost)] for name, cost in costs.items()]),
        added(paced, rows),
        f"{told['processor']}, {told['when']}, Outrider {told['outrider']}.\n",
    ]
    between("docs/performance.md", "figures", "\n" + "\n".join(parts))


def by_row(title, found, rows):
    lines = []
    for name, rounds in found.items():
        if name != NONE:
            spent = figure(statistics.median(map(cpu, rounds)))
            times = ratio(statistics.median(ratios(rounds, found[FLOOR])))
            lines.append([named(name), rows[name]["what"], spent, times, f"{latency(rounds, 'p99'):,.0f}"])
    return table([title, "", "CPU µs per request", "ratio to floor", "p99 µs"], lines)


def added(found, rows):
    """Latency above that of no proxy."""
    lines = []
    for name, rounds in found.items():
        if name != NONE:
            more = [f"{statistics.median(above(rounds, found[NONE], key)):+,.0f}" for key in ("p50", "p99", "p999")]
            lines.append([named(name), rows[name]["what"], *more])
    return table([PACED.name, "", "added p50 µs", "added p99 µs", "added p99.9 µs"], lines)


def named(row):
    return f"**{row}**" if row == ROW else row


def between(path, marker, text):
    """Replaces what stands between a file's markers."""
    file = REPOSITORY / path
    pattern = re.compile(f"(<!-- {marker} -->).*?(<!-- /{marker} -->)", re.DOTALL)
    file.write_text(pattern.sub(lambda found: found[1] + text + found[2], file.read_text()))
