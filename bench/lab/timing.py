"""CPU time per request. All rows are up at once and take short turns, another one first each round; what is compared is
what ran next to each other, so a machine that changes speed meanwhile changes all rows alike."""
import statistics
import time

# A measurement is disturbed where the proxy was runnable but did not have its core for more than this share of the time.
MOST_WAITING = 0.06
# Seconds of load before it is counted.
WARM = 0.2
# So many in so many measurements may be repeated, which bounds how long a run on a busy machine takes.
REPEATED, OF = 1, 6
# Of messages that go one way, how many are asked for or acknowledged at a time.
CREDIT = 1000


class Shape:
    """A kind of traffic: as `--shape` and the report name it, over how many connections, and as the load is asked for it.

    One exchange of the load is `each` of `unit`, which figures are per; of what goes one way there is no latency. It is measured
    `longer` times as long as others, where what happens is rare or large."""
    def __init__(self, key, name, connections, *load, unit="request", each=1, longer=1):
        self.key, self.name, self.load = key, f"{name}, {connections} connection{'s' if connections > 1 else ''}", load
        self.connections, self.unit, self.each, self.longer = connections, unit, each, longer

    def fits(self, row):
        """Whether a row can carry it."""
        return self.key in row.get("shapes", [self.key])

    def arguments(self):
        return "--connections", self.connections, *self.load


SMALL = Shape("small", "small GET", 32)
SHAPES = [
    SMALL,
    Shape("one", "small GET", 1),
    Shape("many", "small GET", 256),
    Shape("64k", "GET of 64 KiB", 32, "--path", "/64k"),
    Shape("10m", "GET of 10 MiB", 8, "--path", f"/bytes/{10 << 20}", longer=2),
    Shape("post", "POST of 4 KiB", 32, "--path", "/post", "--post", 4096),
    Shape("close", "small GET, a connection for each", 32, "--header", "Connection: close"),
    Shape("websocket", "WebSocket echo of 128 bytes", 64, "--websocket", 128, unit="round trip"),
    Shape("push", "WebSocket messages of 128 bytes from the gateway", 16, "--websocket", 128, "--path", f"/push/{CREDIT}",
          "--receive", CREDIT, unit="message", each=CREDIT),
    Shape("send", "WebSocket messages of 128 bytes to the gateway", 16, "--websocket", 128, "--path", f"/every/{CREDIT}",
          "--send", CREDIT, unit="message", each=CREDIT),
]
PACED = Shape("paced", "2,000 requests per second", 32, "--rate", 2000, longer=4)
BY_KEY = {shape.key: shape for shape in [*SHAPES, PACED]}


def take_turns(bench, shapes, rounds, seconds, say):
    """{shape: {row: [measurement of each round]}}"""
    upstream = bench.gateway()
    of_use = [name for name, row in bench.rows.items() if any(shape.fits(row) for shape in shapes)]
    live = [(name, *bench.start_row(name, upstream)) for name in of_use]
    time.sleep(1)
    results = {}
    for at, shape in enumerate(shapes):
        able = [one for one in live if shape.fits(bench.rows[one[0]])]
        if not able:
            continue
        results[shape.name] = {name: [] for name, *_ in able}
        again = Again()
        for turn in range(rounds):
            first = turn % len(able)
            for name, process, port in able[first:] + able[:first]:
                found = undisturbed(bench, process, port, shape, seconds * shape.longer, again)
                results[shape.name][name].append(found)
            say(f"{shape.name} ({at + 1} of {len(shapes)} kinds of traffic): round {turn + 1} of {rounds}")
    for _, process, _ in live:
        bench.stop(process)
    return results


class Again:
    """Whether a measurement may be repeated, by how many were."""
    def __init__(self):
        self.made, self.repeated = 0, 0

    def may(self):
        may = self.repeated * OF < self.made * REPEATED
        self.repeated += may
        return may


def undisturbed(bench, process, port, shape, seconds, again):
    """One measurement; twice more at most while other work shows on the proxy's core, and then the least disturbed."""
    watch = ["--watch", "proxy=" + ",".join(map(str, process.pids()))] if process else []
    tries = []
    again.made += 1
    while not tries or len(tries) < 3 and tries[-1]["disturbed"] and again.may():
        found = bench.load(port, *shape.arguments(), "--seconds", seconds, "--warm", WARM, *watch)
        found["waiting"] = found["cpu"]["proxy"]["wait_share"] if process else 0.0
        found["disturbed"] = found["waiting"] > MOST_WAITING
        tries.append(found)
    return min(tries, key=lambda found: found["waiting"])


def cpu(found):
    return found["cpu"]["proxy"]["us_per_request"]


def ratios(rounds, floor):
    """Of each round to the floor of the same round."""
    return [cpu(one) / cpu(base) for one, base in zip(rounds, floor)]


def figure(value):
    """Three digits that mean something, whether it is a small message's tenth of a µs or ten MiB's thousands."""
    size = abs(value)
    for least, digits in ((99.95, 0), (9.995, 1), (0.9995, 2), (0.0005, 3)):
        if size >= least:
            return f"{value:,.{digits}f}"
    return "0"


def middle(values, form=figure):
    """Median, and the quartiles where there are enough values for them."""
    median = form(statistics.median(values))
    if len(values) < 4:
        return median
    low, _, high = statistics.quantiles(values, n=4)
    return f"{median} ({form(low)}–{form(high)})"


def ratio(value):
    return f"{value:.2f}"
