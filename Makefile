# Python 3.11+, git and make are all that must be there.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: reproduce test lint format config benchmarks setup clean

reproduce: setup  ## every output of the default configuration, under results/miniature
	$(BIN)/snakemake --unlock  # a killed run leaves its lock and half-written outputs behind
	$(BIN)/snakemake --cores $(CORES) --rerun-incomplete

test: setup  ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup  ## linters, formatters and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: setup  ## rewrite sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

config: setup  ## write config/schema.json and the generated documents from the typed settings
	$(BIN)/python -m serac.config
	$(BIN)/python -m serac.sources
	$(BIN)/python -m serac.estimates

benchmarks: setup  ## measure every goal on a quiet machine (hours) and write docs/benchmarks.md
	$(BIN)/python benchmarks/run_all.py --threads 2

setup: $(STAMP)  ## the virtual environment, installed once a change of its pins

$(STAMP): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(STAMP)

clean:  ## remove the outputs of all runs (not the virtual environment)
	rm -rf results/*/ resources
