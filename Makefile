# The two commands: `make run` and `make test`. Both set up what they need the first time and work
# without a network from then on.
PYTHON ?= $(firstword $(shell command -v python3.11 python3 python))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test test-all lint setup conformance screenshots docs clean

run: $(READY)  ## load ontology, rules and the model cities, start the server, print its address
	@$(BIN)/xiezhi serve $(ARGS)

test: $(READY) lint  ## everything that is promised
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-all: $(READY) lint  ## the slow ones too: peers of the benchmarks, a Spark cluster, more random cases
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "slow or not slow" $(ARGS)

lint: $(READY)  ## style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

conformance: $(READY)  ## the W3C suites, where ../shared is present, and a table of what passed
	@$(BIN)/pytest tests/srl/test_conformance.py -q -rfE $(ARGS)

screenshots: $(READY)  ## pictures for the README, taken in a real browser
	@XIEZHI_SCREENSHOTS=1 $(BIN)/pytest tests/webapp -m browser $(ARGS)

docs: $(READY)  ## the ontology as HTML pages in build/docs, to be read without a network
	@$(BIN)/xiezhi docs $(ARGS)

setup: $(READY)

# The virtual environment is made anew only when the dependencies change.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Xiezhi needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
