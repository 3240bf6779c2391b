# flexday: `make demo` and `make test` are all a newcomer needs.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	&& { echo $$p; break; }; done)
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test check soak bench clean

demo: .venv/run
	$(BIN)/flexday demo

test: .venv/dev check
	$(BIN)/pytest -n $(JOBS) -m "not soak"

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

soak: .venv/dev
	$(BIN)/pytest -m soak

bench: .venv/bench
	$(BIN)/python -m tests.bench $(if $(FULL),--full)

# The environment; made again when what the project needs changes.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "flexday needs Python 3.11 or newer on the PATH"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run: pyproject.toml .ci/constraints.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e .
	@touch $@

.venv/dev: .venv/run
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[dev]"
	@touch $@

.venv/bench: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e ".[bench]"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps fairpyx==0.1
	@touch $@

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache
