package agent

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/api"
)

// ask returns the status and the body of an agent's answer to a GET.
func (c *cluster) ask(name, target string) (int, string) {
	synctest.Wait() // or what happens at this moment would be half seen
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "heartsay"
	w := httptest.NewRecorder()
	c.agents[name].server.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// targets returns the targets that an agent lists, in one line.
func (c *cluster) targets(name, query string) string {
	c.t.Helper()
	status, body := c.ask(name, "/v1/sd/prometheus"+query)
	var groups []targetGroup
	if err := json.Unmarshal([]byte(body), &groups); status != 200 || err != nil {
		c.t.Fatalf("%s answers %s with %d %s", name, query, status, body)
	}
	var all []string
	for _, g := range groups {
		all = append(all, g.Targets...)
	}
	return strings.Join(all, " ")
}

// web starts an agent with tags.
func (c *cluster) web(name string, host int, tags map[string]string, join ...string) {
	cfg := c.config(name, host, join...)
	cfg.Tags = tags
	c.startWith(cfg)
}

func TestTargetsAreRefusedUntilTheAgentIsReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("b", 2, "10.0.0.1")
		time.Sleep(time.Minute)
		status, body := c.ask("b", "/v1/sd/prometheus")
		wantRefusal(t, "the list of an agent that has not joined", status, body, 503, api.CodeUnavailable, "not joined")
		status, body = c.ask("b", "/readyz")
		wantRefusal(t, "readyz", status, body, 503, api.CodeUnavailable, "not joined")
		c.start("a", 1)
		c.readyWithin("b", time.Minute)
		if got := c.targets("b", ""); got != "10.0.0.1:4327 10.0.0.2:4327" {
			t.Errorf("b lists [%s], want itself and a", got)
		}
		if status, body := c.ask("b", "/readyz"); status != 200 || body != `{"status":"ok"}`+"\n" {
			t.Errorf("readyz is %d %s, want 200", status, body)
		}
	})
}

func TestTargetsAreChosenByStateTagAndPort(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web", "metrics": "9100"})
		c.web("b", 2, map[string]string{"role": "web", "metrics": "nine"}, "10.0.0.1")
		c.web("d", 4, map[string]string{"role": "db", "metrics": "9104"}, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive", "d=alive")
		time.Sleep(10 * time.Second)
		c.stop("d")
		c.sees("a", 30*time.Second, "b=alive", "d=dead")
		time.Sleep(snapshotAge)
		for query, want := range map[string]string{
			"":                                "10.0.0.1:4327 10.0.0.2:4327 10.0.0.4:4327", // the dead are to be seen as down
			"?port=80":                        "10.0.0.1:80 10.0.0.2:80 10.0.0.4:80",
			"?port_tag=metrics":               "10.0.0.1:9100 10.0.0.4:9104",
			"?tag=role=web&port=1":            "10.0.0.1:1 10.0.0.2:1",
			"?tag=role=web&tag=metrics=9100":  "10.0.0.1:4327",
			"?state=dead":                     "10.0.0.4:4327",
			"?state=alive&state=suspect":      "10.0.0.1:4327 10.0.0.2:4327",
			"?state=left":                     "",
			"?tag=role=mail":                  "",
			"?state=alive&tag=role=db&port=1": "",
		} {
			if got := c.targets("a", query); got != want {
				t.Errorf("%q lists [%s], want [%s]", query, got, want)
			}
		}
		for query, want := range map[string]string{
			"?state=well": "not known", "?tag=role": "KEY=VALUE", "?port=0": "1 to 65535", "?port=http": "1 to 65535",
			"?port=1&port_tag=x": "exclude", "?port=1&port=2": "repeated", "?port_tag=": "empty", "?zone=x": "not known here",
		} {
			status, body := c.ask("a", "/v1/sd/prometheus"+query)
			wantRefusal(t, query, status, body, 400, api.CodeBadRequest, want)
		}
		if _, body := c.ask("a", "/v1/sd/prometheus?state=left"); body != "[]\n" {
			t.Errorf("an empty list is %q, want []", body)
		}
	})
}

func TestTargetsCarryTagsAsLabels(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"app.kubernetes.io/name": "shop", "x": "a\nb"})
		c.readyWithin("a", time.Second)
		_, body := c.ask("a", "/v1/sd/prometheus")
		var groups []targetGroup
		if err := json.Unmarshal([]byte(body), &groups); err != nil || len(groups) != 1 {
			t.Fatalf("%v: %s", err, body)
		}
		for label, want := range map[string]string{
			"__meta_heartsay_tag_app_kubernetes_io_name": "shop", "__meta_heartsay_tag_x": "a\nb",
			"__meta_heartsay_name": "a", "__meta_heartsay_state": "alive", "__meta_heartsay_cluster": "heartsay",
			"__meta_heartsay_address": "10.0.0.1:4327", "__meta_heartsay_zone": "",
		} {
			if got := groups[0].Labels[label]; got != want {
				t.Errorf("label %s is %q, want %q", label, got, want)
			}
		}
	})
}

func TestAgentThatSeesNobodyDoesNotEmptyAList(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1)
		c.web("a", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.web("b", 3, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 2*time.Second, "a=alive", "b=alive")
		time.Sleep(10 * time.Second)
		const web = "/v1/sd/prometheus?state=alive&tag=role=web"
		c.net.Split(at(1))
		c.sees("lb", 45*time.Second, "a=dead", "b=dead") // cut off, it waits twice the maximum
		time.Sleep(snapshotAge)
		status, body := c.ask("lb", web)
		wantRefusal(t, "the list of an isolated agent", status, body, 503, api.CodeUnavailable, "it may be cut off itself")
		if got := c.targets("lb", "?state=alive"); got != "10.0.0.1:4327" {
			t.Errorf("an isolated agent lists [%s] as alive, want itself", got)
		}
		c.net.Split()
		c.sees("lb", time.Minute, "a=alive", "b=alive")
		time.Sleep(snapshotAge)
		if got := c.targets("lb", "?state=alive&tag=role=web"); got != "10.0.0.2:4327 10.0.0.3:4327" {
			t.Errorf("after the partition it lists [%s], want both", got)
		}
	})
}

// targetGroup is one element of the list that Prometheus reads.
type targetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}
