# Waybill: `make run` loads sample files, `make test` runs every check and test.
# Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
ENV ?= local
YEAR ?= 2021
ROWS ?= 1000000
BAD ?= 0.01
SEED ?= 1
# Processes that share the tests.
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
UV_LOCK := infra/local/uv.txt
RUN_LOCK := infra/local/requirements.txt
TEST_LOCK := tests/requirements.txt
# Named after a lock's content: packages are installed again only when it changes.
UV_STAMP := $(VENV)/.uv-$(shell cksum < $(UV_LOCK) | cut -d' ' -f1)
RUN_STAMP := $(VENV)/.run-$(shell cksum < $(RUN_LOCK) | cut -d' ' -f1)
TEST_STAMP := $(VENV)/.test-$(shell cksum < $(TEST_LOCK) | cut -d' ' -f1)
WAYBILL := $(BIN)/waybill
SAMPLES := samples
# The files of tests/benchmarks that can be run.
BENCHMARKS = $(basename $(notdir $(shell grep -l '__main__' tests/benchmarks/*.py)))
CODE := functions infra layers/core/python layers/client/python tests

.DEFAULT_GOAL := help
.PHONY: help install run up down restart status logs logs-api logs-worker shell-api shell-db migrate build synth test test-local lint format clean lock workflows sbom audit deploy sign smoke load-test scan rehearse \
	sample sample-users upload-departments upload-jobs upload-employees upload-all \
	analytics-quarterly analytics-departments benchmark torture drill mutants

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-22s %s\n", $$1, $$2 }'

## The local stack

run: $(WAYBILL) ## Start the stack, load the sample files and show the results
	@$(WAYBILL) run

up: $(WAYBILL) ## Start the local stack and leave it running (FOREGROUND=1 stays)
	@$(WAYBILL) up $(if $(FOREGROUND),--foreground)

down: $(WAYBILL) ## Stop the local stack; the data stay (ERASE=1 deletes them)
	@$(WAYBILL) down $(if $(ERASE),--erase)

restart: $(WAYBILL) ## Stop the local stack and start it again
	@$(WAYBILL) restart

status: $(WAYBILL) ## Print the state and the addresses as JSON
	@$(WAYBILL) status

logs: $(WAYBILL) ## Print the functions' logs (FUNCTION=load for one, FOLLOW=1 to follow)
	@$(WAYBILL) logs $(if $(FUNCTION),--function $(FUNCTION)) $(if $(FOLLOW),--follow)

logs-api: $(WAYBILL) ## Print the logs of the API's functions (FOLLOW=1 to follow)
	@$(WAYBILL) logs --function api $(if $(FOLLOW),--follow)

logs-worker: $(WAYBILL) ## Print the logs of the functions that load files (FOLLOW=1 to follow)
	@$(WAYBILL) logs --function pipeline $(if $(FOLLOW),--follow)

shell-api: $(WAYBILL) ## Open a shell with the API and a token in WAYBILL_API and WAYBILL_TOKEN
	@$(WAYBILL) shell-api

shell-db: $(WAYBILL) ## Open psql on the local database
	@$(WAYBILL) shell-db

migrate: $(WAYBILL) ## Apply what is new in sql/ to the running stack
	@$(WAYBILL) migrate

## Files and figures

$(SAMPLES)/hired_employees.csv: | $(WAYBILL)
	@$(WAYBILL) sample --rows 0 --out $(SAMPLES)

sample: $(WAYBILL) ## Write the sample CSVs and a big one (ROWS=1000000 BAD=0.01 SEED=1)
	@$(WAYBILL) sample --rows $(ROWS) --bad $(BAD) --seed $(SEED) --out $(SAMPLES)

sample-users: $(WAYBILL) ## Generate users and load them into the running stack (ROWS=1000000 SEED=1)
	@$(WAYBILL) sample-users --rows $(ROWS) --seed $(SEED) --out $(SAMPLES)

upload-departments: $(WAYBILL) $(SAMPLES)/hired_employees.csv ## Upload the departments (FILE=… for another file)
	@$(WAYBILL) upload departments $(or $(FILE),$(SAMPLES)/departments.csv)

upload-jobs: $(WAYBILL) $(SAMPLES)/hired_employees.csv ## Upload the jobs (FILE=…)
	@$(WAYBILL) upload jobs $(or $(FILE),$(SAMPLES)/jobs.csv)

upload-employees: $(WAYBILL) $(SAMPLES)/hired_employees.csv ## Upload the hired employees (FILE=…)
	@$(WAYBILL) upload hired_employees $(or $(FILE),$(SAMPLES)/hired_employees.csv)

upload-all: upload-departments upload-jobs upload-employees ## Upload all three sample files

analytics-quarterly: $(WAYBILL) ## Hires by department, job and quarter (YEAR=2021)
	@$(WAYBILL) analytics quarterly --year $(YEAR)

analytics-departments: $(WAYBILL) ## Departments that hired more than the mean (YEAR=2021)
	@$(WAYBILL) analytics departments --year $(YEAR)

## Building and checking

build: $(RUN_STAMP) ## Build the layers for AWS and check their size
	@$(BIN)/python -m infra.layers

synth: $(TEST_STAMP) ## Synthesise an environment into .build/ENV and lint it (ENV=local|dev|staging|prod)
	@CDK_OUTDIR=.build/$(ENV) WAYBILL_ENV=$(ENV) $(BIN)/python -m infra.app
	@$(BIN)/cfn-lint '.build/$(ENV)/*.template.json'

check: $(TEST_STAMP) ## Check the environments on AWS with cdk-nag, checkov and cfn-lint, the code with bandit
	@PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/python -m infra.checks

workflows: $(RUN_STAMP) ## Check the workflows of .github with actionlint
	@$(BIN)/python -m infra.delivery workflows

sbom: $(TEST_STAMP) ## Write what is deployed to .build/sbom (CycloneDX) and check the licences
	@$(BIN)/python -m infra.delivery sbom

audit: $(RUN_STAMP) ## Ask for known vulnerabilities of the packages that are deployed (needs the internet)
	@$(BIN)/python -m infra.delivery audit

## Delivery

deploy: $(RUN_STAMP) ## Deploy to AWS (ENV=staging), with the credentials at hand (APP=.build/staging as synthesised, CANARY=off)
	@$(BIN)/python -m infra.delivery cdk deploy $(if $(APP),--app $(APP),-c env=$(ENV) $(if $(CANARY),-c canary=$(CANARY))) --all --require-approval never

sign: $(RUN_STAMP) ## Sign the code of a synthesised environment, where cdk.json names a signer (ENV=staging APP=.build/staging)
	@$(BIN)/python -m infra.delivery sign $(ENV) $(APP)

smoke: $(WAYBILL) $(SAMPLES)/hired_employees.csv ## Check the API of WAYBILL_API, and what a file would do there
	@$(WAYBILL) doctor
	@$(WAYBILL) upload departments $(SAMPLES)/departments.csv --dry-run

load-test: $(RUN_STAMP) ## Send a short load to the API of WAYBILL_API; fails if it is slow or has errors
	@$(BIN)/python -m infra.delivery load-test

scan: $(RUN_STAMP) ## Scan the API of WAYBILL_API and its console, passively, by rules of OWASP ZAP
	@$(BIN)/python -m infra.delivery scan

rehearse: $(TEST_STAMP) ## Run the workflows' steps on a clean clone of what is committed (STEPS="5-8 11-" for some, CLONE=folder keeps it)
	@STEPS="$(STEPS)" CLONE="$(CLONE)" $(BIN)/python -m infra.delivery rehearse

install: $(TEST_STAMP) ## Install the packages for running and testing into .venv

lint: $(TEST_STAMP) ## Check style, types and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(CODE)
	@PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/lint-imports

format: $(TEST_STAMP) ## Format the code, and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

test: lint ## Run every check and every test, with coverage (TESTS=tests/sql for some of them)
	@$(BIN)/pytest $(or $(TESTS),-n $(WORKERS) --dist loadgroup --cov --cov-report=term:skip-covered)

test-local: $(TEST_STAMP) ## Run the tests of the deployed local stack, in a stack of their own
	@$(BIN)/pytest tests/e2e

torture: $(TEST_STAMP) ## Kill, cut and crash loads for minutes; print what was lost (ARGS="--kills 200 --seed 1")
	@PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/python -m tests.torture $(ARGS)

drill: $(TEST_STAMP) ## Lose a database, restore it to a point in time, redrive; print the times (ROWS=200000)
	@PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/python -m tests.recovery.drill --rows $(if $(filter file,$(origin ROWS)),200000,$(ROWS))

mutants: $(TEST_STAMP) ## Mutation tests: break one line at a time and check that a test fails (PART=1/4, NAME="a b" for some, WORKERS=2)
	@PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/python -m tests.mutants $(if $(PART),--part $(PART)) $(if $(WORKERS),--workers $(WORKERS)) $(NAME)

benchmark: $(TEST_STAMP) ## Run every benchmark on this machine, or one (NAME=visible_in_analytics)
	@for name in $(or $(NAME),$(BENCHMARKS)); do \
		echo "== $$name"; \
		PYTHONPATH=.:layers/core/python:layers/client/python $(BIN)/python -m tests.benchmarks.$$name || exit 1; \
	done

clean: ## Remove what was built (not the environment, not the local stack's data)
	rm -rf .build cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# A list is resolved here and nowhere else; what is installed is always what a lock says.
# Wheels only: building from source would fetch whatever build tools are newest.
COMPILE := $(BIN)/python -m infra.uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-build --no-emit-index-url --no-emit-find-links

lock: $(RUN_STAMP) ## Pin the packages of pyproject.toml again, with hashes (UPGRADE=1 for newer ones)
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --all-extras pyproject.toml -o $(TEST_LOCK)
	@$(COMPILE) --constraints $(TEST_LOCK) pyproject.toml -o $(RUN_LOCK) \
		--extra arrow --extra auth --extra cache --extra client --extra infra --extra local --extra setup
	@echo uv | $(COMPILE) --constraints $(TEST_LOCK) --no-annotate - -o $(UV_LOCK)
	@$(BIN)/python -m infra.layers.lock
	@echo checkov | $(COMPILE) $(if $(UPGRADE),--upgrade) --no-annotate - -o infra/checks/requirements.txt
	@printf 'cyclonedx-bom\npip-audit\n' | $(COMPILE) $(if $(UPGRADE),--upgrade) --no-annotate - -o infra/delivery/requirements.txt

## The environment
#
# The venv's own pip, however old, installs one pinned wheel: uv. uv installs what a lock lists
# and resolves nothing, so no later release of any package changes the outcome.
# The stamps carry the locks' checksums in their names; the times of files do not matter.

SYNC := $(BIN)/python -m infra.uv pip sync --quiet --python $(BIN)/python --require-hashes --no-build --compile-bytecode

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Waybill needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Choose another: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(UV_STAMP): | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(UV_LOCK)
	@rm -f $(VENV)/.uv-* && touch $@

$(RUN_STAMP): | $(UV_STAMP)
	@echo "Installing the locked packages into $(VENV) …" >&2
	@$(SYNC) $(RUN_LOCK)
	@rm -f $(VENV)/.run-* $(VENV)/.test-* && touch $@

# The test lock contains the other one: after it, both are installed.
$(TEST_STAMP): | $(UV_STAMP)
	@echo "Installing the locked packages, with those for testing, into $(VENV) …" >&2
	@$(SYNC) $(TEST_LOCK)
	@rm -f $(VENV)/.run-* $(VENV)/.test-* && touch $(RUN_STAMP) $@

$(WAYBILL): $(RUN_STAMP)
	@printf '#!/bin/sh\nexec "%s" -P "%s" "$$@"\n' "$(CURDIR)/$(BIN)/python" "$(CURDIR)/infra/local/__main__.py" > $@
	@chmod +x $@
