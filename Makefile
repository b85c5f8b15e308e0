# The two commands: `make quickstart` and `make test`.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
READY := $(VENV)/.ready
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: env
env: $(READY)

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[test]'
	touch $@

# Type checkers and import-linter cannot follow the package_dir mapping: they read a tree of links.
.PHONY: link
link:
	@rm -rf build/link && mkdir -p build/link/pet_mtl
	@ln -sfn $(CURDIR)/pet_mtl/* build/link/pet_mtl/
	@for folder in tfrecords models_zoo cli; do ln -sfn $(CURDIR)/$$folder build/link/pet_mtl/$$folder; done
