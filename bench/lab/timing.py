"""CPU time per request. All rows are up at once and take short turns, another one first each round; what is compared is
what ran next to each other, so a machine that changes speed meanwhile changes all rows alike."""
import statistics
import time

# A measurement is disturbed where the proxy was runnable but did not have its core for more than this share of the time.
MOST_WAITING = 0.06
TRIES = 3


class Shape:
    """A kind of traffic: as `--shape` and the report name it, over how many connections, and as the load is asked for it."""
    def __init__(self, key, name, connections, *load):
        self.key, self.name, self.connections, self.load = key, f"{name}, {connections} connections", connections, load

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
    Shape("10m", "GET of 10 MiB", 8, "--path", f"/bytes/{10 << 20}"),
    Shape("post", "POST of 4 KiB", 32, "--path", "/post", "--post", 4096),
    Shape("close", "small GET, a connection for each", 32, "--header", "Connection: close"),
    Shape("websocket", "WebSocket echo of 128 bytes", 64, "--websocket", 128),
]
PACED = Shape("paced", "2,000 requests per second", 32, "--rate", 2000)
BY_KEY = {shape.key: shape for shape in [*SHAPES, PACED]}


def take_turns(bench, shapes, rounds, seconds, say):
    """{shape: {row: [measurement of each round]}}"""
    upstream = bench.gateway()
    live = [(name, *bench.start_row(name, upstream)) for name in bench.rows]
    time.sleep(1)
    results = {}
    for shape in shapes:
        able = [one for one in live if shape.fits(bench.rows[one[0]])]
        results[shape.name] = {name: [] for name, *_ in able}
        for turn in range(rounds):
            first = turn % len(able)
            for name, process, port in able[first:] + able[:first]:
                found = undisturbed(bench, process, port, shape, seconds)
                results[shape.name][name].append(found)
            say(f"{shape.name}: round {turn + 1} of {rounds}")
    for _, process, _ in live:
        bench.stop(process)
    return results


def undisturbed(bench, process, port, shape, seconds):
    """One measurement; again while other work shows on the proxy's core, and then the least disturbed."""
    watch = ["--watch", "proxy=" + ",".join(map(str, process.pids()))] if process else []
    tries = []
    for _ in range(TRIES):
        found = bench.load(port, *shape.arguments(), "--seconds", seconds, "--warm", 0.3, *watch)
        found["waiting"] = found["cpu"]["proxy"]["wait_share"] if process else 0.0
        found["disturbed"] = found["waiting"] > MOST_WAITING
        tries.append(found)
        if not found["disturbed"]:
            break
    return min(tries, key=lambda found: found["waiting"])


def cpu(found):
    return found["cpu"]["proxy"]["us_per_request"]


def ratios(rounds, floor):
    """Of each round to the floor of the same round."""
    return [cpu(one) / cpu(base) for one, base in zip(rounds, floor)]


def middle(values, form="{:.1f}"):
    """Median, and the quartiles where there are enough values for them."""
    median = form.format(statistics.median(values))
    if len(values) < 4:
        return median
    low, _, high = statistics.quantiles(values, n=4)
    return f"{median} ({form.format(low)}–{form.format(high)})"
