# Every command runs inside .venv, which the first command that needs it creates.
# A fresh clone needs make, git and Python 3.11 or newer; nothing else is assumed.

PYTHON ?= python3
PORT   ?= 8000
VENV   := .venv
BIN    := $(VENV)/bin
BUILD  := _build
BOOK   := $(BUILD)/html

# .venv/bin first: it holds the node that draws formulas and runs the JavaScript tests.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup book test lint bench lab serve strip clean lock fuzz pdf check-pdf
.PHONY: coverage mutation
.PHONY: binder offline reproducible pythons newest access firefox policy fire looks
.PHONY: classroom

help:
	@echo "make setup   create .venv and install what the book and its tests need"
	@echo "make book    run every notebook and build the book into $(BOOK)"
	@echo "make test    build the book, then run every check: kernels, proofs, widgets, pages"
	@echo "make lint    check the Python code and the notebooks for style and left-over outputs"
	@echo "make fuzz    try 10 000 random layers of every kind; results in benchmarks/fuzz.md"
	@echo "make coverage, mutation"
	@echo "             slow checks of the tests: what they never reach, which errors they never notice"
	@echo "make bench   time the kernels against PyTorch (installed into .venv-bench)"
	@echo "make pdf     print the built book into one PDF, $(BUILD)/pdf (PAPER=letter for US paper)"
	@echo "make pages   weigh the built pages and let Lighthouse judge them; results in benchmarks/pages.md"
	@echo "make lab     open the notebooks in JupyterLab"
	@echo "make serve   serve the built book on http://127.0.0.1:$(PORT)"
	@echo "make strip   remove outputs from the notebooks; run it before a commit"
	@echo "make lock    renew requirements.lock after a change in a requirements.txt"
	@echo "make binder, offline, reproducible, pythons, newest"
	@echo "             slow checks of environments; results in benchmarks/environments.md"
	@echo "make access, firefox"
	@echo "             slow checks of the built pages: keys, names, contrast, size; a second browser"
	@echo "make looks   compare every kind of widget and page with its last picture (LOOKS=renew keeps the new)"
	@echo "make policy  open every page under its Content-Security-Policy; results in benchmarks/policy.md"
	@echo "make fire    5000 random operations on each kind of widget; results in benchmarks/fire.md"
	@echo "make classroom   a class gets its notebooks by a link: slow; result in benchmarks/classroom.md"
	@echo "make clean   remove built pages and caches; .venv stays"

# --- environment -------------------------------------------------------------------------------
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, but $(PYTHON) is older: try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The lock names every package, direct or not, with its version and hashes, for each supported Python and
# system. cnnlib itself comes last and brings nothing along.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.installed

# Keeps what is locked and still fits; make lock UPGRADE=--upgrade takes the newest of everything not pinned.
lock: .venv-slow/.installed
	.venv-slow/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-emit-package cnnlib --custom-compile-command "make lock" $(UPGRADE) \
	  requirements.txt tests/requirements.txt --output-file requirements.lock > /dev/null

# --- the book ----------------------------------------------------------------------------------
# -W -n --keep-going: each warning and each dangling reference is an error, and all are listed.
# Notebooks run again when they or the library changed: book/ext/book_page.py names the cache.
book: $(VENV)/.installed
	rm -rf $(BOOK)
	$(BIN)/jupyter-book build . -W -n --keep-going --all --quiet
	@echo "Or run make serve and open http://127.0.0.1:$(PORT)"

serve:
	@test -f $(BOOK)/index.html || { echo "There is no built book yet: run make book first."; exit 1; }
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(BOOK)

# The book on paper. A font for the glossary's Chinese words comes along, since few machines have one.
PAPER ?= A4
$(BUILD)/pdf/fonts/.installed: book/pdf/package.json | setup
	@mkdir -p $(@D)
	cp $< $(@D)
	$(BIN)/npm install --prefix $(@D) --no-audit --no-fund --no-package-lock --silent
	@touch $@

