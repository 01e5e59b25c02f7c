# Two commands do all the set-up: `make demo` and `make test`. Both may be repeated.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := pyproject.toml $(shell find src -type f -not -name '*.pyc')

.PHONY: demo examples cifar10 test lint unit soak bench clean postgresql

demo: .venv/installed
	$(BIN)/zerokara tune digits

# The course experiments, one after the other: each writes its picture and its row. They ask for nothing here.
examples: .venv/installed
	@failed=0; for script in examples/s*.py; do echo "== $$script"; $(BIN)/python $$script </dev/null || failed=1; done; exit $$failed

# CIFAR-10 at its best: six networks, some twenty minutes.
cifar10: .venv/installed
	$(BIN)/python examples/cifar10.py

test: lint unit

lint: .venv/test-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src

# The tests and doctests run against the package as users install it, in parallel.
unit: .venv/test-tools .venv/installed postgresql
	$(BIN)/python -m pytest -q -n auto tests --pyargs zerokara

# More of everything, and in another order each time: with --randomly-seed=N that of another run.
soak: .venv/test-tools .venv/installed postgresql
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -p randomly --randomly-dont-reset-seed -n auto tests --pyargs zerokara

# The tests of --storage start a PostgreSQL of their own; without one they are skipped, and say so.
POSTGRESQL := command -v initdb || ls /usr/lib/postgresql/*/bin/initdb
INSTALL := apt-get install -y --no-install-recommends postgresql
postgresql:
	@if ($(POSTGRESQL)) >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then export DEBIAN_FRONTEND=noninteractive; $(INSTALL) || { apt-get update && $(INSTALL); }; \
	else echo "To test --storage with PostgreSQL, install the Debian package postgresql: sudo $(INSTALL)"; fi

bench: .venv/bench-tools .venv/installed
	$(BIN)/python -m benchmarks

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: $(SOURCES) | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	touch $@

.venv/test-tools: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[test]'
	touch $@

.venv/bench-tools: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[bench]'
	touch $@

clean:
	rm -rf .venv build dist
