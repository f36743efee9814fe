package agent

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heartsay/api"
)

func TestProgramMountsTheAPIUnderANameOfItsOwn(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		mux := http.NewServeMux()
		mux.Handle("/heartsay/", http.StripPrefix("/heartsay", a.Handler()))
		call := func(method, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "http://app.example/heartsay"+path, nil)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			return w
		}
		var all api.Members
		if w := call(http.MethodGet, "/v1/members"); w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &all) != nil || all.Self != "a" {
			t.Errorf("the members under a name of the program's are %d %s", w.Code, w.Body)
		}
		if w := call(http.MethodPost, "/v1/leave"); w.Code != 200 {
			t.Errorf("a leave is answered by %d %s", w.Code, w.Body)
		}
		select {
		case <-a.Done():
		case <-time.After(time.Second):
			t.Fatal("an agent that was told to leave goes on")
		}
		if !errors.Is(a.Err(), errLeft) {
			t.Errorf("an agent that was told to leave ends by %v", a.Err())
		}
	})
}

func TestProgramRegistersTheFiguresWithItsOwn(t *testing.T) {
	virtually(t, func(c *cluster) {
		registry := prometheus.NewRegistry()
		if err := registry.Register(c.start("a", 1).Collector()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if !strings.HasPrefix(f.GetName(), "heartsay_") {
				t.Errorf("%s, which is the program's, comes with the agent's figures", f.GetName())
			}
		}
		if len(families) < 20 {
			t.Errorf("%d figures are registered", len(families))
		}
	})
}
