# The commands that do all chores:
#   make run     start Renke on this machine (PORT=8000)          make lint   style, types, templates
#   make test    the whole suite, on SQLite and on PostgreSQL     make bench  speed, as ratios to this machine's limits
#   make pictures  photograph every page, as each role, into shots/
#   make lock    lock the packages of pyproject.toml again

PORT ?= 8000
HOST ?= 0.0.0.0
# The first of these that is Python 3.11; another one: make run PYTHON=/path/to/python3.11
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
PY := $(VENV)/bin/python
PURE := scoring/numeric surveys/questionnaire.py surveys/questionnaire_parts.py surveys/item_file.py surveys/question_type.py \
	surveys/question_types.py surveys/answers.py surveys/audiences.py surveys/problems.py surveys/presented.py surveys/typed.py \
	surveys/toml_file.py surveys/seals.py analysis/rule_kinds $(addprefix analysis/,$(addsuffix .py,findings file_errors \
	standard_parts standard_file standard_words standard columns facts dispersions dispersion_additions quantities school_table splitting \
	county_items judging shortfalls passing evaluation_json evaluation_words))
# Every test that touches the database runs once on each; the rest are shared out between the two.
BOTH_DATABASES := -o console_output_style=classic --dist each --tx popen//id=sqlite//env:TEST_DATABASE=sqlite --tx popen//id=postgresql//env:TEST_DATABASE=postgresql

.PHONY: run test lint bench pictures simulate lock
.SILENT:

run: $(PY)
	$(call install,requirements.txt)
	exec $(PY) manage.py serve --port $(PORT) --host $(HOST)

test: $(PY)
	$(call install,requirements-dev.txt)
	$(PY) -m tests.chromium
	$(PY) -m pytest $(BOTH_DATABASES) $(ARGS)

lint: $(PY)
	$(call install,requirements-dev.txt)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(PURE)
	$(PY) -m djlint templates --lint --quiet

bench: $(PY)
	$(call install,requirements-dev.txt)
	$(PY) -m bench $(ARGS)

pictures: $(PY)
	$(call install,requirements-dev.txt)
	$(PY) -m tests.chromium
	$(PY) -m tests.pictures

# How often intervals and verdicts are right on counties whose truth is known: seeded, ten minutes.
simulate: $(PY)
	$(call install,requirements-dev.txt)
	OPENBLAS_NUM_THREADS=1 $(PY) -m bench.simulate | tee docs/simulation.txt

# Versions and hashes only: no file of ours names a package index.
LOCK := $(PY) -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock: $(PY)
	$(call install,requirements-dev.txt)
	$(LOCK) --output-file requirements.txt $(ARGS)
	$(LOCK) --extra dev --output-file requirements-dev.txt $(ARGS)
	printf 'balance\nweightipy\n' | $(subst pyproject.toml,-,$(LOCK)) --output-file requirements-bench.txt $(ARGS)

$(PY):
	[ -n "$(PYTHON)" ] || { echo "Renke needs Python 3.11 and found none: install python3.11, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { echo "Renke needs Python 3.11, and $(PYTHON) is not: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu install python3.11-venv."; exit 1; }

# Installs a locked list into .venv, and only when the list has changed since the last time. The
# developers' list holds all of the other.
define install
	cmp -s $(1) $(VENV)/installed-$(1) || { \
		echo "Installing the packages of $(1) into $(VENV) (a minute or two, this once) …"; \
		$(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r $(1) \
			&& cp $(1) $(VENV)/installed-$(1) \
			&& { [ $(1) = requirements.txt ] || cp requirements.txt $(VENV)/installed-requirements.txt; } \
			|| { echo "The packages could not be installed; what pip says above names the reason."; exit 1; }; }
endef
