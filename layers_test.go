// Package heartsay_test checks the architecture, which package may import which (docs/architecture.md), and what the documents name.
package heartsay_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// layer says what a package may import of ours, and what nothing in it may import directly.
type layer struct {
	ours   []string // packages of this module, without its name
	banned []string
	why    string
}

var (
	impure = []string{"sync", "sync/atomic", "context", "net", "os", "log", "github.com/hashicorp/memberlist",
		"github.com/hashicorp/go-hclog"}
	layers = map[string]layer{
		"phi":         {nil, append(impure, "net/netip", "time"), "a detector is mathematics: numbers in, numbers out"},
		"membership":  {[]string{"phi"}, impure, "what is known of members is data: time comes in as a value"},
		"gossip/wire": {[]string{"membership"}, append(impure, "math/rand/v2"), "messages are data: the same bytes for the same message"},
		"gossip":      {[]string{"gossip/wire", "membership", "phi"}, impure, "the engine is deterministic: its caller does the rest"},
		"sim": {[]string{"gossip", "gossip/wire", "membership", "phi"}, []string{"net", "os", "sync"},
			"a virtual cluster has virtual links and virtual time"},
		"sim/torture": {[]string{"sim", "gossip", "membership", "phi"}, []string{"net", "os", "sync"},
			"torture composes what a virtual cluster suffers; a cluster knows nothing of it"},
		"api": {nil, []string{"github.com/hashicorp/memberlist"}, // and all but the standard library: api/doc_test.go
			"a program that imports the client gets nothing else"},
		"agent": {[]string{"gossip/wire", "membership", "api",
			"agent/addr",
			"agent/handlers",
			"agent/internal/discovery",
			"agent/internal/eventlog",
			"agent/internal/localapi",
			"agent/internal/process",
			"agent/internal/ratelimit",
			"agent/internal/safefile",
			"agent/internal/state",
			"agent/keyring",
			"agent/node",
			"agent/ports",
			"agent/seal",
			"agent/transport",
		}, []string{"github.com/hashicorp/memberlist"},
			"the agent puts its parts together; memberlist carries in agent/transport and holds keys in agent/keyring, alone"},
		"agent/node": {[]string{"gossip", "gossip/wire", "membership", "phi", "api",
			"agent/addr",
			"agent/internal/eventlog",
			"agent/internal/fallback",
			"agent/internal/ratelimit",
			"agent/internal/state",
			"agent/ports",
			"agent/seal",
		}, []string{"os/exec", "net/http"}, // and in no way memberlist, DNS or Prometheus: TestMemberLinksNoMoreThanItNeeds
			"what runs a member is handed what it stands on"},
		"agent/handlers": {[]string{"api", "agent/internal/eventlog", "agent/internal/process", "agent/internal/ratelimit", "agent/internal/safefile"},
			[]string{"github.com/hashicorp/memberlist"},
			"a handler hears of events and has no other way to the agent: it cannot hold it up"},
		"agent/internal/discovery": {[]string{"api", "membership", "agent/addr", "agent/internal/process", "agent/internal/ratelimit",
			"agent/internal/safefile", "agent/ports"},
			[]string{"github.com/hashicorp/memberlist"},
			"who looks for members is answered from a copy of the view: nobody who asks reaches the loop"},
		"agent/internal/fallback": {[]string{"gossip/wire"}, []string{"net", "os", "sync", "context"},
			"which way leads to whom is bookkeeping: who asks it sends"},
		"agent/internal/localapi": {[]string{"api", "agent/addr", "agent/internal/eventlog", "agent/internal/ratelimit",
			"agent/internal/safefile", "agent/ports"},
			[]string{"github.com/hashicorp/memberlist", "github.com/prometheus/client_golang/prometheus"},
			"a server of the API knows the agent by the methods that it calls, and by the routes that it is handed"},
		"agent/internal/process": {nil, []string{"net", "net/http", "github.com/hashicorp/go-hclog"},
			"what a child inherits and how it ends does not depend on why it is run"},
		"agent/internal/ratelimit": {nil, []string{"os", "github.com/hashicorp/memberlist"},
			"a bound is a count: what is counted is its caller's business"},
		"agent/internal/safefile": {nil, []string{"net", "context", "github.com/hashicorp/go-hclog"},
			"to read, replace and lock a file needs no word of what is in it"},
		"agent/addr": {[]string{"membership"}, []string{"os", "github.com/hashicorp/memberlist"},
			"an address is text until it is read: who listens or dials is elsewhere"},
		"agent/internal/state": {[]string{"agent/internal/safefile", "membership"}, []string{"net", "context"},
			"what survives a restart is a file: who fills it, and when, is the agent's business"},
		"agent/internal/clustertest": {[]string{"api"}, []string{"os", "github.com/hashicorp/memberlist"},
			"a test waits for what a node and an agent show alike"},
		"agent/internal/derive": {nil, []string{"net", "os", "context"},
			"what a key is known by depends on the key alone, not on its holder"},
		"agent/keyring": {[]string{"agent/internal/derive", "agent/internal/safefile"}, []string{"net", "context"},
			"keys are a set and a file: what is sealed with them, and when they are read, is not their business"},
		"agent/seal": {[]string{"agent/addr", "agent/internal/derive", "agent/internal/ratelimit", "membership"}, []string{"os", "github.com/hashicorp/memberlist"},
			"what is sealed and with which keys is handed in: no socket, no file"},
		"agent/ports": {[]string{"agent/internal/ratelimit"}, []string{"os", "net/http"},
			"who may have a place at a port does not depend on what is spoken there"},
		"agent/transport": {[]string{"agent/addr", "agent/internal/ratelimit", "agent/ports", "membership"}, nil,
			"what carries bytes does not know what they mean: its caller hands the filter in"},
		"agent/internal/eventlog": {[]string{"api"}, []string{"net", "os"},
			"events are kept in memory, for their readers: a stream, a handler, a program around the agent"},
		"bench": {[]string{"bench/document", "agent/node", "agent/seal", "agent/transport", "api", "gossip", "membership", "sim"}, nil,
			"both systems side by side, on one network in memory"},
		"bench/detectors": {[]string{"bench/document", "gossip", "membership", "phi", "sim"}, []string{"github.com/hashicorp/memberlist"},
			"detectors are compared on what engines hear, without agents"},
		"bench/document":  {nil, nil, "tables and plots know nothing of what they show"},
		"bench/cmd/bench": {[]string{"bench", "bench/detectors"}, nil, "the program puts flags before what the bench can do"},
		"cmd/heartsay/internal/render": {nil, []string{"net", "context"},
			"how something looks does not depend on what it is"},
		"cmd/heartsay/internal/cli": {[]string{"cmd/heartsay/internal/render", "agent", "api"},
			[]string{"github.com/hashicorp/memberlist", "os/exec"}, "what a line means does not depend on which commands there are"},
		"cmd/heartsay/internal/clitest": {[]string{"cmd/heartsay/internal/cli"}, nil,
			"a test plays the agent, whatever the command"},
		"cmd/heartsay/internal/config": {[]string{"cmd/heartsay/internal/cli", "cmd/heartsay/internal/render", "agent", "agent/addr",
			"agent/keyring", "agent/handlers"}, []string{"github.com/hashicorp/memberlist", "net"},
			"a configuration is read and judged in one way for all that ask: an agent that starts, one that reloads, the doctor"},
		"cmd/heartsay/internal/doctor": {[]string{"cmd/heartsay/internal/cli", "cmd/heartsay/internal/config",
			"cmd/heartsay/internal/render", "agent", "agent/addr", "agent/keyring", "agent/transport", "api"},
			[]string{"github.com/hashicorp/memberlist"}, "the doctor asks the agent, and tries what an agent would do"},
		"cmd/heartsay/internal/ui": {[]string{"cmd/heartsay/internal/cli", "cmd/heartsay/internal/render", "agent/ports", "api"},
			[]string{"github.com/hashicorp/memberlist"}, "the page shows what the API says, as any client could"},
		"cmd/heartsay/internal/ui/uitest": {[]string{"cmd/heartsay/internal/clitest", "api"}, nil,
			"a browser and an agent for tests know nothing of what serves the page"},
		"cmd/heartsay/internal/simulate": {[]string{"cmd/heartsay/internal/cli", "cmd/heartsay/internal/render", "agent", "sim"},
			[]string{"net", "github.com/hashicorp/memberlist"}, "a simulation needs the defaults of an agent, and no agent"},
		"cmd/heartsay/internal/completion": {[]string{"cmd/heartsay/internal/cli", "cmd/heartsay/internal/render"}, []string{"net"},
			"what could stand on a line is said by the table of commands"},
		"cmd/heartsay/e2e": {nil, nil, "tests alone, of the program as others run it"},
		"cmd/heartsay": {[]string{
			"cmd/heartsay/internal/cli",
			"cmd/heartsay/internal/completion",
			"cmd/heartsay/internal/config",
			"cmd/heartsay/internal/doctor",
			"cmd/heartsay/internal/render",
			"cmd/heartsay/internal/simulate",
			"cmd/heartsay/internal/ui",
			"agent",
			"agent/addr",
			"agent/keyring",
			"api",
		}, []string{"github.com/hashicorp/memberlist"},
			"the command line talks to agents, not to engines"},
	}
)