pdf: setup $(BUILD)/pdf/fonts/.installed
	@test -f $(BOOK)/index.html || { echo "There is no built book yet: run make book first."; exit 1; }
	$(BIN)/python book/pdf/print_book.py --paper $(PAPER)

lab: $(VENV)/.installed
	$(BIN)/jupyter lab notebooks

# --- checks ------------------------------------------------------------------------------------
lint: setup
	$(BIN)/ruff check .
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

# Three processes, since browser tests often wait; whole files or whole pages to each, in order of collection.
test: lint book
	$(BIN)/python tests/chromium.py
	$(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

strip: setup
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

# --- speed: PyTorch is large and only a yardstick, so it has an environment of its own ----------
.venv-bench/.installed: requirements.txt benchmarks/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --requirement benchmarks/requirements.txt --editable .
	@touch $@

bench: .venv-bench/.installed
	.venv-bench/bin/python -m benchmarks

# --- weight and speed of the built pages, judged by Lighthouse; run make book first --------------
.PHONY: pages
pages: setup
	$(BIN)/python -m benchmarks.bench_pages

# --- slow checks of the kernels, not part of make test ------------------------------------------
fuzz: setup
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/slow/check_fuzz.py

# --- slow checks of the tests; their tools lie beside the environment of the book, not in it -----
$(BUILD)/tools/.installed: tests/slow/tools.txt $(VENV)/.installed
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --no-deps --target $(@D) --requirement $<
	@touch $@

$(BUILD)/node/.installed: tests/slow/package.json $(VENV)/.installed
	mkdir -p $(@D)
	cp $< $(@D)
	cd $(@D) && npm install --silent --ignore-scripts --no-audit --no-fund
	@touch $@

coverage: setup $(BUILD)/tools/.installed
	$(BIN)/python tests/slow/check_coverage.py

# ONLY=conv tries one module again; several are named in quotes.
mutation: setup $(BUILD)/tools/.installed $(BUILD)/node/.installed
	PYTHONPATH=$(CURDIR)/$(BUILD)/tools $(BIN)/python tests/slow/mutation.py $(ONLY)

# --- slow checks of environments, not part of make test; tools of their own in .venv-slow -------
.venv-slow/.installed: tests/slow/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv .venv-slow
	.venv-slow/bin/python -m pip install --quiet --requirement tests/slow/requirements.txt
	@touch $@

binder: setup .venv-slow/.installed
	$(BIN)/python tests/slow/check_binder.py

offline reproducible: setup
	$(BIN)/python tests/slow/check_build.py $@

pythons newest: setup
	$(BIN)/python tests/slow/check_pythons.py $@

# --- slow checks of the built pages; ONLY=05 looks at one of them -------------------------------
access firefox policy: setup
	@test -f $(BOOK)/index.html || { echo "There is no built book yet: run make book first."; exit 1; }
	$(BIN)/python -m pytest tests/slow/check_$@.py $(if $(ONLY),-k "$(ONLY)")

# LOOKS=renew keeps the pictures as they are now; look at what git diff says of them.
looks: setup
	LOOKS=$(LOOKS) $(BIN)/python -m pytest tests/slow/check_looks.py

# FIRE_SHOTS=500 FIRE_KINDS=Quiz,Geometry make fire tries fewer things on fewer kinds.
fire: setup
	$(BIN)/python -m pytest tests/slow/check_fire.py

# --- the whole book as a PDF: pages, links, bookmarks, fonts, size; result in benchmarks/pdf.md ---
check-pdf: setup $(BUILD)/pdf/fonts/.installed
	$(BIN)/python -m pytest -q tests/slow/check_pdf.py

# --- a class gets its notebooks from a link; JupyterLab goes into an environment of its own ------
classroom: setup
	$(BIN)/python -m pytest tests/slow/check_nbgitpuller.py

clean:
	rm -rf $(BUILD) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
