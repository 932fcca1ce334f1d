# SPDX-License-Identifier: Apache-2.0
# make demo    makes .venv when it is missing, trains on synthetic faces, shows
#              what came of it
# make test    makes .venv when it is missing and runs the tests, up to four at
#              once; ARGS="-n 0" runs one after the other
# make test-avx2  the tests of what is computed, as on a processor without
#              AVX-512
# make docs    makes .venv when it is missing and builds the documentation
#              site; a warning is an error
# make lint    checks the style and the types
# make dist    builds wheel and sdist and checks their contents

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

# The first Python that can make an environment; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.11 python3.10 python3 python3.12; do \
	$$p -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' \
	2>/dev/null && echo $$p && break; done)

.PHONY: demo test test-avx2 docs lint dist clean

demo: $(STAMP)
	$(PY) tools/demo.py $(ARGS)

test: $(STAMP)
	$(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

test-avx2: $(STAMP)
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 \
	$(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal \
	tests/codecs tests/evaluation tests/images tests/models \
	tests/configs/test_same_as_mmpose.py $(ARGS)

docs: $(STAMP)
	$(PY) -m sphinx -M html docs/en build/docs -E -W $(ARGS)
	@echo 'open $(CURDIR)/build/docs/html/index.html'

lint: $(STAMP)
	$(PY) -m ruff check
	$(PY) -m ruff format --check --diff
	$(PY) -m mypy

dist: $(STAMP)
	rm -rf build dist
	$(PY) -m build --outdir dist .
	$(PY) tools/dev/check_dist.py dist

clean:
	rm -rf $(VENV) build dist *.egg-info mmpose_face/.mim

$(STAMP): setup.py pyproject.toml $(wildcard requirements/*.txt)
	@test -n "$(PYTHON)" || { echo 'make: no Python 3.10, 3.11 or 3.12 with venv found; name one with PYTHON=...' >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet -r requirements/build.txt -c requirements/constraints.txt
	$(PY) -m pip install --no-build-isolation -c requirements/constraints.txt -e '.[lite,mim,tests,docs]'
	touch $@
