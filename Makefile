# Longxi. `make help` explains each target.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv

.DEFAULT_GOAL := help
# Every module is compiled once, not anew by each of the many processes that a platform and the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run demo test bench faults check documents kafka images images-offline bundle up down test-compose clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(READY) ## Make the virtual environment .venv from uv.lock

$(READY): pyproject.toml uv.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --quiet --frozen --all-extras --inexact
	@touch $(READY)

run: $(READY) ## Start the whole platform here, load the sample community, show the flow; data in .longxi/, Ctrl-C stops
	@$(BIN)/longxi run

demo: $(READY) ## The same in a temporary folder, then stop
	@$(BIN)/longxi demo

test: $(READY) ## Run every test that this machine has the parts for; says what it skipped and why
	$(BIN)/python -m pytest $(ARGS)

bench: $(READY) ## Measure, each figure beside a bare limit; table here, figures in build/bench.json (ARGS=--quick to try it; ARGS="--only growth" and "--only long_run" take half an hour or more each)
	$(BIN)/python -m tests.bench $(ARGS)

faults: $(READY) ## Kill, freeze, cut off and fill up what the platform stands on, ROUNDS=200 times while it works; report in build/faults.json
	$(BIN)/python -m tests.faults --rounds $(or $(ROUNDS),200) $(ARGS)

check: $(READY) ## Lint, types, import rules, and drift of documents and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.architecture
	$(BIN)/python -m pytest -q tests/contracts

documents: $(READY) ## Write docs/events and docs/api from the code
	$(BIN)/python -m shared.contracts.documents
	$(BIN)/python -m shared.contracts.documents.kit
	$(BIN)/python -m shared.runtime.documents
	$(BIN)/python -m shared.runtime.gateway
	$(BIN)/python -m shared.runtime.variables
	$(BIN)/python -m shared.runtime.permissions

kafka: $(READY) ## Get Apache Kafka (needs Java 17 and Maven) and run a broker on 127.0.0.1:9092
	@$(BIN)/python -m shared.testing.kafka_broker --port 9092

images: $(READY) ## Build the images of all services (needs a Docker engine; base images come from a registry)
	deploy/images/build.sh

images-offline: $(READY) ## The same with no registry: every image from Debian's packages and locked wheels, under the same names
	deploy/images/build.sh --offline

bundle: $(READY) ## Save all images, compose files and install.sh to build/longxi-VERSION.tar, for a machine with no network
	deploy/images/bundle.sh

up: images ## Bring the platform up in containers, with secrets made where missing (ARGS="--trial" to try it out; docs/operations.md)
	deploy/install.sh $(ARGS)

down: ## Stop the containers; data stays
	docker compose --file deploy/docker-compose.yml --profile '*' down

test-compose: $(READY) ## Try the compose stack whole: build, use, restart, upgrade, back up, restore (starts an engine of its own where it can)
	@$(BIN)/python -m tests.deploy.compose $(ARGS); code=$$?; \
		if [ $$code = 3 ] && [ -z "$$CI" ]; then exit 0; fi; exit $$code

clean: ## Remove what was built; data in .longxi/ stays
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache tests/contracts/asyncapi/node_modules
