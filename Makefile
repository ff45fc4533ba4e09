# Every word here sets itself up; nothing has to be installed by hand before it.
PYTHON ?= python3
VENV   ?= .venv
MINUTES ?= 60
# Python 3.11 parses source a second time to mark the place of an error, and falls when that happens inside the first time.
export PYTHONNODEBUGRANGES = 1
BIN     = $(VENV)/bin
READY   = $(VENV)/.ready

.PHONY: help demo demo-compose test test-compose test-rooms test-whole test-stops test-faults check lint types imports format contract abuse metrics k8s lock bench sockets fuzz faults soak clean

help:            ## what each word does
	@grep -hE '^[a-z0-9-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/	/'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)   ## one log, from a station to a file, through every part
	$(BIN)/python -m ocppdiag_local demo

COMPOSE = docker compose --file deploy/compose.yaml

demo-compose: $(READY) ## the same against `docker compose -f deploy/compose.yaml up`, from outside its containers
	@OCPPDIAG_STATION_PASSWORD="$$($(COMPOSE) run --rm --no-TTY ocppdiag station add CS-1)" \
	OCPPDIAG_AMQP_URL="$$($(COMPOSE) run --rm --no-TTY --entrypoint cat ocppdiag /secrets/outside/support/OCPPDIAG_AMQP_URL)" \
	$(BIN)/python -m ocppdiag_local demo --url ws://127.0.0.1:$${OCPPDIAG_PORT:-9000}

test: $(READY)   ## every test, on a real RabbitMQ and Redis
	@# Three processes at a time, each with a RabbitMQ and a Redis of its own: they wait more than they work. The faults
	@# have the machine to themselves, because what they promise includes when.
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target --keep-going test-rooms test-whole test-stops
	@$(MAKE) --no-print-directory test-faults

STOPS = tests/whole/test_command_line*.py tests/whole/test_graceful_stop.py tests/whole/alerts

test-rooms: $(READY)
	$(BIN)/python -m pytest -q tests/broker tests/unit tests/words tests/whole/abuse

test-whole: $(READY)
	$(BIN)/python -m pytest -q tests/whole --ignore tests/whole/faults --ignore tests/whole/abuse --ignore tests/whole/compose $(STOPS:%=--ignore-glob '%')

test-stops: $(READY)
	$(BIN)/python -m pytest -q $(STOPS)

test-faults: $(READY)
	$(BIN)/python -m pytest -q tests/whole/faults

test-compose: $(READY) ## the containers of Compose, one of each and a cluster: needs Docker, and ten minutes
	$(BIN)/python -m pytest -q tests/whole/compose

check: lint types imports test   ## what CI runs

lint: $(READY)   ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## types
	$(BIN)/mypy

imports: $(READY) ## who may import whom
	$(BIN)/lint-imports

format: $(READY) ## let the formatter write
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contract: $(READY) ## renew contracts/asyncapi.json and contracts/schemas
	$(BIN)/python -m ocppdiag_contracts.asyncapi contracts

PRODUCTION = deploy/k8s/overlays/production
RULE       = deploy/prometheus/prometheus_rule.yaml

k8s: $(READY)    ## renew what is made for Kubernetes: the topology of RabbitMQ, and the alert rules for Prometheus' operator
	$(BIN)/python -m ocppdiag_contracts.definitions --kubernetes rabbitmq --vhost ocppdiag \
	  --shards $$(sed -n 's/^OCPPDIAG_SHARDS=//p' $(PRODUCTION)/settings.env) \
	  --services $(PRODUCTION)/rights.toml > $(PRODUCTION)/topology.json
	@# What a rule file says is the `spec` of a PrometheusRule.
	{ sed '/^spec:/q' $(RULE); sed '/^#/d; s/^./  &/' deploy/prometheus/alerts.yaml; } > $(RULE).new && mv $(RULE).new $(RULE)

abuse: $(READY)  ## renew the table of abuse cases in gateway/README.md
	$(BIN)/python tests/abuse_table.py gateway/README.md

metrics: $(READY) ## renew the table of metrics in deploy/README.md
	$(BIN)/python tests/metrics_table.py deploy/README.md

bench: $(READY)  ## speed beside a bare pipeline, cost against size, in twenty minutes; its figures into tests/fleet/RESULTS.md
	$(BIN)/python tests/fleet/bench.py --write tests/fleet/RESULTS.md

sockets: $(READY) ## thousands of idle stations, a reconnect storm, a rolling drain; their figures into tests/fleet/SOCKETS.md
	$(BIN)/python tests/fleet/sockets.py --write tests/fleet/SOCKETS.md

fuzz: $(READY)   ## a hundred thousand malformed frames beside good stations, and floods: what they cost the others
	$(BIN)/python tests/fleet/malformed.py

faults: $(READY) ## every fault that is known, one after the other, and what became of each command (half an hour)
	$(BIN)/python tests/whole/faults/run.py --write tests/whole/faults/RESULTS.md

soak: $(READY)   ## faults drawn at random, for MINUTES=60
	$(BIN)/python tests/whole/faults/run.py --soak $(MINUTES)

lock: $(READY)   ## choose the newest versions of everything and write them down
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
	  --no-annotate --no-header --quiet --extra local --extra tracing --group dev -o requirements.lock pyproject.toml

clean:           ## forget the environment and what the tools left
	rm -rf $(VENV) tests/node/node_modules tests/node/.runtime .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
