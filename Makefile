# The commands of a developer: `make` lists them. They need nothing but Python 3.9 to 3.13: what
# else there is to install goes into $(VENV), as root and as anybody else.

VENV := .venv
# The Python to make $(VENV) of; empty: the first of this machine that will do.
PYTHON :=
# What is passed on to the command behind a target.
ARGS :=
# https://github.com/OWNER/NAME, for `make address`.
ADDRESS :=
# The modules of bench/ that `make bench` runs; performance and chaos take ten minutes each, and
# run when they are named.
BENCH := startup doctor caches health request_cost patch_cost

RUN := $(VENV)/bin/python
# What makes a release lives alone: nothing else may have a hand in what is published.
RELEASE := build/release-environment
environment = @sh devtools/environment.sh "$(VENV)" $(1) $(PYTHON)

.DEFAULT_GOAL := help
.PHONY: help demo smoke snapshot commands test sync edges kills smb lint lock bench address release clean

help: ## list these commands
	@echo 'make COMMAND [ARGS="..."] [PYTHON=python3.12]'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s%s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'For example:'
	@echo '  make demo ARGS="--port 8090"      make demo ARGS=--help'
	@echo '  make test ARGS="tests/unit"       make test ARGS="-m \"not slow\""'
	@echo '  make bench BENCH=startup ARGS="--runs 3"   make bench BENCH=performance'

demo: ## run Kolibri with the plugin, PostgreSQL and a stand-in for Azure on this machine
	$(call environment,demo)
	@$(RUN) -m devtools.demo $(ARGS)

smoke: ## build the container image and try it, with podman or docker
	$(call environment,test)
	@$(RUN) -m devtools.container.smoke $(ARGS)

snapshot: ## evaluate the templates with the vendor's own engine, bicep, without an account
	$(call environment,lock)
	@$(RUN) -m devtools.arm.snapshot $(ARGS)

commands: ## give every az command that is printed or documented to the real CLI
	$(call environment,test)
	@sh devtools/azure_cli/install.sh .tox/azure-cli $(PYTHON)
	PATH="$(abspath .tox/azure-cli/bin):$$PATH" \
	  $(RUN) -m pytest tests/arm/test_printed_commands.py $(ARGS)

test: ## run the tests, two at a time; ARGS="-n 0" one by one
	$(call environment,test)
	$(RUN) -m pytest --numprocesses 2 $(ARGS)

sync: ## sync 200,000 records both ways, and schools while instances are killed; two hours
	$(call environment,test)
	@$(RUN) -m bench.sync $(ARGS)
	KOLIBRI_AZURE_SYNC_ROUNDS=10 $(RUN) -m pytest tests/integration/test_sync.py -k killed_and_replaced

edges: ## ask all of Kolibri's API here and on SQLite, and make names twice at once; half an hour
	$(call environment,test)
	KOLIBRI_AZURE_EDGES_NTH=1 KOLIBRI_AZURE_NAME_ROUNDS=50 $(RUN) -m pytest \
		tests/integration/test_edges_of_postgresql.py tests/integration/test_names_made_at_once.py

kills: ## kill a migrating process at 20 statements, import a channel twice at once ten times; an hour
	$(call environment,test)
	KOLIBRI_AZURE_MIGRATION_KILLS=20 KOLIBRI_AZURE_CHANNEL_ROUNDS=10 $(RUN) -m pytest \
		tests/integration/test_killed_migrations.py tests/integration/test_channels_on_postgresql.py

smb: ## try the content share with the kernel's own SMB client, in every way; twenty minutes
	$(call environment,test)
	KOLIBRI_AZURE_SMB=1 KOLIBRI_AZURE_SMB_SECONDS=60 KOLIBRI_AZURE_CHANNEL_UPDATES=10 \
	KOLIBRI_AZURE_OUTAGE_FILES=300 KOLIBRI_AZURE_OUTAGE_SECONDS=30 $(RUN) -m pytest -m smb $(ARGS)

lint: ## check style and types
	$(call environment,lint)
	PATH="$(abspath $(VENV))/bin:$$PATH" sh devtools/lint.sh
	$(RUN) -m mypy

lock: ## resolve the image's Python packages to their newest versions, with hashes
	$(call environment,lock)
	@$(RUN) -m devtools.container.locks $(ARGS)

bench: ## measure what the plugin costs, and the image beside stock Kolibri
	$(call environment,test)
	@for name in $(BENCH); do echo "== $$name"; $(RUN) -m bench.$$name $(ARGS) || exit; done

soak: ## find out what grows: 100,000 requests, 200 syncs, 5,000 jobs; goes on where it was
	$(call environment,test)
	@$(RUN) -m bench.soak $(ARGS)

address: ## show where the project lives; with ADDRESS=https://github.com/OWNER/NAME, set it for a fork
	$(call environment,demo)
	@$(RUN) -m devtools.address $(ADDRESS)

release: ## build what a release would publish into dist/, and list it; nothing leaves this machine
	@sh devtools/environment.sh $(RELEASE) release $(PYTHON)
	@$(RELEASE)/bin/python -m devtools.release $(ARGS)

clean: ## remove the environment and all caches; the demo's data stay
	rm -rf $(VENV) .tox build dist *.egg-info .coverage .coverage.*
	rm -rf .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
