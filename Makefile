# Everything a person or a machine does here. `make` alone lists it. What a target needs it installs (as root on Debian),
# or it says exactly what to type.

CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
# The bench and the fuzz targets are workspaces of their own; what they share with the package is compiled once.
BENCH := --manifest-path bench/Cargo.toml --target-dir target --locked
FUZZ := --manifest-path fuzz/Cargo.toml --target-dir target

.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt audit dashboards picture order bench bench-quick bench-memory bench-scrape bench-counts bench-fastapi bench-rules soak attacks fuzz

# The fuzz targets use what the package uses, so their lock is the package's and a few crates more.
fuzz/Cargo.lock: Cargo.lock fuzz/Cargo.toml
	cp Cargo.lock $@

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a gateway, a load and Outrider in front of it, in one process
	@ci/setup.sh build
	$(CARGO) run --locked --profile demo -- demo

# The package's tests last: their summary is what a reader looks for at the end. nextest runs no doc tests.
test: fuzz/Cargo.lock ## every test, with all that they need
	@ci/setup.sh build test openapi
	$(CARGO) test --locked --doc
	$(CARGO) test $(BENCH) -p floor -p load
	$(CARGO) test $(FUZZ) --lib
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then set -x; $(CARGO) nextest run --locked; \
	else set -x; $(CARGO) test --locked --all-targets; fi
	$(CARGO) test --locked --features chaos --test e2e fails_open

lint: fuzz/Cargo.lock ## formatting, clippy, licences and banned dependencies
	@ci/setup.sh build
	$(CARGO) fmt --check
	$(CARGO) fmt --check --all --manifest-path bench/Cargo.toml
	$(CARGO) fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy $(BENCH) -p floor -p hyper-pass -p load --all-targets -- -D warnings
	$(CARGO) clippy $(FUZZ) --all-targets -- -D warnings
	@$(CARGO) deny --version >/dev/null 2>&1 || { set -x; \
	  $(CARGO) install --locked --debug --version $(CARGO_DENY_VERSION) cargo-deny; }
	$(CARGO) deny --locked check licenses bans sources

fmt: ## format everything
	$(CARGO) fmt
	$(CARGO) fmt --all --manifest-path bench/Cargo.toml
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml

audit: ## known vulnerabilities in dependencies (needs the public RustSec database)
	@$(CARGO) deny --version >/dev/null 2>&1 || { \
	  echo "cargo-deny is missing; type: $(CARGO) install --locked cargo-deny"; exit 1; }
	$(CARGO) deny --locked check advisories

dashboards: ## write Grafana's dashboards from ci/dashboards.py
	ci/dashboards.py

# The Python of the tests has playwright; the system's does where somebody installed it.
picture: ## take the README's picture of the page (four minutes)
	@ci/setup.sh build test
	$(CARGO) build --locked --profile demo --bin outrider
	python=$$(ls target/e2e-venv/*/bin/python 2>/dev/null | head -n 1); 	  $${python:-python3} ci/picture.py target/demo/outrider

order: ## write ci/order.txt anew: the functions that run at all, which a release lays out together
	@ci/setup.sh build bench
	$(CARGO) build --locked --release --bin outrider
	ci/order.py target/release/outrider

bench: ## Outrider side by side with other proxies, into bench/REPORT.md (half an hour)
	@ci/setup.sh build bench openapi
	bench/run.py full
	$(CARGO) bench --locked --profile demo --bench promql_tick --bench alert_state --bench route_lookup

bench-quick: ## only the CPU of Outrider next to a bare relay (a minute)
	@ci/setup.sh build
	bench/run.py quick

bench-memory: ## memory at rest, per kept connection and per idle WebSocket
	@ci/setup.sh build bench
	bench/run.py memory

bench-scrape: ## latencies while somebody scrapes ten thousand series
	@ci/setup.sh build bench
	bench/run.py scrape

bench-counts: ## instructions and system calls per request, which a busy machine cannot change
	@ci/setup.sh build bench
	bench/run.py counts

bench-fastapi: ## what a FastAPI gateway feels of Outrider, and of instrumentation from within
	@ci/setup.sh build bench test
	bench/run.py fastapi

bench-rules: ## what 209 rules over six hours of 2,000 series take, what 10,000 alerts do, and a lookup among a large API's routes
	@ci/setup.sh build openapi
	$(CARGO) bench --locked --profile demo --bench promql_tick --bench alert_state --bench route_lookup

soak: ## a mixed load while things break, SOAK_SECONDS (600); its short form is one of the tests
	@ci/setup.sh build test
	OUTRIDER_SOAK_SECONDS=$(SOAK_SECONDS) $(CARGO) test --locked --test e2e soak:: -- --nocapture

attacks: ## every attack of docs/reliability.md, with what it took
	@ci/setup.sh build test
	$(CARGO) test --locked --test e2e attacks:: -- --nocapture --test-threads=1

# One target after the other, so that a failure names its own. Coverage is stable compiler flags; only sanitizers are not, and
# there is no unsafe code of ours to watch.
fuzz: fuzz/Cargo.lock ## every parser against random bytes, FUZZ_SECONDS (60) each
	@ci/setup.sh build fuzz
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { set -x; \
	  $(CARGO) install --locked --debug --version $(CARGO_FUZZ_VERSION) cargo-fuzz; }
	@for target in $$($(CARGO) fuzz list); do \
	  mkdir -p fuzz/corpus/$$target && (set -x; $(CARGO) fuzz run --sanitizer none $$target \
	    fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(FUZZ_SECONDS) -dict=fuzz/http.dict \
	    -print_final_stats=1) || exit 1; \
	done
