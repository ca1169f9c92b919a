# Each target does all set-up it needs on a fresh machine (Debian, Python 3.11 or newer, make; root, or it says what is
# missing). `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
LOCK = $(UV) pip compile --quiet --upgrade --no-emit-index-url --no-header --python-version 3.11
RUN := $(BIN)/python

.PHONY: help install up test test-vllm hostile mutants simulate chaos check services services-stop lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 26

install: .venv/.base  ## the environment in .venv (pinned), nothing else

up: .venv/.base  ## the embedded service on 127.0.0.1:8080 with the sample catalog and a simulated live stream
	$(BIN)/attune up --sample

test: .venv/.test  ## everything: lint, types, layers and the whole suite, with a real Kafka, Redis and browser
	scripts/system-packages.sh test
	$(MAKE) --no-print-directory check
	$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile # a file's servers are started once

test-vllm: .venv/.test .vllm/.env  ## the LLM proposer against a real vLLM server on this CPU (installs 5 GB, once)
	$(RUN) -m pytest -m vllm tests/vllm

mutants: .venv/.test  ## every guard taken out in turn: a test must notice (about twenty minutes)
	scripts/system-packages.sh test
	$(RUN) -m tests.mutants

hostile: .venv/.test  ## 100,000 mutated inputs against every parser and endpoint (about four minutes)
	$(RUN) -m tests.hostile --inputs 100000

check: .venv/.test  ## lint, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: .venv/.test  ## SEEDS=1000 runs of the whole service in simulated time, crashes and lost answers in each
	$(RUN) -m tests.simulation --seeds $(or $(SEEDS),1000)

chaos: .venv/.test  ## KILLS=200 of workers, a tenth of Kafka and of Redis, under load; then the leaders of three brokers
	scripts/system-packages.sh test
	$(RUN) -m tests.chaos --kills $(or $(KILLS),200)

services: .venv/.test  ## a real Kafka and Redis for development on free ports; prints their settings
	@scripts/system-packages.sh test
	@$(RUN) -m infra.processes.services start

services-stop: .venv/.test  ## stops them
	@$(RUN) -m infra.processes.services stop

lock: .venv/.uv  ## writes the pinned requirements anew
	for set in base test; do $(LOCK) requirements/$$set.in --output-file requirements/$$set.txt || exit 1; done
	$(LOCK) --override infra/vllm/overrides-cpu.txt infra/vllm/requirements-cpu.in \
	  --output-file infra/vllm/requirements-cpu.txt

clean:  ## removes the environment and the development data
	rm -rf .venv .attune .vllm

.venv/.uv:
	scripts/system-packages.sh up
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Attune needs Python 3.11 or newer: make PYTHON=python3.11 ..."'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	touch $@

.venv/.base: .venv/.uv requirements/base.txt pyproject.toml
	$(UV) pip install --quiet --python $(RUN) --requirement requirements/base.txt
	$(UV) pip install --quiet --python $(RUN) --no-deps --editable .
	touch $@

.venv/.test: .venv/.base requirements/test.txt
	$(UV) pip install --quiet --python $(RUN) --requirement requirements/test.txt
	touch $@

# Apart: vLLM and Faust need different versions of click. The pins are the whole closure, so nothing is resolved anew.
.vllm/.env: .venv/.uv infra/vllm/requirements-cpu.txt
	$(UV) venv --quiet --clear --python $(RUN) .vllm/env
	$(UV) pip install --quiet --python .vllm/env/bin/python --no-deps --requirement infra/vllm/requirements-cpu.txt
	touch $@
