# Everything runs in a virtual environment of its own inside the checkout. `uv` is used where it is installed, and never needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help demo test test-slow check format clean

help:            ## Show this list
	@grep -hE '^[a-z-]+: .*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMP)   ## Bench three simulated models on the bilingual dataset, then the cost report; no key needed
	$(BIN)/qwcli bench customer-intents -p simulated -m sim/plus -m sim/flash -m sim/rival --ledger build/demo.sqlite
	$(BIN)/qwcli cost-report --run last --by model,lang --ledger build/demo.sqlite

test: check      ## Set everything up, check the code, run the tests
	$(BIN)/coverage erase
	$(BIN)/pytest -n auto --cov --cov-report=term:skip-covered

test-slow: $(STAMP) ## The slow tests: terminal sessions, kills, floods
	$(BIN)/pytest -m slow

check: $(STAMP)  ## Formatting, linting, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:           ## Remove what was built
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "qwcli needs Python 3.11 or newer; name one: make PYTHON=python3.12 " + "$(MAKECMDGOALS)")'
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) $(VENV); \
	  uv pip install --quiet --python $(BIN)/python --editable . --group dev; \
	else \
	  test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev; \
	fi
	@touch $(STAMP)
