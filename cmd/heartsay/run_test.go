package main

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// command runs a command line against the agent at url, "" for none.
func command(url string, args ...string) (code int, out, err string) {
	return clitest.Run(program(), url, args...)
}

func TestRefusalsOfTheAgentHaveTheirExitCodesAndWords(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   int
	}{
		{400, "bad_request", 2}, {401, "", 4}, {403, "not_permitted", 4}, {404, "not_found", 5}, {409, "refused", 1},
		{503, "unavailable", 1}, {500, "internal", 1},
	} {
		url := clitest.Agent(t, clitest.Answer(c.status, `{"code":"`+c.code+`","message":"because of \u001b[2J\nme"}`))
		code, out, err := command(url, "forget", "bob")
		if code != c.want || out != "" || !strings.HasPrefix(err, `heartsay forget: because of \x1b[2J\x0ame`+"\n") {
			t.Errorf("status %d exits with %d, %q, %q, want %d and the agent's words on stderr", c.status, code, out, err, c.want)
		}
	}
}

func TestSomethingElseOnTheSocketIsNoAgent(t *testing.T) {
	url := clitest.Agent(t, clitest.Answer(404, "404 page not found"))
	if code, out, err := command(url, "members"); code != cli.ExitUnreachable || out != "" || !strings.Contains(err, "something else") {
		t.Errorf("the command exits with %d, %q, %q, want 3 and that something else listens", code, out, err)
	}
}

// hostile is text that would move the cursor, turn the direction of writing and forge a line.
const hostile = `\u001b[2J\u202e\nroot alive`

func TestNothingFromTheNetworkReachesTheTerminalAsItIs(t *testing.T) {
	member := `{"name":"N` + hostile + `","address":"` + hostile + `","state":"` + hostile + `","zone":"` + hostile +
		`","build":"` + hostile + `","tags":{"k` + hostile + `":"` + hostile + `"}}`
	bodies := map[string]string{
		"/v1/members": `{"cluster":"` + hostile + `","self":"x","members":[` + member + `]}`,
		"/v1/self":    `{"name":"` + hostile + `","zone":"` + hostile + `","seeds":[{"address":"` + hostile + `","last_error":"x"}]}`,
		"/v1/events": `{"type":"` + hostile + `","member":` + member + `,"reason":"` + hostile + `"}` + "\n" +
			`{"type":"reset","members":[` + member + `],"reason":"` + hostile + `"}` + "\n",
		"/v1/join":   `{"joined":1,"results":[{"address":"` + hostile + `","error":"` + hostile + `"}]}`,
		"/v1/forget": `{"names":["` + hostile + `"]}`,
	}
	url := clitest.Agent(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, bodies[r.URL.Path]) })
	for _, line := range []string{
		"members", "members -o wide", "members -o json", "members -o ndjson", "members -o name", "info", "info -o json",
		"events --count 2", "events --count 2 -o ndjson", "join 127.0.0.1", "forget x",
	} {
		code, out, err := command(url, strings.Fields(line)...)
		if code != cli.ExitOK {
			t.Errorf("%q exits with %d, %q, want 0", line, code, err)
		}
		for i, l := range strings.Split(out+err, "\n") {
			if strings.ContainsFunc(l, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.HasPrefix(l, "root") {
				t.Errorf("line %d of %q is %q, which the network wrote", i+1, line, l)
			}
		}
		if !strings.Contains(out+err, "u202e") {
			t.Errorf("%q prints %q, want the hostile text to be seen for what it is", line, out)
		}
	}
}

func TestFollowerExitsWith3WhenTheAgentGoes(t *testing.T) {
	url := clitest.Agent(t, clitest.Answer(200, `{"type":"dead","member":{"name":"bob"}}`+"\n"))
	code, out, err := command(url, "events", "-o", "ndjson")
	if code != cli.ExitUnreachable || !strings.Contains(out, `"bob"`) || !strings.Contains(err, "ended the stream") {
		t.Errorf("the follower exits with %d, %q, %q, want 3 after the event", code, out, err)
	}
	if code, _, _ := command(url, "wait", "--name", "bob"); code != cli.ExitUnreachable {
		t.Errorf("wait without a time-out exits with %d, want 3", code)
	}
}

func TestEventsReconnectsWhenItIsAskedTo(t *testing.T) {
	var asked atomic.Int64
	url := clitest.Agent(t, func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); n == 2 && r.URL.Query().Get("after") != "e1:4" {
			t.Errorf("the second request is for %s, want on after e1:4", r.URL)
		}
		clitest.Answer(200, `{"epoch":"e1","seq":4,"type":"dead","member":{"name":"bob"}}`+"\n")(w, r)
	})
	code, out, err := command(url, "events", "--reconnect", "--count", "2")
	if code != cli.ExitOK || strings.Count(out, "bob") != 2 || strings.Count(err, "ended the stream of events; trying again\n") != 1 {
		t.Errorf("the follower exits with %d, %q, %q, want two events and one line about the break", code, out, err)
	}
}
