# make setup: an environment with everything. make check: what has to pass before a commit.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: setup check lint test slow

setup: $(BIN)/semindex

$(BIN)/semindex: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e ".[test]"
	touch $@

check: lint test

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup
	$(BIN)/python -m pytest

slow: setup
	$(BIN)/python -m pytest -n0 -m slow
