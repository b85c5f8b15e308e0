# Two commands matter: `make quickstart` and `make test`.
# A fresh clone needs python3 >= 3.11, make and git; everything else goes into .venv.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
READY := $(VENV)/.ready
DIST := build/dist
WHEEL_VENV := build/wheel-venv
WHEEL_READY := $(WHEEL_VENV)/.ready
SOURCES := $(shell git ls-files pet_mtl tfrecords models_zoo cli 2>/dev/null)
# Given to every pytest run, such as PYTEST_ARGS='-k suv -x'.
PYTEST_ARGS ?=
# Processes that test side by side; a file's tests stay in one of them.
PYTEST_JOBS ?= 2
PARALLEL := -n $(PYTEST_JOBS) --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:
	@echo "make quickstart  simulate, convert, train, predict, evaluate; results in quickstart/"
	@echo "make test        everything that must hold: lint, types, layers, wheel, tests"
	@echo "make docs        write the pages that the code dictates: commands, errors, formats"
	@echo "make bench       time what has a limit on time"
	@echo "make clean       remove what was made, the environment excepted"
	@echo "parts of test:   env lint types layers wheel wheel-test whole; make unit: every test, here"

# --- Environment -----------------------------------------------------------------------------

.PHONY: env
env: $(READY)

# Compiled at once: where Python may write no bytecode, every process would spend seconds on that.
$(READY): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pet-mtl needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[test]'
	@touch $@

# Type checkers and import-linter cannot follow the package_dir mapping: they read a tree of links.
.PHONY: link
link:
	@rm -rf build/link && mkdir -p build/link/pet_mtl
	@ln -sfn $(CURDIR)/pet_mtl/* build/link/pet_mtl/
	@for folder in tfrecords models_zoo cli; do ln -sfn $(CURDIR)/$$folder build/link/pet_mtl/$$folder; done

# --- Checks, the fast ones first --------------------------------------------------------------

.PHONY: test
test: lint types layers wheel wheel-test whole

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(READY) link
	$(BIN)/mypy

.PHONY: layers
layers: $(READY) link
	cd build/link && $(CURDIR)/$(BIN)/lint-imports --config $(CURDIR)/.importlinter --no-cache

.PHONY: unit whole
unit whole wheel-test: export TF_CPP_MIN_LOG_LEVEL ?= 2
unit: $(READY)
	$(BIN)/pytest $(PARALLEL) $(PYTEST_ARGS)

# What the wheel does not run: trainings, the whole way, real data. So each test runs once.
whole: $(READY)
	$(BIN)/pytest -m "slow or real_data or gpu" $(PARALLEL) $(PYTEST_ARGS)

# --- The wheel, as a stranger gets it -----------------------------------------------------------

# sdist first, wheel from the sdist: a file that only the checkout has is missed here.
.PHONY: wheel
wheel: $(WHEEL_READY)

$(WHEEL_READY): $(READY) $(SOURCES) README.md LICENSE
	rm -rf $(DIST) $(WHEEL_VENV) && mkdir -p build
	$(BIN)/python -m build --no-isolation --outdir $(DIST) . > build/wheel.log || { cat build/wheel.log; exit 1; }
	$(BIN)/python -m venv --without-pip $(WHEEL_VENV)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(WHEEL_VENV)/bin/python "$$(ls $(CURDIR)/$(DIST)/*.whl)[test]"
	@touch $@

# From an empty folder, so that nothing of the checkout can be imported by accident.
.PHONY: wheel-test
wheel-test: $(WHEEL_READY)
	rm -rf build/elsewhere && mkdir -p build/elsewhere
	cd build/elsewhere && ../wheel-venv/bin/pet-mtl --help > /dev/null
	cd build/elsewhere && ../wheel-venv/bin/python -P -c \
	  'import sys, pet_mtl; sys.exit(not pet_mtl.__file__.startswith(sys.prefix))'
	cd build/elsewhere && ../wheel-venv/bin/python -P -m pytest -c $(CURDIR)/setup.cfg \
	  --rootdir $(CURDIR) -p no:cacheprovider -m "not slow and not real_data and not gpu" -q $(PARALLEL) \
	  $(PYTEST_ARGS) $(CURDIR)/tests/contract $(CURDIR)/tests/unit

# --- The whole way on simulated patients --------------------------------------------------------

# Each step leaves a stamp; after an interruption the same command goes on from the last one.
Q := quickstart
CLI := $(BIN)/pet-mtl
TRAIN_PATIENTS := 300
TEST_PATIENTS := 150
# Fewer steps than the default, so that the whole stays under ten minutes on two cores.
TRAIN_ARGS := --set model.clinical=false --set stage.mask_steps=300
COLUMNS := --id-column patient_id --time time_days --event event --response response

.PHONY: quickstart
quickstart: $(Q)/.evaluated
	@echo "The report:      $(Q)/evaluation/report.html"
	@echo "The predictions: $(Q)/predictions/predictions.csv, and a folder for every patient"

$(Q)/.train-cohort: | $(READY)
	rm -rf $(Q)/train
	$(CLI) phantom $(Q)/train --patients $(TRAIN_PATIENTS) --seed 1 --format nifti --mask-fraction 0.4
	@touch $@

$(Q)/.test-cohort: | $(READY)
	rm -rf $(Q)/test
	$(CLI) phantom $(Q)/test --patients $(TEST_PATIENTS) --seed 2 --format dicom
	@touch $@

$(Q)/.dataset: $(Q)/.train-cohort
	$(CLI) convert $(Q)/train/studies $(Q)/dataset --clinical $(Q)/train/clinical.csv $(COLUMNS) --covariates age --folds 5 --seed 1
	@touch $@

$(Q)/.run: $(Q)/.dataset
	$(CLI) train $(Q)/dataset -o $(Q)/run --fold 0 $(TRAIN_ARGS)
	@touch $@

$(Q)/.predicted: $(Q)/.run $(Q)/.test-cohort
	$(CLI) predict $(Q)/run $(Q)/test/studies -o $(Q)/predictions
	@touch $@

$(Q)/.evaluated: $(Q)/.predicted
	$(CLI) evaluate $(Q)/predictions --clinical $(Q)/test/clinical.csv $(COLUMNS) --covariates age \
	  --studies $(Q)/test/studies --baselines-from $(Q)/dataset -o $(Q)/evaluation
	@touch $@

# --- Pages, times, tidying ------------------------------------------------------------------------

.PHONY: docs
docs: $(READY)
	$(BIN)/python docs/generate.py

.PHONY: bench
bench: $(READY)
	$(BIN)/python tests/benchmarks/bench_start.py

.PHONY: clean
clean:
	rm -rf build dist $(Q) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
