# Everything that a developer types. `make demo` and `make test` need nothing before them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

# How many test processes run at once, and what pytest is to be told besides: `make test PYTEST_ARGS='-k store'`.
TEST_JOBS ?= 4
PYTEST_ARGS ?=

.PHONY: help setup demo run servers test check format bench soak lock reference clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(STAMP) ## Make .venv with the locked packages and this program in it

$(STAMP): requirements.lock pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV)

demo: setup ## Show the whole system at work, with no network
	@$(BIN)/rblwatch demo

run: setup ## Run the daemon on ./rblwatch.toml
	@$(BIN)/rblwatch run

servers:
	@scripts/install-servers

check: setup ## Lint, format, types, and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Let ruff repair and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: servers check ## Install the servers that tests need, check, and run every test
	$(BIN)/pytest -n $(TEST_JOBS) --dist loadgroup $(PYTEST_ARGS)

soak: servers setup ## The long proofs, with many more repetitions
	RBLWATCH_SOAK=1 $(BIN)/pytest -m soak $(PYTEST_ARGS)

bench: setup ## Benchmarks, side by side with other tools
	@test -d bench || { echo "make bench: there is no bench/ folder in this version, so there is nothing to measure." >&2; exit 2; }
	@scripts/install-servers
	$(BIN)/python -m bench

lock: ## Refresh requirements.lock from pyproject.toml (LOCK_ARGS="--upgrade-package click": one package only)
	@scripts/make-lock $(LOCK_ARGS)

reference: setup ## Write docs/reference.md from the help of the commands, docs/blocklists.md from the catalogue
	$(BIN)/python scripts/write-reference
	$(BIN)/python scripts/write-blocklists

clean: ## Remove what make made
	rm -rf $(VENV) .venv-lock build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
