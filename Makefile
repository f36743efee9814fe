GO ?= go
BIN := bin/heartsay
AGENTS ?= 30
SOAK ?= 1h
SEEDS ?= 10000
FIRST ?= 1
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0

.DEFAULT_GOAL := help
.PHONY: help build demo measure bench documents matrix soak test check race clean fuzz flood torture calibrate short

help: ## list the targets, with the time that each takes on two cores
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

build: ## build bin/heartsay, static: it needs nothing of the host, not even a C library; takes seconds
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/heartsay

demo: build ## run five agents, kill one, restart it, let one leave; ends by itself in about a minute
	./deploy/demo.sh $(BIN)

measure: ## measure detection, join, leave and quiet with 20 real agents, and write docs/measured/agents.md; takes 13 minutes
	$(GO) test ./cmd/heartsay/e2e -run '^TestMeasure$$' -count=1 -timeout 60m -v -measure -measure.page $(CURDIR)/docs/measured/agents.md

bench: ## measure heartsay beside memberlist in virtual time, and write docs/measured; takes hours
	$(GO) run ./bench/cmd/bench scenarios -commit $$(git rev-parse --short HEAD)
	$(GO) run ./bench/cmd/bench documents

documents: ## write docs/measured from what was measured; takes a moment
	$(GO) run ./bench/cmd/bench documents

matrix: ## do the fault matrix of docs/reliability.md to clusters of AGENTS real agents, 30 if not given; takes minutes; needs root
	$(GO) test ./cmd/heartsay/e2e -run '^TestMatrix' -count=1 -timeout 60m -v -matrix.agents $(AGENTS)

soak: ## inject faults into 50 real agents in namespaces for SOAK, an hour if not given, and report; needs root, iproute2, nftables
	$(GO) test ./cmd/heartsay/e2e -run '^TestSoak$$' -count=1 -timeout 24h -v -soak $(SOAK)

torture: ## compose SEEDS random scenarios of faults, from seed FIRST on, 10000 from 1 on if not given, in virtual time, and check all promises; takes 5 to 10 minutes
	$(GO) test ./sim/torture -run '^TestTorture' -count=1 -timeout 24h -v -seeds $(SEEDS) -first $(FIRST)

calibrate: ## hold the detector to the definition of Φ among 1000 members; takes a minute
	$(GO) test ./sim -run '^TestPhiMeansTheSameAmongAThousand$$' -count=1 -timeout 30m -v -calibrate

short: ## run the fast tests; takes less than a minute once they are built
	$(GO) test -short ./...

test: ## run all tests; takes less than four minutes; what needs root or a Debian package says so when it is skipped
	$(GO) test -parallel 6 -timeout 20m ./...

check: ## gofmt, vet, builds for darwin and freebsd, staticcheck, govulncheck; takes a minute, more when tools are downloaded
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'd:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	@for os in darwin freebsd; do echo GOOS=$$os $(GO) build ./...; GOOS=$$os $(GO) build ./... || exit 1; done
	$(GO) run $(STATICCHECK) ./...
	@GO=$(GO) ./deploy/vulncheck.sh $(GOVULNCHECK)

race: ## run all tests with the race detector; takes ten minutes
	$(GO) test -race -parallel 6 -timeout 30m ./...

fuzz: ## fuzz every reader of foreign bytes with 5000 inputs each; takes about a minute
	GO=$(GO) ./deploy/fuzz.sh 5000

flood: ## flood a real agent with 100,000 packets a second for a minute, and print what it costs; takes two minutes
	$(GO) test ./cmd/heartsay/e2e -run '^TestFlood$$' -count=1 -timeout 10m -v -flood 60s
	$(GO) test ./agent -run '^TestThousands' -count=1 -v

clean: ## remove what was built
	rm -rf bin
