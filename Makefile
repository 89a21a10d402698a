# Two commands matter: make demo and make test.
GO      ?= go
BIN     := bin/webenable
DIST    := internal/web/dist/manifest.json
DEMO    := data/demo
UI      := $(wildcard ui/src/*) ui/build.mjs ui/package-lock.json
SOURCES := $(shell find cmd internal -name '*.go' -o -name '*.csv' -o -name '*.sql') go.mod

.PHONY: build ui demo test torture mutants bench screenshots speed leaflet generate fmt clean

build: $(BIN)

ui: $(DIST)

ui/node_modules/.package-lock.json: ui/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js with npm is needed: install nodejs and npm first."; exit 1; }
	cd ui && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(DIST): ui/node_modules/.package-lock.json $(UI)
	cd ui && node build.mjs

$(BIN): $(DIST) $(SOURCES)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./cmd/webenable

# A synthetic extract of ten years, loaded, with demo people, on this machine.
# The second time everything is there and the site starts at once.
demo: $(BIN)
	@test -f $(DEMO)/raw/truth.json || $(BIN) synth --patients 115000 --years 2004-2013 --dirt 0.01 --local-ids --out $(DEMO)/raw
	@test -f $(DEMO)/releases/current || $(BIN) agreement show DEMO-CLINIC --data $(DEMO) >/dev/null 2>&1 || \
	  $(BIN) agreement add DEMO-CLINIC --data $(DEMO) --basis clinical --title "Dermatology clinic" --provider RTH --specialty 330,257 --fields LOPATID --years 0405 --until 2099-12-31
	@test -f $(DEMO)/releases/current || $(BIN) load --data $(DEMO) --subset dermatology --agreement DEMO-CLINIC --identifiers LOPATID --opt-out not-needed $(DEMO)/raw/*.txt
	$(BIN) demo --data $(DEMO)

test:
	./test.sh

# Loading beside DuckDB, in one run on one extract, kept in data/bench. The goals
# are set for ROWS=13000000, which takes 15 GB of disk and some ten minutes a round.
ROWS    ?= 1000000
REPEAT  ?= 3
bench: $(BIN)
	@command -v gcc >/dev/null && command -v g++ >/dev/null || { echo "DuckDB needs a C and a C++ compiler: install gcc and g++ first."; exit 1; }
	cd bench && CGO_ENABLED=1 $(GO) run . load --rows $(ROWS) --repeat $(REPEAT) --dir ../data/bench

# What disks, people and machines do to a load, 500 random states of the explorer,
# and what intruders try, whole; make test runs a short form.
# It takes an hour or two, as root: not part of make test. WEBENABLE_SEED=... repeats a run.
torture:
	@command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends strace >/dev/null; } || { echo "strace is needed: install the package strace."; exit 1; }
	@command -v soffice >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends libreoffice-calc >/dev/null; } || { echo "LibreOffice is needed: install the package libreoffice-calc."; exit 1; }
	@WEBENABLE_TORTURE=1 $(GO) test -count=1 -timeout 6h -v -run "^(TestTorture|TestReader|TestPlanted|TestStates|TestCrawl|TestAThousandForeignIDs|TestGuessedIDs|TestAValueIsOnlyAValue|TestNothingBreaks|TestNoAddress|TestMutantsAreNoticed|TestWhatISeeIsWhatIGet)" ./internal/auth ./internal/cli ./internal/web ./internal/laws ./internal/disclosure ./internal/dump > torture.log 2>&1; code=$$?; \
	  grep -oE 'TORTURE .*|WEBENABLE_SEED=[0-9]+|^ *--- (PASS|FAIL|SKIP): .*' torture.log; \
	  [ $$code = 0 ] || echo "something failed: see torture.log"; exit $$code

# Takes away each control of docs/controls.md that internal/laws/testdata/mutants.txt
# names, one by one, and runs the tests of its row: one of them must fail. Half an hour.
mutants:
	@WEBENABLE_MUTANTS=all $(GO) test -count=1 -timeout 6h -v -run '^TestMutants' ./internal/laws > mutants.log 2>&1; code=$$?; \
	  grep -E 'nobody notices|cannot be built|does not hold|noticed$$|^ *--- FAIL' mutants.log; \
	  [ $$code = 0 ] || echo "something failed: see mutants.log"; exit $$code

# Pictures of all pages and states, in out/screenshots.
screenshots: $(BIN)
	node --test --test-reporter=spec ui/test/screenshots.mjs

# How long a click on a filter takes until it is painted; on demo data.
speed: $(BIN)
	node ui/test/speed.mjs

# The leaflet as a PDF, printed from its page, and what page that was. It is committed;
# a test says when the text has changed and this is to be done.
leaflet: $(BIN)
	node ui/leaflet.mjs

# Generated code is committed; this must give no difference.
generate:
	$(GO) tool templ generate -path internal/web/view

fmt:
	gofmt -w bench cmd internal
	$(GO) tool templ fmt internal/web/view

clean:
	rm -rf bin data/demo ui/node_modules
	find internal/web/dist -type f ! -name .gitkeep -delete
