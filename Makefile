# Everything one does with Tickwatch. `make` lists it.
# Needs Python 3.11 or newer; the rest is installed into .venv/ and var/ when it is first needed.

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
ifeq ($(PYTHON),)
$(error Tickwatch needs Python 3.11 or newer. Install one (Debian, Ubuntu: apt install python3) and try again)
endif

LOCAL := "$(PYTHON)" -m deploy.local
WITH_DATA := $(LOCAL) exec
TOOLS := $(LOCAL) exec --dev --no-servers
TESTS := $(LOCAL) exec --dev --throwaway
# Whole programs started, killed, replaced and waited for: minutes that `make test` does not take.
PROGRAMS := $(addprefix tests/local/test_,run.py stop.py exec.py) tests/bench/test_ingest.py \
	tests/deploy/test_compose_commands.py $(addprefix tests/integration/test_,$(addsuffix .py,\
	log server_process feed_processes pushed_processes feed_socket_processes \
	simulation_processes metrics_processes))
# These measure how long things take, so each of them wants the machine to itself.
FAULTS := tests/faults tests/deploy/test_k8s_commands.py \
	$(addprefix tests/integration/test_,leaving.py rolling_restart.py)
# File by file as they come: sorted by how many tests they have, the long ones would be left over.
TWO_AT_A_TIME := -p tests.workers --numprocesses=2 --dist=loadfile --no-loadscope-reorder
# Machines that stall for seconds make one test in thousands fail. `make check` tries such a one once
# more, and the end tells of it with its traceback; more than three are no accident. Not the faults:
# there a second try would hide that a promised time was missed.
ONCE_MORE := --reruns=1 --max-suite-reruns=3 --rerun-show-tracebacks
MANAGE := python manage.py
COMPOSE := docker compose
# Where make knows it (from 4.0 on), the output of one job is not mixed with another's.
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help run setup check lint format types test test-backend test-screen test-frontend test-browser test-faults bench \
	migrate load createusers shell watch open-app open-admin build up up-db down logs clean

help: ## List what there is to make
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ On this machine, without Docker

run: ## Run all of Tickwatch here (PORT=8000); Ctrl-C stops it
	@exec $(LOCAL) run --with-parent

setup: ## Install what development needs and build the screen
	@$(TOOLS) --screen

migrate: ## Bring the tables up to date
	@$(WITH_DATA) -- $(MANAGE) migrate

load: ## Load the securities, or FILE=my.csv
	@$(WITH_DATA) -- $(MANAGE) load_securities $(if $(FILE),"$(FILE)")

createusers: ## Make the accounts demo and staff
	@$(WITH_DATA) -- $(MANAGE) createusers

shell: ## Open Django's shell
	@$(WITH_DATA) -- $(MANAGE) shell

watch: ## Your watchlist, live in this terminal (ARGS="--tickers AAPL,MSFT")
	@exec env TICKWATCH_URL="$(or $(TICKWATCH_URL),http://localhost:$(or $(PORT),8000))" \
		$(LOCAL) exec --no-servers -- python -m frontend.console $(ARGS)

open-app: ## Open the screen in a browser
	@"$(PYTHON)" -m webbrowser "http://localhost:$(or $(PORT),8000)/"

open-admin: ## Open the admin site in a browser
	@"$(PYTHON)" -m webbrowser "http://localhost:$(or $(PORT),8000)/admin/"

##@ Tests and checks

check: lint types ## Everything that must hold, with coverage; the same as .ci/run
	@$(MAKE) --no-print-directory test COVERAGE=--cov AGAIN="$(ONCE_MORE)"
	@$(MAKE) --no-print-directory test-faults AGAIN="$(ONCE_MORE)"

lint: ## Style of Python and TypeScript, direction of imports
	@$(TOOLS) --node -- sh -c 'ruff check . && ruff format --check . && lint-imports && cd frontend && npm run --silent lint'

format: ## Put Python into shape
	@$(TOOLS) -- sh -c 'ruff check --fix . ; ruff format .'

types: ## Types of Python and TypeScript
	@$(TOOLS) --node -- sh -c 'mypy && cd frontend && npm run --silent typecheck'

test: setup ## All tests but the faults; backend and screen side by side, each shown when it has ended
	@echo "Testing the backend and the screen; this takes some minutes."
	@$(MAKE) --no-print-directory --jobs=2 $(WHOLE) test-backend test-screen

test-screen: test-frontend
	@$(MAKE) --no-print-directory test-browser

test-backend: ## Python, against a real Postgres and Valkey (ARGS="-k name", COVERAGE=--cov)
	@$(TESTS) -- python -m pytest --ignore=tests/browser $(addprefix --ignore=,$(PROGRAMS) $(FAULTS)) $(or $(ARGS),$(TWO_AT_A_TIME) $(COVERAGE)) $(AGAIN)

test-frontend: ## The screen's own tests
	@$(TOOLS) --node -- sh -c 'cd frontend && npm run --silent test'

test-browser: ## The screen in a real Chromium, against real servers
	@$(TESTS) --screen -- python -m pytest tests/browser $(ARGS) $(AGAIN)

test-faults: ## Everything killed, cut off and shouted at, and back again (ten minutes)
	@$(if $(ARGS),,$(TESTS) -- python -m pytest $(TWO_AT_A_TIME) $(AGAIN) $(PROGRAMS))
	@$(TESTS) -- python -m pytest $(or $(ARGS),$(FAULTS))

bench: ## Load tests, peers beside us, twenty minutes (ARGS=latency for one, ARGS=--small to try)
	@$(TESTS) -- python -m bench $(ARGS)

##@ With Docker

build: .env ## Build the image
	$(COMPOSE) build

.env:
	@"$(PYTHON)" -m deploy.env_file && echo "Wrote .env with new secrets; the passwords of demo and staff are in it."

up: .env ## Start everything in containers; makes .env if there is none
	$(COMPOSE) up --detach --build --wait

up-db: .env ## Start only Postgres and Redis in containers, on ports 5432 and 6379 of this machine
	$(COMPOSE) -f docker-compose.yml -f deploy/compose.db-ports.yml up --detach --wait postgres redis

down: ## Stop the containers; their data stays
	$(COMPOSE) down

logs: ## Follow the containers' logs
	$(COMPOSE) logs --follow --tail 100

##@ Clean up

clean: ## Remove what was installed and built; the data in var/ stays
	rm -rf .venv frontend/node_modules frontend/dist .mypy_cache .ruff_cache .pytest_cache
