# The doors of Alert Whisperer for people and scripts. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Everything runs from the environment's own tools, whatever is activated in the caller's shell.
export VIRTUAL_ENV :=
export PYTHONHOME :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev web run test tools suites lint format lock services newcomer crash bench screens fuzz clean

help: ## list these doors
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {sub(/ .*/, "", $$1); printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.stamp-runtime ## make .venv and fill it with what a running server needs (again: instant)

setup-dev: $(VENV)/.stamp-dev ## setup, and what tests and checks need

$(VENV)/.stamp-venv:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "Alert Whisperer needs Python 3.11 or newer, and there is no '$(PYTHON)' here."; \
		echo "Install it (Debian, Ubuntu: apt install python3 python3-venv), or name one: make setup PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Alert Whisperer needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1)."; \
		echo "Name a newer one: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments: its venv module is missing."; \
		echo "Debian, Ubuntu: apt install python3-venv"; exit 1; }
	@echo "setup: making $(VENV) with $$($(PYTHON) -V)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The package itself is installed in place, so only a change of what is listed here needs a second run.
$(VENV)/.stamp-runtime: requirements/runtime.lock pyproject.toml $(VENV)/.stamp-venv
	@echo "setup: installing what requirements/runtime.lock pins (hashes checked)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/runtime.lock
	@echo "setup: installing alertwhisperer in place"
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "setup: done; 'make run' starts a server with a company to play with"

$(VENV)/.stamp-dev: requirements/dev.lock $(VENV)/.stamp-runtime
	@echo "setup: installing what requirements/dev.lock pins (checks and tests)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	@touch $@

# Node.js of the machine where it is new enough for Vite, else the one that the wheel brings.
NODE_OK := node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
BUILT := alertwhisperer/console/built
WEB := web/package.json web/package-lock.json web/index.html web/vite.config.ts web/tsconfig.json \
	$(shell find web/src web/public -type f -not -name schema.d.ts 2>/dev/null)

web: $(BUILT)/.stamp ## build the console into the package (again: instant)

$(VENV)/.stamp-node: requirements/node.lock $(VENV)/.stamp-venv
	@if $(NODE_OK) >/dev/null 2>&1; then true; else \
		echo "setup: installing Node.js from requirements/node.lock (there is none of 20.19 or newer here)"; \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements/node.lock; fi
	@touch $@

web/node_modules/.stamp: web/package-lock.json web/.npmrc $(VENV)/.stamp-node
	@echo "setup: installing what web/package-lock.json pins (hashes checked)"
	@PATH="$(abspath $(BIN)):$$PATH" npm --prefix web ci --no-progress --loglevel=error
	@touch $@

$(BUILT)/.stamp: $(WEB) $(shell find alertwhisperer/api -name '*.py') web/node_modules/.stamp $(VENV)/.stamp-runtime
	@echo "setup: building the console"
	@$(BIN)/python -m alertwhisperer.api.document > web/openapi.json
	@PATH="$(abspath $(BIN)):$$PATH" npm --prefix web run --silent types >/dev/null
	@PATH="$(abspath $(BIN)):$$PATH" npm --prefix web run --silent build >/dev/null
	@touch $@

run: setup web ## start the server with a demo company; ends with Ctrl-C
	@exec $(BIN)/alertwhisperer serve --demo-company

test: setup-dev web ## checks, then every suite; prints each one's time, fails when one failed
	@$(BIN)/python tests/run.py

lint tools: setup-dev ## format, lint, types and floors only
	@$(BIN)/python tests/run.py --only-checks

format: setup-dev ## put the code into its format and mend what can be mended safely
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

# --no-emit-index-url: no host's name may enter the locks. Dev is resolved against runtime, so both agree.
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)
lock: setup-dev ## remake requirements/*.lock from *.in; UPGRADE=1 takes newer versions
	$(UV_COMPILE) requirements/runtime.in --output-file requirements/runtime.lock
	$(UV_COMPILE) requirements/node.in --output-file requirements/node.lock
	$(UV_COMPILE) --constraints requirements/runtime.lock requirements/dev.in --output-file requirements/dev.lock

services: ## install (apt) what only tests against real peers need; repeatable, starts nothing
	@tests/services.sh

newcomer: ## in a bare Debian, as an ordinary user, from a fresh clone: run, demo, test (root, debootstrap)
	@tests/newcomer/run.sh .

crash: setup-dev ## kill -9 at random instants, then check that nothing was lost; COUNT= rounds
	@$(BIN)/python -m tests.crash.run $(if $(COUNT),--count $(COUNT))
	@$(BIN)/python -m tests.crash.runs $(if $(COUNT),--count $(COUNT))

bench: setup-dev ## measure, and print machine and figures
	@$(BIN)/python -m bench

screens: setup-dev web ## pictures of every page, light and dark, wide and phone, with nothing, little and much in it
	@$(BIN)/python -m tests.screens $(if $(INTO),--into $(INTO))

fuzz: setup-dev ## mutated requests to every parser and to a running server; COUNT= of each kind
	@$(BIN)/python -m tests.fuzz.run $(if $(COUNT),--count $(COUNT))
	@$(BIN)/python -m tests.fuzz.parsers $(if $(COUNT),--count $(COUNT))
	@$(BIN)/python -m tests.fuzz.parsers --http $(if $(COUNT),--count $(COUNT))

clean: ## remove what setup and tests made (never ./data)
	@rm -rf $(VENV) build web/node_modules web/openapi.json $(BUILT) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -not -path './data/*' -exec rm -rf {} +
