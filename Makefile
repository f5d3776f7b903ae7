# Everything a person or a machine does here. `make` alone lists it. What a target needs it installs (as root on Debian),
# or it says exactly what to type.

CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2

.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt audit

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a gateway, a load and Outrider in front of it, in one process
	@ci/setup.sh build
	$(CARGO) run --locked --profile demo -- demo

# The doc tests first: nextest does not run them, and its summary is what a reader looks for at the end.
test: ## every test, with all that they need
	@ci/setup.sh build test
	$(CARGO) test --locked --doc
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then set -x; $(CARGO) nextest run --locked; \
	else set -x; $(CARGO) test --locked --all-targets; fi

lint: ## formatting, clippy, licences and banned dependencies
	@ci/setup.sh build
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@$(CARGO) deny --version >/dev/null 2>&1 || { set -x; \
	  $(CARGO) install --locked --debug --version $(CARGO_DENY_VERSION) cargo-deny; }
	$(CARGO) deny --locked check licenses bans sources

fmt: ## format everything
	$(CARGO) fmt

audit: ## known vulnerabilities in dependencies (needs the public RustSec database)
	@$(CARGO) deny --version >/dev/null 2>&1 || { \
	  echo "cargo-deny is missing; type: $(CARGO) install --locked cargo-deny"; exit 1; }
	$(CARGO) deny --locked check advisories
