# `make` alone lists the targets. Needs Python 3.11 or newer; PYTHON=/path/to/python chooses one.

.DEFAULT_GOAL := help
.PHONY: help run test demo check fmt assets clients screenshots migrate bench lock

PYTHON ?= $(shell for name in python3.13 python3.14 python3.12 python3.11 python3; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
BIN := .venv/bin
TELL := >&2 echo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: free-port .venv/.installed web/static/manifest.json ## run everything: database, shipped processes, web server (PORT=8000); Ctrl-C stops it
	@exec $(BIN)/python -m demo run --with-parent $$PPID

test: check web/static/manifest.json .venv/.servers tests/servers/node_modules/.installed tests/linters/node_modules/.installed clients/typescript/node_modules/.installed ## the checks, then all tests
	@# Hundreds of processes import the same modules: compiling them again each time takes a minute.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

demo: .venv/.installed web/static/manifest.json ## play three cases from application to decision over HTTP
	@$(BIN)/python -m demo play

check: .venv/.installed-dev ## format, lint, types, import contracts, copied blocks
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/rules/test_copies.py

fmt: .venv/.installed-dev ## format the code and fix what can be fixed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

assets: .venv/.installed ## build the assets of the pages: style, scripts, fonts
	@$(BIN)/python -m web.build

clients: web/static/manifest.json .venv/.installed-dev ## generate the clients in Python and TypeScript from the API's description
	@$(BIN)/python -m clients.generator

screenshots: web/static/manifest.json .venv/.installed-dev ## take the README's screenshots (needs Chromium)
	@$(BIN)/python -m tests.browser.screenshots

migrate: .venv/.installed ## migrate the database to the tables of this release
	@$(BIN)/python -m engine migrate

bench: .venv/.installed web/static/manifest.json ## run the benchmark
	@$(BIN)/python -m bench

lock: .venv/.installed-dev ## pin requirements.in, requirements-dev.in and those of the tests' servers
	@for name in requirements requirements-dev tests/servers/requirements; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header $$name.in -o $$name.txt || exit 1; done

# Runs before slow steps, so that a port in use is reported immediately. Later, the start itself checks first.
.PHONY: free-port
free-port:
	@test -e .venv/.installed -a -e web/static/manifest.json || test -z "$(PYTHON)" || { $(PYTHON) -m engine.platform.ports && \
		echo "The first start takes one to four minutes: dependencies, assets, database. Later ones take less than one."; }

# An existing environment is used.
.venv/.created:
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		test -n "$(PYTHON)" || { $(TELL) "Python 3.11 or newer is needed. Install it, or: make PYTHON=/path/to/it"; exit 1; }; \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { $(TELL) "$(PYTHON): Python 3.11 or newer is needed."; exit 1; }; \
		$(PYTHON) -m venv .venv || { $(TELL) "Python's venv module is incomplete. On Debian and Ubuntu: apt install python3-venv"; exit 1; }; \
	fi
	@touch $@

.venv/.installed: requirements.txt | .venv/.created
	@echo "Installing the pinned dependencies ..."
	@$(BIN)/python -m engine.platform.install $<
	@touch $@

# With the machine's Node or that of a wheel.
web/static/manifest.json: web/package-lock.json web/build.mjs web/build.py $(wildcard web/assets/*) | .venv/.installed
	@echo "Building what browsers load ..."
	@$(BIN)/python -m web.build

# The OpenID provider of the tests, and the linters of the OpenAPI document, run by the same Node.
tests/%/node_modules/.installed: tests/%/package-lock.json | .venv/.installed-dev
	@echo "Installing the $* of the tests ..."
	@$(BIN)/python -m web.node tests/$*
	@touch $@

# The compiler of the TypeScript client.
clients/typescript/node_modules/.installed: clients/typescript/package-lock.json | .venv/.installed-dev
	@echo "Installing the compiler of the TypeScript client ..."
	@$(BIN)/python -m web.node clients/typescript
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "Installing the tools of development ..."
	@$(BIN)/python -m engine.platform.install $<
	@touch $@

# Servers that tests speak to. Their own environment: they want other releases of what we use.
.venv/.servers: tests/servers/requirements.txt .venv/.installed-dev
	@echo "Installing the servers that tests speak to ..."
	@$(BIN)/python -m venv --clear .venv/servers
	@.venv/servers/bin/python -m engine.platform.install $<
	@touch $@
