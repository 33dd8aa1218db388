# What a person runs. Go is enough for all but `test`, which needs gcc as well, and
# `peers`.

FUZZTIME ?= 30s

export CGO_ENABLED ?= 0

.PHONY: build run test peers lint vectors bench fuzz gen kill soak scale release

build:
	go build ./...

# A sample service and a sample app on this machine.
run:
	go run ./cmd/cleat demo

# What CI runs, but for the peers.
test:
	.ci/test

# The strangers that internal/interop compares with; its tests are skipped without them.
peers:
	.ci/peers

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	cd bench && go vet ./...
	go tool staticcheck ./...

# The conformance vectors alone; the last line counts them.
vectors:
	@go test -count=1 -v ./internal/conformance | grep -v -e '^=== ' -e '--- PASS'

# Our benchmarks, then ours beside other people's in one run, with their ratios.
bench:
	go test -run='^$$' -bench=. -benchmem ./...
	cd bench && go test -run='^$$' -bench=. -count=5 . | go run ./ratios

# Kills, freezes and fills the disks of nodes, NATS servers and PostgreSQL under load, for about a
# quarter of an hour; CI runs a short round.
kill:
	go test -count=1 -timeout=60m -v ./internal/kill -args -rounds 4 -rate 300 -triggers 1000 -every 30s -item 3s

# Does everything at once for 20 minutes, and looks for what grows; CI runs a short round.
soak:
	go test -count=1 -timeout=60m -v -run=TestSoak ./internal/soak -args -soak 20m

# 100,000 polling triggers on one node, and its memory, against the figures that a machine at
# rest has to reach.
scale:
	go build -trimpath -ldflags='-s -w' -o dist/cleat ./cmd/cleat
	go test -count=1 -timeout=60m -v -run='TestScale|TestOverdue|TestMemory' ./internal/soak \
	  -args -binary $(CURDIR)/dist/cleat -bars -scale 100000 -scale-every 15m -scale-time 5m -load 30s

# Each fuzz target for FUZZTIME.
fuzz:
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $$package || exit 1; \
	  done; \
	done

# The programs of a release with their sums and a bill of materials, in dist/; each is built
# twice, and has to be the same.
release:
	.ci/release

# Computes the cases of the differential test of package iml anew, with Node.js.
gen:
	cd testdata/gen && npm ci --no-audit --no-fund && npm run --silent gen
