# Developer commands; `make` lists them. They need only Python 3.9 to 3.13. Everything else is
# installed into $(VENV), with or without root.

VENV := .venv
# The Python that creates $(VENV). If empty, the first suitable one on this machine.
PYTHON :=
# Arguments for the command behind a target.
ARGS :=
# https://github.com/OWNER/NAME, for `make address`.
ADDRESS :=
# The modules of bench/ that `make bench` runs. lesson, performance and chaos take ten minutes each;
# name them to run them.
BENCH := startup doctor caches health lesson.cost patch_cost

RUN := $(VENV)/bin/python
# Releases are built in a separate environment, so that no other package can affect them.
RELEASE := build/release-environment
environment = @sh devtools/environment.sh "$(VENV)" $(1) $(PYTHON)

.DEFAULT_GOAL := help
.PHONY: help demo smoke snapshot commands test long sync edges kills backups moves smb pictures lint lock bench capacity address release clean

help: ## list these commands
	@echo 'make COMMAND [ARGS="..."] [PYTHON=python3.12]'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s%s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'For example:'
	@echo '  make demo ARGS="--port 8090"      make demo ARGS=--help'
	@echo '  make test ARGS="tests/unit"       make test ARGS="-m \"not slow\""'
	@echo '  make bench BENCH=startup ARGS="--runs 3"   make bench BENCH=performance'

demo: ## run Kolibri with the plugin, PostgreSQL and a stand-in for Azure locally
	$(call environment,demo)
	@$(RUN) -m devtools.demo $(ARGS)

smoke: ## build the container image and try it, with podman or docker
	$(call environment,test)
	@$(RUN) -m devtools.container.smoke $(ARGS)

snapshot: ## evaluate the templates with Bicep, Microsoft's own engine; needs no account
	$(call environment,lock)
	@$(RUN) -m devtools.arm.snapshot $(ARGS)

commands: ## check every printed or documented az command with the real CLI
	$(call environment,test)
	@sh devtools/azure_cli/install.sh .tox/azure-cli $(PYTHON)
	PATH="$(abspath .tox/azure-cli/bin):$$PATH" \
	  $(RUN) -m pytest tests/arm/test_printed_commands.py $(ARGS)

test: ## run the tests, two at a time; ARGS="-n 0" one by one
	$(call environment,test)
	$(RUN) -m pytest --numprocesses 2 $(ARGS)

long: ## run the tests in every variation, also those that `make test` shows once; three hours
	$(call environment,test)
	KOLIBRI_AZURE_LONG=1 KOLIBRI_AZURE_BUSY_SECONDS=60 $(RUN) -m pytest --numprocesses 2 $(ARGS)

sync: ## sync 200,000 records both ways, and sync while instances are killed; two hours
	$(call environment,test)
	@$(RUN) -m bench.sync $(ARGS)
	KOLIBRI_AZURE_SYNC_ROUNDS=10 $(RUN) -m pytest tests/integration/test_sync.py -k killed_and_replaced

edges: ## compare Kolibri's API on PostgreSQL and SQLite, and race to create names; half an hour
	$(call environment,test)
	KOLIBRI_AZURE_EDGES_NTH=1 KOLIBRI_AZURE_NAME_ROUNDS=50 $(RUN) -m pytest \
		tests/integration/test_edges_of_postgresql.py tests/integration/test_names_made_at_once.py

kills: ## kill migrations at 20 statements, and workers 20 times, and the like; an hour
	$(call environment,test)
	KOLIBRI_AZURE_MIGRATION_KILLS=20 KOLIBRI_AZURE_CHANNEL_ROUNDS=10 \
	KOLIBRI_AZURE_UPGRADE_KILLS=10 KOLIBRI_AZURE_WORKER_KILLS=10 KOLIBRI_AZURE_WORKER_JOBS=200 \
	$(RUN) -m pytest $(addprefix tests/integration/test_,killed_migrations.py \
		channels_on_postgresql.py upgrades.py workers.py)

moves: ## move in homes of every Kolibri since 0.15, a school of 2,000 learners, and kill; two hours
	$(call environment,test)
	KOLIBRI_AZURE_LONG=1 KOLIBRI_AZURE_MOVE_VERSIONS=0.15.12,0.16.2,0.17.5,0.18.4,present \
	KOLIBRI_AZURE_MOVE_KILLS=10 KOLIBRI_AZURE_MOVE_LEARNERS=2000 KOLIBRI_AZURE_MOVE_RECORDS=210000 \
	$(RUN) -m pytest tests/integration/test_move_in.py tests/integration/test_move_in_kills.py $(ARGS)

backups: ## back up and restore a school of 200,000 attempts, and kill ten of each; ten minutes
	$(call environment,test)
	@$(RUN) -m bench.backups $(ARGS)
	KOLIBRI_AZURE_BACKUP_KILLS=10 $(RUN) -m pytest \
		tests/integration/test_backup.py tests/integration/test_restore_interrupted.py -k killed

smb: ## test the content share thoroughly with the kernel's SMB client; twenty minutes
	$(call environment,test)
	KOLIBRI_AZURE_LONG=1 KOLIBRI_AZURE_SMB=1 \
	KOLIBRI_AZURE_SMB_SECONDS=60 KOLIBRI_AZURE_CHANNEL_UPDATES=10 \
	KOLIBRI_AZURE_OUTAGE_FILES=300 KOLIBRI_AZURE_OUTAGE_SECONDS=30 $(RUN) -m pytest -m smb $(ARGS)

pictures: ## make the pictures of the documentation from the demo, in Chromium
	$(call environment,pictures)
	@$(RUN) -m devtools.pictures $(ARGS)

lint: ## check style and types
	$(call environment,lint)
	PATH="$(abspath $(VENV))/bin:$$PATH" sh devtools/lint.sh
	$(RUN) -m mypy

lock: ## lock the image's Python packages to their newest versions, with hashes
	$(call environment,lock)
	@$(RUN) -m devtools.container.locks $(ARGS)

bench: ## measure what the plugin costs, and compare the image with stock Kolibri
	$(call environment,test)
	@for name in $(BENCH); do echo "== $$name"; $(RUN) -m bench.$$name $(ARGS) || exit; done

capacity: ## find how many learners a server carries; ARGS="--address URL --yes" for a live site
	$(call environment,test)
	@$(RUN) -m bench.capacity $(ARGS)

soak: ## find out what grows over 100,000 requests, 200 syncs and 5,000 jobs; resumable
	$(call environment,test)
	@$(RUN) -m bench.soak $(ARGS)

address: ## show the project's address; ADDRESS=https://github.com/OWNER/NAME sets it for a fork
	$(call environment,demo)
	@$(RUN) -m devtools.address $(ADDRESS)

release: ## build a release into dist/ and list it; publishes nothing
	@sh devtools/environment.sh $(RELEASE) release $(PYTHON)
	@$(RELEASE)/bin/python -m devtools.release $(ARGS)

clean: ## remove the environment and all caches, but not the demo's data
	rm -rf $(VENV) .tox build dist *.egg-info .coverage .coverage.*
	rm -rf .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