type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

const mostFiles = 40 // of a package, without tests: a larger one has rooms that nobody sees

// mayImportParent are packages that do, since they stand on all of it.
var mayImportParent = []string{"sim/torture", "bench/cmd/bench"}

func TestPackagesImportOnlyWhatTheirLayerMay(t *testing.T) {
	architecture, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "heartsay/")
		l, known := layers[name]
		if name == "heartsay" {
			continue
		}
		if !known {
			t.Errorf("package %s has no layer: give it a row in layers_test.go and docs/architecture.md", name)
			continue
		}
		if row := string(architecture); !strings.Contains(row, "`"+name+"`") && !strings.Contains(row, "`"+path.Base(name)+"`") {
			t.Errorf("package %s has no row in docs/architecture.md", name)
		}
		if len(p.GoFiles) > mostFiles {
			t.Errorf("package %s has %d files, want at most %d", name, len(p.GoFiles), mostFiles)
		}
		for _, imported := range p.Imports {
			ours, isOurs := strings.CutPrefix(imported, "heartsay/")
			if strings.HasPrefix(name, ours+"/") && !slices.Contains(mayImportParent, name) {
				t.Errorf("%s imports its parent %s: only the parent puts its parts together", name, ours)
			}
			if isOurs && !slices.Contains(l.ours, ours) || slices.Contains(l.banned, imported) {
				t.Errorf("%s imports %s: %s", name, imported, l.why)
			}
		}
	}
}

// TestMemberLinksNoMoreThanItNeeds looks at all that a program gets which embeds a member.
func TestMemberLinksNoMoreThanItNeeds(t *testing.T) {
	const msgpack, log = "github.com/hashicorp/go-msgpack", "github.com/hashicorp/go-hclog"
	ofLog := []string{"golang.org/x/sys", "github.com/mattn/go-isatty", "github.com/mattn/go-colorable", "github.com/fatih/color"}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./agent/node").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		within := func(module string) bool { return strings.HasPrefix(p, module) }
		if !within("heartsay/") && !slices.ContainsFunc(append(ofLog, msgpack, log), within) {
			t.Errorf("a program that embeds agent/node links %s: messages and the log are all that a member needs", p)
		}
	}
}

func TestMsgpackIsReadInPackageWireAlone(t *testing.T) {
	out, err := exec.Command("grep", "-l", "--include=*.go", "--exclude=*_test.go", "-r", "go-msgpack", "gossip", "agent",
		"membership", "phi", "sim", "api", "cmd").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range strings.Fields(string(out)) {
		if !strings.HasPrefix(file, "gossip/wire/") {
			t.Errorf("%s uses msgpack: the wire format is the business of gossip/wire", file)
		}
	}
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
