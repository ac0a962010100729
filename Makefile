# `make help` lists the targets.
PYTHON ?= python3
# Programs that tests drive, by scripts/install-test-tools.sh's names.
TEST_TOOLS ?= chromium clamav nginx
# Workers of the test run, for two cores: a third made it no faster, and servers under test stand still then.
WORKERS ?= 2
SEEDS ?= 200
ROUNDS ?= 20
ENTRIES ?= 100000

BIN = .venv/bin
CODE = meetserver schema scripts tests bench
# With bytecode, wherever the shell forbids it: tests start many servers, and compiling one takes 2.5 s.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CURDIR)/.venv/bytecode $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL = help
.PHONY: help setup run test test-long style format types simulate kill faults bench bench-room coverage clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

# Two stamps, because running needs a third of what testing needs.
.venv/.run: setup.cfg setup.py pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) scripts/setup.sh run
	@touch $@

.venv/.test: setup.cfg setup.py pyproject.toml constraints.txt scripts/install-test-tools.sh
	@PYTHON=$(PYTHON) scripts/setup.sh test
	@scripts/install-test-tools.sh $(TEST_TOOLS)
	@touch .venv/.run $@

setup: .venv/.test ## .venv with all that running and testing needs

run: .venv/.run ## serve on http://127.0.0.1:8080, with SQLite and files under ./data
	@exec $(BIN)/python -m meetserver serve

test: style types ## all checks and tests, as CI runs them
	@$(PYTEST)

test-long: style types ## the same with nothing left out: all inputs, faults and pictures, http on both databases
	@MEET_TEST_LONG=1 $(PYTEST)

style: .venv/.test ## ruff, and import-linter's layers
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/lint-imports

format: .venv/.test ## let ruff mend what it can
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

types: .venv/.test ## mypy --strict
	@$(BIN)/mypy

simulate: .venv/.test ## SEEDS=200 meetings in virtual time, with every fault the simulation knows
	@MEET_TEST_SEEDS=$(SEEDS) $(PYTEST) tests/simulation

kill: .venv/.test ## ROUNDS=20 times kill -9 in mid-meeting, on SQLite and on PostgreSQL, then the checker
	@$(BIN)/python -m tests.faults.kill_harness --rounds $(ROUNDS) --database sqlite
	@$(BIN)/python -m tests.faults.kill_harness --rounds $(ROUNDS) --database postgres

faults: .venv/.test ## the matrix of faults on three shards, at CI counts; FULL=1 what is missing of the full ones
	@$(BIN)/python -m tests.faults.matrix $(if $(FULL),--full)

bench: .venv/.test ## measurements against peers
	@$(BIN)/python -m bench

bench-room: .venv/.test ## a room with ENTRIES=100000 in its log: who joins, its memory, on both databases
	@$(BIN)/python -m bench.big_room --entries $(ENTRIES) --database sqlite
	@$(BIN)/python -m bench.big_room --entries $(ENTRIES) --database postgresql

coverage: .venv/.test ## the test run with a report in htmlcov/
	@$(PYTEST) --cov --cov-report=term --cov-report=html

clean: ## remove .venv and all caches; ./data stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov
	find meetserver schema tests -name __pycache__ -type d -prune -exec rm -rf {} +
