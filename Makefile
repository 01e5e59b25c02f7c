# Two commands do all the set-up: `make demo` and `make test`. Both may be repeated.
PYTHON ?= python3
# The folder of an environment's commands.
COMMANDS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := .venv/$(COMMANDS)
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := pyproject.toml hatch_build.py $(shell find src -type f -not -name '*.pyc' -not -name 'kernel.[sd]*')

# What pytest runs: the tests, and the doctests of the package as users install it.
TESTS ?= tests --pyargs zerokara
PYTHONS := 3.12 3.13 3.14 3.15

.PHONY: demo docs examples cifar10 test lint unit doctests soak soak-laws soak-wheels dist wheels test-lowest test-pythons bench clean postgresql chromium page-types vendor
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
	@$(MAKE) --no-print-directory page-types

# The scripts of the page have types in their comments, which TypeScript checks where Node is installed.
TYPESCRIPT := 7.0.2
page-types:
	@if ! command -v npm >/dev/null; then echo "No Node found: the types of the page's scripts are not checked."; \
	elif test -x .venv/node/$(TYPESCRIPT)/node_modules/.bin/tsc \
	|| npm install --silent --no-save --prefix .venv/node/$(TYPESCRIPT) typescript@$(TYPESCRIPT); \
	then .venv/node/$(TYPESCRIPT)/node_modules/.bin/tsc -p src/zerokara/report/static/jsconfig.json; \
	else echo "TypeScript could not be fetched from npm: the types of the page's scripts are not checked."; fi

# What the page has from others, fetched anew from npm, with its license, its version and the hashes of its files.
UPLOT := 1.6.32
VENDOR := src/zerokara/report/static/vendor
vendor:
	rm -rf .venv/vendor && mkdir -p .venv/vendor
	cd .venv/vendor && npm pack --silent uplot@$(UPLOT) && tar xzf uplot-$(UPLOT).tgz
	cp .venv/vendor/package/dist/uPlot.iife.min.js .venv/vendor/package/dist/uPlot.min.css $(VENDOR)
	cp .venv/vendor/package/LICENSE $(VENDOR)/uPlot.LICENSE.txt
	cd $(VENDOR) && echo "uPlot $(UPLOT), MIT, https://www.npmjs.com/package/uplot" >uPlot.VERSION.txt \
	&& sha256sum uPlot.iife.min.js uPlot.min.css uPlot.LICENSE.txt >uPlot.sha256

# The tests and doctests run against the package as users install it, in parallel.
unit: .venv/test-tools .venv/installed postgresql chromium
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
soak-laws: .venv/test-tools .venv/installed postgresql chromium
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

# The distributions of this system: their content, and what they do in clean environments of every Python found.
dist: .venv/test-tools
	rm -rf dist
	$(BIN)/python -m hatchling build -t sdist -t wheel
	$(BIN)/python tests/check_distributions.py dist $(PYTHONS)

# The libraries of these wheels, and that of this system against the other compiler's.
soak-wheels: .venv/test-tools .venv/wheels-tools
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q tests/native/test_wheels.py

# The tests of --storage start a PostgreSQL of their own, and those of the page a Chromium; without them they are
# skipped, and say so.
HAS_postgresql := command -v initdb || ls /usr/lib/postgresql/*/bin/initdb
HAS_chromium := command -v chromium || command -v chromium-browser || command -v google-chrome
FOR_postgresql := --storage with PostgreSQL
FOR_chromium := pages in a browser
INSTALL := apt-get install -y --no-install-recommends
postgresql chromium:
	@if ($(HAS_$@)) >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then export DEBIAN_FRONTEND=noninteractive; $(INSTALL) $@ || { apt-get update && $(INSTALL) $@; }; \
	else echo "To test $(FOR_$@), install the Debian package $@: sudo $(INSTALL) $@"; fi

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
