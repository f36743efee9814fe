package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

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

// fakeAgent serves a view of two members and returns its URL.
func fakeAgent() string {
	dir, err := os.MkdirTemp("/tmp", "hs")
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("unix", dir+"/s")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer os.RemoveAll(dir)
		json.NewEncoder(w).Encode(api.Members{Self: "web-1", Members: []api.Member{
			{Name: "db-1", State: "dead"}, {Name: "web-1", State: "alive"},
		}})
	}))
	return "unix://" + dir + "/s"
}
