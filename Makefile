# Mingjian 明鉴. `make run` shows a finished evaluation; `make test` is what to
# trust it by. Both install what they need and work on a fresh machine.

export CGO_ENABLED ?= 0
DATA ?= data
TOOL := go tool -modfile=.ci/tools.mod

.PHONY: run build test check unit race browser bench generate clean

run: build
	./bin/mingjian demo --data $(DATA) $(ARGS)

build:
	go build -o bin/mingjian ./cmd/mingjian

# The whole suite, nothing left out; .ci/run is this.
test: check unit race browser

# Formatting, vet, static analysis, known vulnerabilities, generated code.
check:
	.ci/check

# Every test, in a binary without cgo.
unit:
	go test -count=1 -timeout 30m ./...

# Again under the race detector, which needs cgo, where goroutines meet: not for
# the matrices of rights, which send thousands of requests one by one, nor for the
# scripts and the full evaluation, which do one thing after another.
race:
	CGO_ENABLED=1 MINGJIAN_KILL_ROUNDS=3 MINGJIAN_TEST_CRASH_ROUNDS=3 MINGJIAN_WALK_TOGETHER=20 go test -count=1 -race -timeout 40m -skip '^(TestPermissions|TestPermissionsOnAppeals|TestReading|TestReadingAppeals|TestExportRights|TestScripts|TestAScoreMovesThePage)$$' ./eventstore/... ./projections/... ./api/... ./reactions/... ./transparency/... ./site/... ./cmd/...

# The pages in a real Chromium.
browser: build
	.ci/browser

# One table of figures with ratios.
bench:
	.ci/bench

# Generated code that is checked in.
generate:
	$(TOOL) templ generate -path site
	go test ./api -run TestSchema -update

clean:
	rm -rf bin data
