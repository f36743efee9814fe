package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"heartsay/api"
)

// Ask the local agent who is alive.
func ExampleClient_Members() {
	c, err := api.New(fakeAgent()) // api.DefaultURL() for the real one
	if err != nil {
		fmt.Println(err)
		return
	}
	view, err := c.Members(context.Background())
	if errors.Is(err, api.ErrUnreachable) {
		fmt.Println("start an agent first")
		return
	}
	for _, m := range view.Members {
		fmt.Println(m.Name, m.State)
	}
	// Output:
	// db-1 dead
	// web-1 alive
}

// Keep a view of the cluster that is right after each event, for as long as the program runs: over breaks of the
// stream, and over restarts of the agent.
func ExampleClient_Follow() {
	client, err := api.New(fakeAgent()) // api.DefaultURL() for the real one
	if err != nil {
		fmt.Println(err)
		return
	}
	var view api.View
	for event, err := range client.Follow(context.Background(), api.EventsRequest{Snapshot: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		view.Apply(event)
		fmt.Println(event.Type, event.Member.Name, len(view.Members()))
		if event.Type == api.EventDead {
			break
		}
	}
	// Output:
	// reset  2
	// join db-2 3
	// dead db-1 3
}

// Wait until three members are alive.
func ExampleClient_WaitFor() {
	client, err := api.New(fakeAgent()) // api.DefaultURL() for the real one
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	members, err := client.WaitFor(ctx, func(members []api.Member) bool { return len(members) == 3 })
	fmt.Println(len(members), err)
	// Output: 3 <nil>
}

// Take a webhook that the agent has posted, and refuse what others have.
func ExampleVerifyWebhook() {
	secret := []byte("0123456789abcdef") // what is in the file of --webhook-secret-file
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		if err := api.VerifyWebhook(secret, time.Now(), 5*time.Minute, r.Header, body); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		var event api.CloudEvent
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Println(event.Type, event.Subject)
	}
	body := `{"specversion":"1.0","type":"heartsay.member.dead","subject":"db-1"}`
	request := httptest.NewRequest("POST", "/hook", strings.NewReader(body))
	api.SignWebhook(secret, time.Now(), request.Header, []byte(body)) // as the agent does
	handler(httptest.NewRecorder(), request)
	// Output: heartsay.member.dead db-1
}

// fakeAgent serves a view of two members, and events, and returns its URL.
func fakeAgent() string {
	dir, err := os.MkdirTemp("/tmp", "hs")
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("unix", dir+"/s")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer os.RemoveAll(dir)
		members := []api.Member{{Name: "db-1", State: api.Dead}, {Name: "web-1", State: "alive"}}
		if r.URL.Path == "/v1/members" {
			json.NewEncoder(w).Encode(api.Members{Self: "web-1", Members: members})
			return
		}
		events := json.NewEncoder(w)
		members[0].State = api.Alive
		events.Encode(api.Event{Epoch: "e1", Seq: 1, Type: api.EventReset, Members: members})
		events.Encode(api.Event{Epoch: "e1", Seq: 2, Type: api.EventJoin, Member: api.Member{Name: "db-2", State: "alive"}})
		events.Encode(api.Event{Epoch: "e1", Seq: 3, Type: api.EventDead, Member: api.Member{Name: "db-1", State: "dead"}})
	}))
	return "unix://" + dir + "/s"
}
