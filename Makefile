# One word runs each gate. Everything lives in .venv; nothing is installed system-wide.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
SPARK  := $(VENV)/spark

export BENTOML_DO_NOT_TRACK = true
export MLFLOW_DISABLE_TELEMETRY = true
export OMP_WAIT_POLICY = passive

.PHONY: help setup demo test coverage docs lint types format bench spark segment soak lock clean

help:            ## what each word does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(READY)  ## the virtual environment, from the lock file

# uv (pinned in the lock like everything else) installs in seconds; pip is the fall-back where uv cannot reach the index pip is set up with.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "huoren needs Python 3.11, found $$($(PYTHON) --version); call: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	sed '/^\(pyspark\|py4j\)==/,/[^\\]$$/d' requirements.lock > $(VENV)/lean.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes $(VENV)/lean.lock || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/lean.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	touch $@

# Spark is half a gigabyte, so only what needs it installs it, at the lock file's version.
$(SPARK): $(READY)
	sed -n '/^\(pyspark\|py4j\)==/,/[^\\]$$/p' requirements.lock > $(VENV)/spark.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r $(VENV)/spark.lock || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/spark.lock
	touch $@

demo: $(READY)   ## the whole way in one command
	$(BIN)/huoren demo $(ARGS)

test: lint types $(READY)  ## lint, types, import contracts, doctests, tests
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto --dist loadfile $(ARGS)

coverage: $(READY) ## tests with branch coverage; what is not covered
	$(BIN)/pytest --cov --cov-report=term $(ARGS)

lint: $(READY)   ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

format: $(READY) ## rewrite in house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)  ## long measurements
	$(BIN)/pytest -m bench tests/bench $(ARGS)

spark: $(SPARK)  ## install Spark; its feature job beside DuckDB's on a million events
	HUOREN_REQUIRE_ALL=1 $(BIN)/pytest -m spark tests/spark $(ARGS)

segment: $(READY) ## install Segment's Python SDK beside the environment; send events with it
	test -d $(VENV)/segment || VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --target $(VENV)/segment segment-analytics-python==2.4.0
	$(BIN)/pytest -m segment tests/serving $(ARGS)

# Airflow brings a hundred pins that must not meet ours, so it has an environment of its own.
soak: $(READY)   ## endurance runs; the example for Airflow in an environment of its own
	test -d $(VENV)/airflow || { $(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/airflow && $(BIN)/uv pip install --quiet --python $(VENV)/airflow/bin/python -r docs/airflow/requirements.txt || { rm -rf $(VENV)/airflow; exit 1; }; }
	$(BIN)/pytest -m soak tests/soak tests/training $(ARGS)
	HUOREN_FUZZ_CASES=10000 $(BIN)/pytest tests/serving/test_fuzz.py

docs: $(READY)   ## rewrite what docs/ repeats of declarations, figures and the tour
	$(BIN)/python docs/tour.py
	$(BIN)/python docs/generate.py

lock: $(READY)   ## renew the lock file (names, versions, hashes; no host)
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra dev --extra redis --extra spark --extra bench pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --extra redis --constraint requirements.lock pyproject.toml -o requirements.serve.txt

clean:           ## remove what make made, the environment too
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
