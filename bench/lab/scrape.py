"""What a scrape of ten thousand series does to the requests that pass meanwhile: latencies at a fixed rate, in turns with and
without scrapes."""
import http.client
import statistics
import subprocess

from lab.bench import LOAD
from lab.process import LOAD_CORE, prepare
from lab.report import table
from lab.timing import PACED

ROW = "outrider"
SERIES = 10_000
SCRAPES_PER_SECOND = 4
LOAD_PER_TURN = "--warm", 0.3


def measure(bench, rounds, seconds, say):
    """(series, {"none" or "scraped": [measurement of each round]})"""
    process, port = bench.start_row(ROW, bench.gateway(), "-scrape")
    series = make_series(port, process.admin)
    results = {"none": [], "scraped": []}
    for turn in range(rounds):
        for what in list(results)[:: 1 if turn % 2 else -1]:
            scraper = scrape(process.admin) if what == "scraped" else None
            try:
                results[what].append(bench.load(port, *PACED.arguments(), "--seconds", seconds, *LOAD_PER_TURN))
            finally:
                if scraper:
                    scraper.kill()
                    scraper.wait()
        say(f"scrape: round {turn + 1} of {rounds}")
    bench.stop(process)
    return series, results


def make_series(port, admin):
    """Asks for ever more paths until there are SERIES series; how many there are."""
    gateway, count = http.client.HTTPConnection("127.0.0.1", port), 0
    for at in range(2000):
        for method in ("GET", "POST", "PUT"):
            gateway.request(method, f"/area{at}/things", headers={"Content-Length": "0"})
            gateway.getresponse().read()
        if at % 20 == 0:
            count = series_at(admin)
            if count >= SERIES:
                break
    gateway.close()
    return count


def series_at(admin):
    scraped = http.client.HTTPConnection("127.0.0.1", admin)
    scraped.request("GET", "/api/v1/metrics")
    text = scraped.getresponse().read()
    return sum(not line.startswith(b"#") for line in text.splitlines())


def scrape(admin):
    """A process that scrapes until it is killed. Its latency is no matter, so it is no other load than that."""
    cmd = [LOAD, "run", "--addr", f"127.0.0.1:{admin}", "--path", "/api/v1/metrics", "--connections", "1",
           "--rate", str(SCRAPES_PER_SECOND), "--seconds", "600"]
    return subprocess.Popen(cmd, stdout=subprocess.DEVNULL, preexec_fn=prepare(LOAD_CORE))


def report(series, results):
    head = ["", "p50 µs", "p99 µs", "p99.9 µs", "most µs", "bad or failed"]
    middle = lambda rounds, key: f"{statistics.median(one['latency_us'][key] for one in rounds):,.0f}"
    names = {"none": "nobody scrapes", "scraped": f"{SCRAPES_PER_SECOND} scrapes per second"}
    lines = [[names[what], *(middle(rounds, key) for key in ("p50", "p99", "p999", "max")),
              str(sum(one["bad"] + one["errors"] for one in rounds))] for what, rounds in results.items()]
    return (f"## Scrapes and the data path\n\nOutrider with {series:,} series, all its threads on core 0, {PACED.name}: medians over "
            "the rounds, which take turns.\n\n") + table(head, lines)
