# Two commands do everything: `make mine` and `make test`. Only Python 3.11 or newer has to be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDERS := hdl sim firmware host boards

# Tools that tests start are found as in an active environment: Verilator's makefiles call `python`.
test test-thorough test-times test-slow test-gates: export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: mine test test-thorough test-times test-slow test-gates soak waves check clean

# make mine ARGS=--ai: what computes results of models is installed as well.
mine: $(VENV)/installed$(if $(findstring --ai,$(ARGS)),-ai)
	@$(BIN)/proofmill mine $(ARGS)

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 2 $(ARGS)

# What tests/long_tests.txt names: with `make test`, all that CI runs.
test-thorough: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 2 -m 'thorough and not slow' $(ARGS)

# Both of them, measured: writes tests/long_tests.txt. Wants a machine with nothing else to do.
test-times: $(VENV)/installed-dev
	@mkdir -p build
	@$(BIN)/python -m pytest -n 2 -m 'not slow' --durations=0 -vv $(ARGS) > build/test-times.txt; \
		tail -n 1 build/test-times.txt
	@$(BIN)/python -m tests.long_tests < build/test-times.txt

# Everything that takes minutes: long products through Verilator, synthesis, large sizes.
test-slow: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 2 -m slow $(ARGS)

# Netlists of every unit for every family, each at its unit's bench: a good hour.
test-gates: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 2 -m 'slow or not slow' tests/boards/cores/test_gates.py \
		tests/boards/cores/test_unit_gates.py $(ARGS)

# A node for a day of simulated time, and whether its memory stays: hours. make soak ARGS='--slots 500'
soak: $(VENV)/installed
	@$(BIN)/proofmill bench soak $(ARGS)

# make waves UNIT=mailboxes: a waveform of the unit at work, in build/waves.
UNIT ?= adder
waves: $(VENV)/installed
	@mkdir -p build/waves
	@$(BIN)/proofmill waves $(UNIT) --out build/waves/$(UNIT).vcd $(ARGS)

# The folders under the name that they are imported by.
names:
	@mkdir -p build/names/proofmill
	@for file in __init__.py __init__.pyi py.typed; do ln -sfn ../../../host/front/$$file build/names/proofmill/$$file; done
	@for folder in $(FOLDERS); do ln -sfn ../../../$$folder build/names/proofmill/$$folder; done

check: $(VENV)/installed-dev names
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=build/names $(BIN)/lint-imports
	@$(BIN)/vulture

# The documentation as a site, in build/site; a link that leads nowhere is an error.
docs: $(VENV)/installed-docs names
	@PYTHONPATH=build/names NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	@echo "build/site/index.html; to search as well: $(BIN)/python -m http.server -d build/site"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Proofmill needs Python 3.11 or newer; say which: make mine PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "this Python cannot make a virtual environment; on Debian: apt install python3-venv"; exit 2; }

$(VENV)/installed: pyproject.toml setup.py | $(VENV)/bin/python
	@echo "installing Proofmill and what it needs into $(VENV): a minute or two ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@$(BIN)/python -m proofmill.host.prover.native.compiling
	@touch $@

$(VENV)/installed-ai: pyproject.toml setup.py | $(VENV)/bin/python
	@echo "installing Proofmill and what results of models need into $(VENV): a minute or two ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[ai]'
	@$(BIN)/python -m proofmill.host.prover.native.compiling
	@touch $@ $(VENV)/installed

$(VENV)/installed-dev: pyproject.toml setup.py | $(VENV)/bin/python
	@echo "installing Proofmill and what its tests need into $(VENV): a few minutes ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(BIN)/python -m proofmill.host.prover.native.compiling
	@touch $@ $(VENV)/installed $(VENV)/installed-ai

$(VENV)/installed-docs: pyproject.toml setup.py | $(VENV)/bin/python
	@echo "installing Proofmill and what its documentation needs into $(VENV): a minute or two ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
