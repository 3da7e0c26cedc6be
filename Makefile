# health-pipeline: `make help` lists what there is. Needs Python 3.11 or newer, make and git.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
LOCK := .ci/lock
EVENTS ?= 10000000
WORKERS ?= 2

export DAGSTER_HOME := $(CURDIR)/data/dagster
export DAGSTER_DISABLE_TELEMETRY := 1

.PHONY: help setup dev browser run sample ui test test-spark check format lint types imports bench torture lock clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "health-pipeline needs Python 3.11 or newer; set PYTHON=…"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python $(LOCK)/run.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run $(LOCK)/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/dev.txt
	@touch $@

.venv/.browser: .venv/.dev $(LOCK)/browser.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/browser.txt
	@touch $@

# A folder of its own: pandera imports pandas and pyspark wherever it finds them, in every run.
.venv/.spark: .venv/.dev $(LOCK)/spark.txt
	rm -rf .venv/spark
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target .venv/spark -r $(LOCK)/spark.txt
	@touch $@

# Likewise: what the benchmarks are compared with.
.venv/.bench: .venv/.dev $(LOCK)/bench.txt
	rm -rf .venv/bench
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target .venv/bench -r $(LOCK)/bench.txt
	@touch $@

data/dagster/dagster.yaml: health_pipeline/orchestration/dagster.yaml
	@mkdir -p data/dagster && cp $< $@

setup: .venv/.run data/dagster/dagster.yaml ## Install into .venv what a run needs

dev: .venv/.dev .venv/.bench data/dagster/dagster.yaml ## Install also what tests and linters need

browser: .venv/.browser ## Install also what browser tests need (Chromium comes from the system)

data/sample: | setup
	$(BIN)/health sample --out $@

sample: setup ## Generate the sample world anew, ending yesterday
	rm -rf data/sample data/sample_truth
	$(BIN)/health sample --out data/sample

run: setup data/sample ## Set up, score the sample, print what was found and where to look
	$(BIN)/health run
	$(BIN)/health monthly
	@echo
	@echo "Next:  make ui                                  the asset graph, runs and plots (Dagster)"
	@echo "       .venv/bin/health explain ACCOUNT         one account, every number behind its score"
	@echo "       data/report/index.html                   the report, for any browser: no server, no network"
	@echo "       duckdb -readonly data/health.duckdb      the tables as SQL views (the shell of DuckDB is not installed)"

ui: setup ## Open Dagster on http://127.0.0.1:3000
	$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

# A file's tests stay with one worker, so that what they share is made once.
test: dev ## Set up and run all tests but those of Spark (WORKERS=1 one after the other)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  -m "not torture and not bench and not spark"

test-spark: dev .venv/.spark ## Test the Spark engine on a cluster of two workers (needs Java 17)
	PYTHONPATH=.venv/spark $(BIN)/python -m pytest -m spark health_pipeline_tests/spark

format: dev ## Rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: dev ## Format and lint, read-only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: dev ## mypy, strict
	$(BIN)/mypy

imports: dev ## The floors of the house
	$(BIN)/lint-imports --no-cache

check: lint types imports test ## All of CI: format, lint, types, import contracts, tests, docs

bench: dev ## Measure: ratios in one run, peak memory (EVENTS=100000000 for ten times the events)
	$(BIN)/python -m health_pipeline_tests.bench --events $(EVENTS)

torture: dev ## Long kill and fuzz profiles
	$(BIN)/python -m pytest -m torture

lock: ## Pin all dependencies anew, by hash, without any index address (needs uv)
	sh $(LOCK)/lock.sh

clean: ## Remove results, keep the environment and the sample
	rm -rf data/lake data/lake.cache data/health.duckdb data/report data/control.db* data/dagster
