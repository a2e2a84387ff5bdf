# Every target works from a fresh clone: it needs python3, make, git, and apt-get where a server or
# a system library is missing. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= demo-company
export UV_NO_PROGRESS := 1

.PHONY: help setup system servers demo test lint schemas bench check lock release clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 12

setup: $(STAMP) system  ## Make .venv with every extra, and install Pango where it is missing

$(STAMP): requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --requirement requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

system:  # Pango draws the PDF; without root the message says what to type
	@./tests/servers.sh pango

servers:  # what the service tests talk to
	@./tests/servers.sh pango tests

demo: setup  ## Show the whole job on a stand-in company and say where the report is
	$(BIN)/auditor demo $(DEMO)

test: setup servers lint  ## Lint, types, import contracts, all tests
	$(BIN)/pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered -q
	$(BIN)/coverage report --include='auditor/core/*,auditor/ledger/*,auditor/attest/*' --fail-under=98 --format=total

lint: setup  ## Ruff, mypy, import contracts, spelling, drift of generated files, controls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m auditor.app.schemas --check
	$(BIN)/auditor controls lint --controls controls

schemas: setup  ## Generate schemas/ from the models
	$(BIN)/python -m auditor.app.schemas

bench: setup  ## Run the benchmarks; each prints a table
	$(BIN)/python -m bench

check: lint  ## Lint, and the tests that need no server
	$(BIN)/pytest -q -n 2 -m "not service and not e2e"

lock:  ## Resolve the dependencies again and write requirements.lock
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --upgrade --quiet --output-file requirements.lock

release: setup  ## Build, list, sign and verify a release: make release KEY=<path or URI>
	$(BIN)/python integrations/release/release.py --key "$(KEY)" --public integrations/release/release.pub dist

clean:  ## Remove everything that was generated
	rm -rf $(VENV) dist build .coverage* .*_cache $(DEMO)
