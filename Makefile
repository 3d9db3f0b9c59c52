# `make demo` and `make test` set up everything they need inside the checkout (in .venv) and then run.
# Needed on the machine: Python >= 3.11 (choose one with PYTHON=python3.13), git and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# one mark for each version, so that another PYTHON sets the environment up anew
READY := $(VENV)/.ready-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

.PHONY: setup demo test lint unit sweep format reference lock clean

# the main job: a scenario in which a faulty server loses what it acknowledged, and is caught
demo: $(READY)
	@$(BIN)/kafkasim simulate examples/scenarios/demo.yaml
	@printf '\nTo type kafkasim yourself:\n  source $(BIN)/activate\n'

# everything that must hold
test: lint unit

setup: $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(READY)
	$(BIN)/pytest -n auto

# many seeds and many random histories: minutes
sweep: $(READY)
	$(BIN)/pytest -n auto -m sweep --timeout 1800

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# docs/reference is written by the program that it describes
reference: $(READY)
	$(BIN)/python tools/reference.py

# pins every package, with its hash, for every supported Python
lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --group pyproject.toml:dev --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header --quiet --output-file requirements.lock

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "kafkasim needs Python >= 3.11, there is no $(PYTHON); choose another one with: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kafkasim needs Python >= 3.11, this is " + sys.version.split()[0] + "; choose another one with: make PYTHON=python3.11")'
	@echo "Setting up $(VENV) (once; takes about a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $(READY)

clean:
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis
