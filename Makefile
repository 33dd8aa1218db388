# What a person or CI runs. Go alone is enough for build, run, vectors and most of test.

FUZZTIME ?= 30s

export CGO_ENABLED ?= 0

.PHONY: build run test lint vectors bench fuzz peers

build:
	go build ./...

# A sample service, a sample app and the server, on this machine.
run:
	go run ./cmd/cleat demo

# What CI runs. It installs what the peers of internal/interop need.
test:
	.ci/run

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	cd bench && go vet ./...
	go tool staticcheck ./...

# The conformance vectors alone; the last line counts them.
vectors:
	go test -count=1 -v ./internal/conformance | grep -v -e '^=== ' -e '^ *--- PASS'

# The peers of internal/interop: Debian's python3-oauthlib and npm's oauth-sign.
peers:
	.ci/peers

# Our benchmarks, then ours against other people's in one run with their ratios.
bench:
	go test -run='^$$' -bench=. -benchmem ./...
	cd bench && go test -run='^$$' -bench=. -benchmem -count=5 . | go run ./ratios

# Each fuzz target for FUZZTIME.
fuzz:
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $$package || exit 1; \
	  done; \
	done
