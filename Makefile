# Two commands do all the set-up: `make demo` and `make test`. Both may be repeated.
PYTHON ?= python3
# The folder of an environment's commands.
COMMANDS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := .venv/$(COMMANDS)
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := pyproject.toml hatch_build.py $(shell find src -type f -not -name '*.pyc' -not -name 'kernel.[sd]*')

# What pytest runs: the tests, and the doctests of the package as users install it.
TESTS ?= tests --pyargs zerokara
PYTHONS := 3.12 3.13

.PHONY: demo docs examples cifar10 test lint unit doctests soak soak-laws soak-wheels wheels test-lowest test-pythons bench clean postgresql
.PHONY: $(PYTHONS:%=test-python-%)

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
	$(BIN)/python -m pytest -q -n auto $(TESTS)

# The examples in docstrings.
doctests: .venv/test-tools .venv/installed
	$(BIN)/python -m pytest -q -n auto --pyargs zerokara

# All pages are run, the site is built in build/site (a warning is an error), and a clean clone is followed.
docs: .venv/docs-tools .venv/test-tools .venv/installed
	$(BIN)/python docs/tools/notebooks.py --check
	$(BIN)/python docs/tools/pages.py
	$(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going -q -b html docs build/site
	$(BIN)/python docs/tools/clone.py

# What takes too long for every change.
soak: soak-laws soak-wheels test-lowest test-pythons

# More of everything, and in another order each time: with --randomly-seed=N that of another run.
soak-laws: .venv/test-tools .venv/installed postgresql
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -p randomly --randomly-dont-reset-seed -n auto $(TESTS)

# The oldest versions that pyproject.toml allows; not all of them exist for a Python newer than 3.11.
# Old releases of matplotlib warn with a pyparsing that is new to them.
test-lowest: .venv/test-tools postgresql
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-lowest
	$(BIN)/uv pip install --quiet --python .venv-lowest --resolution lowest-direct '.[test]' 'pyparsing>=3.2,<3.3'
	.venv-lowest/$(COMMANDS)/python -m pytest -q -n auto $(TESTS)

# The other versions of Python, where they are installed, pyenv's included.
test-pythons: $(PYTHONS:%=test-python-%)

$(PYTHONS:%=test-python-%): test-python-%: .venv/test-tools postgresql
	@for python in python$* "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$*.*/bin/python; do \
	if "$$python" -c "" 2>/dev/null; then set -ex; \
	$(BIN)/uv venv --quiet --clear --python "$$python" .venv-$*; \
	$(BIN)/uv pip install --quiet --python .venv-$* '.[test]'; \
	exec .venv-$*/$(COMMANDS)/python -m pytest -q -n auto $(TESTS); fi; done; \
	echo "No Python $* found: its tests are skipped."

# A wheel with the compiled kernel for each system, all built here with zig, and the source distribution.
TARGETS := linux-x86_64 linux-aarch64 windows-x86_64 macos-x86_64 macos-aarch64
wheels: .venv/wheels-tools
	rm -rf dist
	for target in $(TARGETS); do ZEROKARA_TARGET=$$target $(BIN)/python -m hatchling build -t wheel || exit 1; done
	$(BIN)/python -m hatchling build -t sdist

# The libraries of these wheels, and that of this system against the other compiler's.
soak-wheels: .venv/test-tools .venv/wheels-tools
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q tests/native/test_wheels.py

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

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

WHEEL := $(BIN)/python -m pip --quiet --disable-pip-version-check wheel --no-deps --wheel-dir .venv/wheel .

# Built once, with the kernel where there is a C compiler, and installed in place of one of the same version.
.venv/installed: $(SOURCES) | .venv/pyvenv.cfg
	rm -rf .venv/wheel
	$(WHEEL) || { echo "No C compiler, and no ziglang from PyPI: zerokara runs on NumPy."; ZEROKARA_ENGINE=numpy $(WHEEL); }
	$(PIP) install .venv/wheel/*.whl
	$(PIP) install --force-reinstall --no-deps .venv/wheel/*.whl
	touch $@

.venv/test-tools .venv/docs-tools .venv/bench-tools .venv/wheels-tools: .venv/%-tools: pyproject.toml | .venv/installed
	$(PIP) install "$$(echo .venv/wheel/*.whl)[$*]"
	touch $@

clean:
	rm -rf .venv .venv-* build dist
