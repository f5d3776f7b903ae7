#!/usr/bin/env python3
"""Outrider side by side with a bare relay and with other proxies. `make bench` and its kin call this.

    run.py full    everything, into REPORT.md, and its figures into the documentation: about half an hour
    run.py quick   only the CPU of Outrider next to the floor, small requests: a minute after the build
    run.py memory  at rest, per kept connection and per idle WebSocket
    run.py scrape  latencies while somebody scrapes ten thousand series
    run.py counts  instructions and system calls per request, which other work on the machine cannot change
    run.py where   which crates, files and functions the instructions of Outrider are in
    run.py fastapi a FastAPI gateway by itself, with a bare relay or Outrider before it, and instrumented from within
    run.py grpc    CPU of unary calls next to the floor
    run.py smoke   does every row answer every kind of traffic

--only and --skip take rows of rows.toml, --shape the kinds of traffic of lab/timing.py for quick, counts and where. quick
and counts always have the floor, and no proxy only where quick compares latencies: with the shape `paced`.
"""
import argparse
import json
import os
import shutil
import statistics
import sys
import time

from lab import counts, fastapi, figures, grpc, machine, memory, report, scrape, timing, where
from lab.bench import ROOT, RUN, Bench
from lab.process import Failed


START = time.monotonic()
# Without them it would end half an hour later.
TOOLS = {"counts": ["valgrind", "strace"], "where": ["valgrind", "callgrind_annotate"], "grpc": ["h2load", "nghttpd"]}
TOOLS["full"] = TOOLS["counts"] + TOOLS["grpc"]


def say(text):
    passed = int(time.monotonic() - START)
    print(f"{passed // 60:3}:{passed % 60:02} {text}", file=sys.stderr, flush=True)


def full(bench, rounds, seconds):
    rounds, each = rounds or 5, seconds or 0.6
    results = timing.take_turns(bench, timing.SHAPES + [timing.PACED], rounds, each, say)
    (RUN / time.strftime("timing-%Y%m%d-%H%M%S.json")).write_text(json.dumps(results))
    parts = ["## CPU, latency and throughput\n", report.timing(results, bench.rows, ROOT / "plots")]
    parts.append(report.memory(memory.measure(bench, say), memory.laid_out()))
    parts.append(report.COUNTS)
    for shape in (timing.SMALL, timing.BY_KEY["post"]):
        parts.append(report.counts(shape, counts.measure(bench, shape, say, slow=False)))
    if "floor" in bench.rows:
        parts.append(grpc.report(grpc.measure(bench, rounds, say)))
    if scrape.ROW in bench.rows:
        parts.append(scrape.report(*scrape.measure(bench, rounds, seconds or 3, say)))
    if all(row in bench.rows for row in fastapi.ROWS):
        parts.append(fastapi.report(fastapi.measure(bench, rounds, seconds or 2, say)))
    what = machine.describe(bench.rows)
    (ROOT / "REPORT.md").write_text(report.whole(what, bench, rounds, each, parts))
    figures.write(results, bench.rows, what)
    say(f"wrote {ROOT / 'REPORT.md'}")


def quick(bench, shapes, rounds, seconds):
    found = timing.take_turns(bench, shapes, rounds or 16, seconds or 1.5, say)
    for shape, rows in zip(shapes, found.values()):
        print(f"{shape.name}:")
        direct = rows.pop("direct", None)
        for name, turns in rows.items():
            used = timing.middle([timing.cpu(one) for one in turns])
            disturbed = sum(one["disturbed"] for one in turns)
            print(f"  {name:10} {used} CPU µs per {shape.unit}; {disturbed} of {len(turns)} rounds disturbed")
        for name in rows:
            if name != "floor":
                print(f"  {name} is {timing.middle(timing.ratios(rows[name], rows['floor']), '{:.3f}'.format)} x the floor")
        for name, turns in rows.items() if direct else ():
            added = (f"{key} {timing.middle(report.above(turns, direct, key), '{:+,.0f}'.format)}" for key in ("p50", "p99"))
            print(f"  {name:10} adds µs: {', '.join(added)}")


def smoke(bench):
    failed = 0
    upstream = bench.gateway()
    for name in bench.rows:
        process, port = bench.start_row(name, upstream)
        for shape in filter(lambda shape: shape.fits(bench.rows[name]), timing.SHAPES):
            found = bench.load(port, *shape.arguments(), "--seconds", 0.5, "--warm", 0.1)
            good = found["done"] > 10 and not found["bad"] and not found["errors"]
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {name:10} {shape.name}: {found['per_second']:,.0f} per second")
        bench.stop(process)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["full", "quick", "memory", "scrape", "counts", "where", "fastapi", "grpc", "smoke"])
    parser.add_argument("--only", default="", help="rows, with commas between")
    parser.add_argument("--skip", default="", help="rows, with commas between")
    parser.add_argument("--shape", default=timing.SMALL.key, help="with commas between: " + ", ".join(timing.BY_KEY))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of one measurement")
    parser.add_argument("--no-build", action="store_true")
    options = parser.parse_args()
    names = lambda text: [name for name in text.split(",") if name]
    only, keys = names(options.only), names(options.shape)
    if unknown := [key for key in keys if key not in timing.BY_KEY]:
        parser.error(f"no shape {', '.join(unknown)}; there are {', '.join(timing.BY_KEY)}")
    shapes = [timing.BY_KEY[key] for key in keys]
    if options.what in ("quick", "counts"):
        only = only or ["floor", "outrider"]
        only = ["floor"] + [name for name in only if name not in ("floor", "direct")]
        if options.what == "quick" and timing.PACED in shapes:
            only.append("direct")
    if options.what == "fastapi":
        only = fastapi.ROWS
    if options.what in ("where", "scrape"):
        only = only or ["outrider"]
    # Where Debian has servers, which is in nobody's path but root's.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    try:
        if missing := [tool for tool in TOOLS.get(options.what, []) if not shutil.which(tool)]:
            raise Failed(f"{', '.join(missing)} is not installed: ci/setup.sh bench")
        with Bench(only, names(options.skip)) as bench:
            if not options.no_build:
                bench.build()
            bench.leave_out_what_does_nothing()
            for name, why in bench.left_out.items():
                say(f"{name} is left out: {why}")
            match options.what:
                case "full":
                    full(bench, options.rounds, options.seconds)
                case "quick":
                    quick(bench, shapes, options.rounds, options.seconds)
                case "memory":
                    print(report.memory(memory.measure(bench, say), memory.laid_out()))
                case "scrape":
                    print(scrape.report(*scrape.measure(bench, options.rounds or 10, options.seconds or 5, say)))
                case "counts":
                    found = {shape: counts.measure(bench, shape, say) for shape in shapes}
                    print("\n".join(report.counts(shape, results) for shape, results in found.items()))
                    if over := [line for shape, results in found.items() for line in counts.too_many(bench, shape, results)]:
                        raise Failed("\n".join(over))
                case "where":
                    print("\n".join(where.measure(bench, shape, say) for shape in shapes))
                case "fastapi":
                    print(fastapi.report(fastapi.measure(bench, options.rounds or 7, options.seconds or 3, say)))
                case "grpc":
                    print(grpc.report(grpc.measure(bench, options.rounds or 7, say)))
                case "smoke":
                    sys.exit(1 if smoke(bench) else 0)
    except Failed as failure:
        sys.exit(f"bench: {failure}")


if __name__ == "__main__":
    main()
