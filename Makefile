# Two commands do everything on a machine with Python 3.11 or 3.12, make and git:
#   make results/table1.csv    the whole chain on the embedded corpus (any results/... file works)
#   make test                  all tests
# The smallest run to a table takes minutes: make quick
CORES ?= all
CONFIG ?=
# Such as workflow/profiles/slurm; empty: this machine.
PROFILE ?=
# Which tests: pytest's marker expression; empty for all of them.
MARKS ?= not slurm
WORKERS ?= --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
# To install with; empty: the first of python3.12, python3.11, python3 and python that will do.
PYTHON ?=

IN_ENV := export PATH="$(CURDIR)/.venv/bin:$$PATH" &&
SNAKEMAKE := $(IN_ENV) snakemake $(if $(PROFILE),--workflow-profile $(PROFILE),--cores $(CORES)) $(if $(CONFIG),--configfile $(CONFIG))

.PHONY: all quick results/all results/paper report test quick-test test-slurm plan status quantization lint generate bench lock unlock clean FORCE
.DEFAULT_GOAL := all

all results/all: .venv/.installed
	$(SNAKEMAKE)

# Every table and figure of the papers: make results/paper CONFIG=workflow/configs/paper.yaml
results/paper: .venv/.installed
	$(SNAKEMAKE) -- paper

results/%: .venv/.installed FORCE
	$(SNAKEMAKE) -- '$@'
	@echo 'Made (a table also with every column of its scores, _long.csv):'
	@ls -d '$@' '$(@:.csv=_long.csv)' 2> /dev/null | sort -u

# Every stage once, as small as can be, apart from the results of other configs.
quick: .venv/.installed
	$(IN_ENV) snakemake --cores $(CORES) --directory results/quick \
	--configfile config.yaml workflow/configs/smoke.yaml -- results/table1.csv
	@cat results/quick/results/table1.md
	@echo 'Made: results/quick/results/table1.csv and table1_long.csv, of a few clips in a few steps: these error rates mean nothing.'

# One self-contained HTML file with every table and figure, after making what is missing.
report: .venv/.installed
	$(SNAKEMAKE) -- report_pages
	$(SNAKEMAKE) --report results/report.html --report-stylesheet workflow/report/style.css -- report_pages

# A worker per core, each with whole files of tests.
test: .venv/.installed
	$(IN_ENV) pytest -m '$(MARKS)' $(WORKERS)

# Those that take a moment each.
quick-test: MARKS := not workflow and not slow and not slurm
# Every worker imports and collects all tests.
quick-test: WORKERS := $(WORKERS) --maxprocesses 2
quick-test: test

# Through a real SLURM on this machine; Debian's packages are installed if they are absent (as root).
test-slurm: .venv/.installed
	tests/slurm/install.sh
	$(IN_ENV) pytest -m slurm tests/slurm

# What a config costs, before it runs: make plan CONFIG=workflow/configs/paper.yaml
plan:
	@sh envs/environment.sh --look
	$(IN_ENV) python -m mavsr plan $(if $(CONFIG),--configfile $(CONFIG))

# What is done, running, failed and left, with the end of failed logs.
status:
	@sh envs/environment.sh --look
	$(IN_ENV) python -m mavsr status $(if $(CONFIG),--configfile $(CONFIG))

# For llms.*.quantization: frozen LLMs in 4 bits.
quantization: .venv/.installed
	@test -e .venv/.made || { echo '.venv is not one that make made; put into it what envs/quantization.lock names' >&2; exit 1; }
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/quantization.lock

# What follows from the config's models: the schema for editors and the page of all keys.
generate: .venv/.installed
	$(IN_ENV) python -m mavsr.config.generate

lint: .venv/.installed
	$(IN_ENV) pytest tests/workflow/test_style.py

# Every claim of speed, as ratios of two ways measured in one run.
bench: .venv/.installed
	$(IN_ENV) for script in benchmarks/*.py; do echo "$$script" && python "$$script" || exit 1; done

# One that make did not make is used or refused, never changed.
.venv/.installed: FORCE
	@PYTHON='$(PYTHON)' sh envs/environment.sh

# Resolve envs/requirements.in anew. Hashes only: no registry's address belongs into the repository.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	$(addprefix --no-emit-package ,jax jaxlib ml-dtypes opt-einsum opencv-python opencv-contrib-python opencv-python-headless) \
	--override envs/overrides.txt envs/requirements.in --output-file envs/requirements.lock
	python3 envs/make_conda.py

# After kill -9 or a power cut Snakemake's lock stays behind, as it cannot know that nothing runs any more.
unlock: .venv/.installed
	$(IN_ENV) snakemake --unlock

# Keeps .snakemake: without its records Snakemake could not tell which results are stale.
clean:
	@test ! -L .venv || { echo '.venv is a link to an environment that is not make'"'"'s; remove the link yourself' >&2; exit 1; }
	rm -rf .venv

FORCE:
