# A machine needs Python 3.11 or newer and make; the rest is installed into .venv and node_modules.
PYTHON ?= python3
BIN := .venv/bin

NAME ?= throughput

.PHONY: help run test check bench format build setup schema messages clean-data

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: build  ## start Troupe on http://localhost:8000 (PORT=… for another port; Ctrl-C stops everything)
	@$(BIN)/python -m deploy.stack run

test: build  ## all tests, on embedded services of their own (ARGS="-k playground" narrows)
	@$(BIN)/python -m deploy.testing $(ARGS)

check: build  ## formatting, lint, types, layers, migrations, settings, schema, templates, translations, secrets
	@$(BIN)/python -m deploy.check

bench: build  ## one benchmark: make bench NAME=throughput (all of them: tests/benchmarks/)
	@$(BIN)/python -m tests.benchmarks.$(NAME) $(ARGS)

format: setup  ## format the Python files
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

build: setup  ## build the front end when its sources changed, and the catalogues of translations
	@$(BIN)/python -m deploy.frontend
	@$(BIN)/python -m deploy.messages compile

setup:  ## install the locked dependencies when they changed
	@$(PYTHON) deploy/setup.py

schema: setup  ## write the OpenAPI schema to docs/openapi.yaml
	@$(BIN)/python -m deploy.check schema

messages: setup  ## bring the catalogues of translations up to the code (docs/translation.md)
	@$(BIN)/python -m deploy.messages extract

clean-data:  ## remove the embedded database, queues, uploads and logs
	@$(BIN)/python -m deploy.stack clean
