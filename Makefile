# Two commands are all a newcomer needs: `make demo` and `make test`. They make a virtual environment in .venv first.
PYTHON ?= python3
BIN := .venv/bin
FAST := not slow and not parity and not browser
SLOW := slow or parity or browser
# uv asks the index for many packages at once where pip asks one after the other: seconds instead of minutes. It does not
# read pip's configuration, so pip follows where uv finds nothing.
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt
# Bytecode at once, as pip does: a sandbox cannot write it, and would compile NumPy for each submission anew.
install = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[$(1)]' || $(PIP) --editable '.[$(1)]'
SLOW_EXTRAS := test,browser,docs,cluster,postgresql
# Two tests at once disturb each other's browsers and time limits: what failed has a second run, alone, and both are shown.
define tests
$(BIN)/python -m pytest -n auto --dist worksteal -m "$(1)" || { echo "Once more, one at a time, what failed:"; \
  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none -m "$(1)"; }
endef

.PHONY: help demo test test-all seeds mutation lint build docs clean
.DEFAULT_GOAL := help

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready ## a whole course on six made students, in a fresh folder
	@$(BIN)/tinytorch demo

test: .venv/ready ## the fast tests, all a contributor needs
	$(call tests,$(FAST))

test-all: test .venv/ready-all ## the fast tests and the slow ones: browser, fuzzing, kills, PyTorch, whole runs
	$(call tests,$(SLOW))

seeds: .venv/ready ## every row of the catalogue under 200 seeds (half an hour)
	SEEDS=200 $(BIN)/python -m pytest -n auto -m slow tests/test_catalogue.py -k every_seed

mutation: .venv/ready ## mechanical mutants of every reference solution -> tests/mutation.md
	$(BIN)/python -m pip install --quiet 'mutmut>=3.8,<4'
	$(BIN)/python -m tests.mutation

lint: .venv/ready ## style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

build: .venv/ready ## sources -> notebooks and package
	@$(BIN)/tinytorch build

docs: .venv/ready-all ## the documentation as a site, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean: ## remove what tools leave behind; never anything in course/
	rm -rf build dist *.egg-info docs/_build docs/modules .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './course/*' -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	-$(PIP) uv
	$(call install,test)
	@touch $@

.venv/ready-all: .venv/ready
	$(call install,$(SLOW_EXTRAS))
	$(PIP) --editable '.[parity]'
	@touch $@
