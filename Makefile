# Everything a change has to pass. "make test" needs only Go and make; the rest downloads the linters of tools/ and needs
# gcc for the race detector. What is done with which module is in modules.txt.

GO       ?= go
FUZZTIME ?= 60s
CHECKS   := all

# Settings of the caller must not change the result.
export GOWORK  := off
export GOFLAGS := -buildvcs=false
unexport GOEXPERIMENT GODEBUG GOOS GOARCH

ROOT    := $(CURDIR)
TOOL    := $(GO) tool -modfile=$(ROOT)/tools/go.mod
modules  = $(shell awk '/^[a-z.]/ { for (i = 2; i <= NF; i++) if ($$i ~ /^($(1))$$/) { print $$1; next } }' modules.txt)
ALL     := $(call modules,test|vet)
TESTED  := $(call modules,test)
API     := $(call modules,api)
# each runs a command in several modules and stops at the first that fails.
each     = set -e; for m in $(1); do echo "$@: $$m"; ( cd $$m && $(2) ); done

.PHONY: help test check format vet purego lint fix tidy apicheck generated race examples consumer long fuzz bench api generate fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

test: export CGO_ENABLED := 0
test: ## vet and test the library (about 3 minutes)
	$(GO) vet ./...
	$(GO) test -vet=off -shuffle=on -timeout=3m ./...

check: format vet purego lint fix tidy apicheck generated race examples ## everything a change has to pass (under 20 minutes)
	@echo "check: all passed"

format: # every file is as gofumpt writes it
	@echo "$@"; files=$$($(TOOL) gofumpt -l .) || exit 1; \
	if [ -n "$$files" ]; then echo "$$files"; echo 'not formatted: run "make fmt"'; exit 1; fi

vet: # go vet, the long tests included
	@$(call each,$(ALL),$(GO) vet -tags=long ./...)

purego: PACKAGES = $(addprefix ./,$(sort $(dir $(shell grep -l '^//go:build.*purego' internal/*/*.go))))
purego: # what is also written in assembly, without it: vetted for another processor, tested with the build tag
	@echo "$@"; GOARCH=arm64 $(GO) vet $(PACKAGES)
	@$(GO) vet -tags=purego $(PACKAGES)
	@$(GO) test -vet=off -tags=purego -timeout=3m $(PACKAGES)

lint: # staticcheck
	@$(call each,$(TESTED),$(TOOL) staticcheck -checks=$(CHECKS) -tags=long ./...)

fix: # nothing is left that go fix would write in today's Go
	@$(call each,$(ALL),$(GO) fix -diff ./...)

tidy: # go.mod and go.sum are as go mod tidy writes them
	@$(call each,$(ALL),$(GO) mod tidy -diff)

apicheck: # the exported API is as the text under api/ says
	@echo "$@"; $(GO) -C tools run ./apitext -check -root $(ROOT) $(API)

generated: # the generated assembly and docs/performance.md are what their generators write
	@echo "$@"; $(GO) -C tools run ./nearestgen -check -root $(ROOT)
	@$(GO) -C tools run ./gramgen -check -root $(ROOT)
	@$(GO) -C tools run ./histogramgen -check -root $(ROOT)
	@$(GO) -C tools run ./performance -check -root $(ROOT)

race: # tests with the race detector; vet has seen them
	@command -v gcc >/dev/null || { echo "the race detector needs gcc"; exit 1; }
	@$(call each,$(TESTED),CGO_ENABLED=1 $(GO) test -race -vet=off -shuffle=on -timeout=10m ./...)

examples: export CGO_ENABLED := 0
examples: # every example runs without arguments
	@set -e; for p in $$($(GO) list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./examples/...); do \
		echo "$@: $$p"; $(GO) run $$p </dev/null >/dev/null; done

consumer: ## a program elsewhere imports every published module without replace (5 minutes the first time)
	@echo "$@"; $(GO) -C tools run ./consumer -root $(ROOT)

long: ## long tests (build tag long), then every fuzz target for FUZZTIME
	@$(call each,$(TESTED),$(GO) test -tags=long -timeout=6h ./...)
	@$(MAKE) --no-print-directory fuzz

fuzz: ## every fuzz target for FUZZTIME (default 60s)
	@set -e; for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list='^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "$@: $$p $$f"; $(GO) test -run='^$$' -fuzz="^$$f\$$" -fuzztime=$(FUZZTIME) $$p; \
		done; \
	done

bench: ## benchmarks of the library, then those against peers
	$(GO) test -run='^$$' -bench=. -benchmem -timeout=1h ./...
	@if [ -f bench/go.mod ]; then echo "$@: bench"; $(GO) -C bench run .; fi

api: ## write the exported API to api/
	@$(GO) -C tools run ./apitext -root $(ROOT) $(API)

generate: ## write the generated assembly, and docs/performance.md
	@$(GO) -C tools run ./nearestgen -root $(ROOT)
	@$(GO) -C tools run ./gramgen -root $(ROOT)
	@$(GO) -C tools run ./histogramgen -root $(ROOT)
	@$(GO) -C tools run ./performance -root $(ROOT)

fmt: ## format every file and apply go fix
	@$(call each,$(ALL),$(GO) fix ./...)
	@$(TOOL) gofumpt -w .
