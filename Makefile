# Every target needs nothing done before it but Python 3.11 to 3.13 and make: the environment is made on first use.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help train test rank ui page lint bench clean lock

VENV := .venv
EARMARK := $(VENV)/bin/earmark
READY := $(VENV)/.ready
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready
# Named by the user, so never pasted into a command: the shell reads them from the environment.
export DATA SOURCE CANDIDATES BUDGET
CHAMPION = [ -f "$${EARMARK_HOME:-.}/mlruns/champion.json" ]
FIND_PYTHON := for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$python" && break; done

help: ## Print this list
	@grep -E '^[a-z]+:.*##' Makefile | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "error: no Python 3.11, 3.12 or 3.13 with venv was found" >&2; \
		echo "hint: install one (Debian: apt install python3-venv), or name it: make train PYTHON=/path/to/python3.12" >&2; \
		exit 2; \
	fi; \
	echo "Installing earmark into $(VENV) with $$python (once; 2.5 GB on disk, a few minutes)..." >&2; \
	"$$python" -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: $(READY) ## Train on SOURCE=name or DATA=file (default: the demo listener), BUDGET=seconds; DEMO_ACCOUNT=1: see docs/spotify.md
ifdef DEMO_ACCOUNT
	@if [ "$${SOURCE:-spotify}" != spotify ] || [ -n "$$DATA" ]; then \
		echo "error: DEMO_ACCOUNT=1 is a stand-in for a Spotify account" >&2; \
		echo "hint: make train SOURCE=spotify DEMO_ACCOUNT=1" >&2; exit 2; fi
	@$(VENV)/bin/python -m tests.standin.try_account $${BUDGET:+--budget "$$BUDGET"} $(ARGS)
else
	@$(EARMARK) train "$${DATA:-$${SOURCE:-demo}}" $${BUDGET:+--budget "$$BUDGET"} $(ARGS)
endif

test: $(READY) ## Run all tests
	@$(VENV)/bin/python -m pytest $(or $(ARGS),-n auto --dist worksteal --cov=features --cov=models --cov=experiments --cov-report=term:skip-covered --cov-fail-under=90)

rank: $(READY) ## Filter CANDIDATES=file down to the predicted likes (default: the demo candidates)
	@$(CHAMPION) || if [ -n "$$CANDIDATES" ]; then \
		echo "error: there is no ranker yet that knows your taste" >&2; \
		echo "hint: make train DATA=your-liked-and-skipped-tracks.csv" >&2; \
		exit 2; \
	else $(EARMARK) train; fi
	@$(EARMARK) rank "$${CANDIDATES:-demo_candidates}" $(ARGS)

ui: $(READY) ## Compare runs in the MLflow UI on 127.0.0.1
	@$(CHAMPION) || $(EARMARK) train
	@$(EARMARK) ui $(ARGS)

page: $(READY) ## Rank, see why, keep or skip, and train in a browser, on 127.0.0.1
	@$(CHAMPION) || $(EARMARK) train
	@$(EARMARK) page $(ARGS)

lint: $(READY) ## Check style, types and the rooms' walls
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

$(PEERS_READY): requirements-peers.lock requirements-peers-torch.lock | $(READY)
	@echo "Installing the peers into $(PEERS) (once; 2 GB on disk, a minute or two)..." >&2
	@$(VENV)/bin/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-peers.lock
	@$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-peers-torch.lock || { \
		echo "note: the CPU build of torch was not found; AutoGluon will run without its two networks, and the report will say so" >&2; \
		echo "hint: download it, name its folder with PIP_FIND_LINKS, and remove $(PEERS_READY)" >&2; }
	@touch $@

# ARGS names one benchmark, such as ARGS="peers --only catboost" or ARGS=rank; without, all are run. Only peers needs the peers.
bench: $(READY) $(if $(filter peers,$(firstword $(or $(ARGS),peers))),$(PEERS_READY)) ## Measure the README's figures (20 minutes), then ours beside its peers (4 hours, resumable)
ifdef ARGS
	@$(VENV)/bin/python -m experiments.benchmark $(ARGS)
else
	@code=0; $(VENV)/bin/python -m experiments.benchmark || code=$$?; \
	$(VENV)/bin/python -m experiments.benchmark peers || code=$$?; exit $$code
endif

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --upgrade --output-file requirements.lock

clean: ## Remove the environment and caches; runs and data stay
	rm -rf $(VENV) $(PEERS) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
