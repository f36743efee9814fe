GO ?= go
BIN := bin/heartsay
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help
.PHONY: help build demo measure bench test check race clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

build: ## build bin/heartsay
	$(GO) build -trimpath -o $(BIN) ./cmd/heartsay

demo: build ## run five agents, kill one, restart it, let one leave; ends by itself in about a minute
	./deploy/demo.sh $(BIN)

measure: ## measure detection, join, leave and quiet with 20 real agents; takes about 13 minutes
	$(GO) test ./cmd/heartsay -run '^TestMeasure$$' -count=1 -timeout 60m -v -measure

bench: ## measure heartsay beside memberlist in virtual time and write docs/benchmarks.md; takes an hour or more
	$(GO) test ./bench -run '^TestFull$$' -full all -count=1 -timeout 4h -v
	$(GO) test ./bench -run '^TestDocument$$' -count=1 -write

test: ## run all tests; what needs root or a Debian package says so when it is skipped
	$(GO) test ./...

check: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'd:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

race: ## run all tests with the race detector
	$(GO) test -race ./...

clean: ## remove what was built
	rm -rf bin
