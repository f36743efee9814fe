package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve answers with h on a Unix socket until the test ends, and returns a client of it.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	path := filepath.Join(shortDir(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return client(t, path)
}

// shortDir returns a new folder whose path leaves room for the name of a socket, unlike that of t.TempDir.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func client(t *testing.T, path string) *Client {
	t.Helper()
	c, err := New("unix://" + path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refuseWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestCallsSendWhatTheProtocolSays(t *testing.T) {
	var got string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s %s %s", r.Method, r.Host, r.RequestURI, r.Header.Get("Content-Type"), body)
		io.WriteString(w, "{}")
	})
	ctx := t.Context()
	for _, step := range []struct {
		call func() error
		want string
	}{
		{func() error { _, err := c.Members(ctx); return err }, "GET heartsay /v1/members  "},
		{func() error { _, err := c.Self(ctx); return err }, "GET heartsay /v1/self  "},
		{func() error { _, err := c.Join(ctx, "a", "b"); return err },
			`POST heartsay /v1/join application/json {"addresses":["a","b"]}`},
		{func() error { _, err := c.Leave(ctx); return err }, "POST heartsay /v1/leave application/json {}"},
		{func() error { _, err := c.Forget(ctx, "x", true); return err },
			`POST heartsay /v1/forget application/json {"name":"x","force":true}`},
		{func() error { _, err := c.Probe(ctx, "x"); return err }, `POST heartsay /v1/probe application/json {"address":"x"}`},
		{func() error {
			_, err := c.Tags(ctx, TagsRequest{Set: map[string]string{"k": "v"}, Delete: []string{"d"}})
			return err
		}, `POST heartsay /v1/tags application/json {"set":{"k":"v"},"delete":["d"]}`},
	} {
		if err := step.call(); err != nil {
			t.Fatalf("%s failed: %v", step.want, err)
		}
		if got != step.want {
			t.Errorf("the agent got %q, want %q", got, step.want)
		}
	}
}

func TestMembersReturnsTheViewAndNeverANilList(t *testing.T) {
	want := Members{Cluster: "c", Self: "a", Members: []Member{{Name: "a", State: "alive"}}}
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(want) })
	if m, err := c.Members(t.Context()); err != nil || len(m.Members) != 1 || m.Members[0].Name != "a" {
		t.Errorf("Members is %+v, %v, want %+v", m, err, want)
	}
	c = serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"members":null}`) })
	if m, err := c.Members(t.Context()); err != nil || m.Members == nil {
		t.Errorf("Members of null is %#v, %v, want an empty list", m.Members, err)
	}
}

func TestRefusalIsAnErrorWithTheAgentsWords(t *testing.T) {
	c := serve(t, refuseWith(409, `{"code":"refused","message":"b is alive"}`))
	_, err := c.Forget(t.Context(), "b", false)
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeRefused || err.Error() != "b is alive" {
		t.Errorf("the refusal came as %T %v, want *Error refused: b is alive", err, err)
	}
	if errors.Is(err, ErrNotPermitted) || errors.Is(err, ErrUnreachable) {
		t.Errorf("%v counts as another kind of failure too", err)
	}
}

func TestRefusalWithoutACodeTakesThatOfItsStatus(t *testing.T) {
	for status, code := range map[int]string{
		400: CodeBadRequest, 401: CodeNotPermitted, 403: CodeNotPermitted, 404: CodeNotFound, 405: CodeBadRequest,
		409: CodeRefused, 500: CodeInternal, 502: CodeInternal, 503: CodeUnavailable,
	} {
		c := serve(t, refuseWith(status, `{"message":"no"}`))
		_, err := c.Self(t.Context())
		var e *Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("status %d came as %v, want code %s", status, err, code)
		}
	}
}

func TestStatus401And403AreNotPermitted(t *testing.T) {
	for _, status := range []int{401, 403} {
		for _, body := range []string{"", `{"code":"not_permitted","message":"the request has an Origin"}`} {
			c := serve(t, refuseWith(status, body))
			if _, err := c.Self(t.Context()); !errors.Is(err, ErrNotPermitted) || err.Error() == "" {
				t.Errorf("status %d with body %q came as %v, want ErrNotPermitted with words", status, body, err)
			}
		}
	}
}

func TestNoSocketIsUnreachableAndSaysWhereAndWhatToDo(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	_, err := client(t, path).Members(t.Context())
	if !errors.Is(err, ErrUnreachable) {
		t.Fatalf("a missing socket gives %v, want ErrUnreachable", err)
	}
	for _, want := range []string{path, "no such socket", "heartsay agent --api unix://" + path} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestStaleSocketIsUnreachable(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if _, err = client(t, path).Self(t.Context()); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), path) {
		t.Errorf("a stale socket gives %v, want ErrUnreachable with the path", err)
	}
}

func TestWhatIsNoSocketIsUnreachableAndSaidToBeNone(t *testing.T) {
	dir := shortDir(t)
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		_, err := client(t, path).Self(t.Context())
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), path+": it is no socket") || strings.Contains(err.Error(), "start one") {
			t.Errorf("a socket at %s gives %v, want ErrUnreachable that says that it is none", path, err)
		}
	}
}

func TestSocketThatMayNotBeUsedIsNotPermitted(t *testing.T) {
	err := failure(t.Context(), "/run/s", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)})
	if !errors.Is(err, ErrNotPermitted) || !strings.Contains(err.Error(), "/run/s") {
		t.Errorf("EACCES gives %v, want ErrNotPermitted with the path", err)
	}
}

func TestAnswerOfSomethingElseIsUnreachable(t *testing.T) {
	for _, h := range []http.HandlerFunc{
		refuseWith(200, "<html>hello</html>"), refuseWith(404, "404 page not found"), refuseWith(302, ""),
		refuseWith(500, ""),
	} {
		_, err := serve(t, h).Members(t.Context())
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "something else") {
			t.Errorf("a stranger's answer gives %v, want ErrUnreachable that says so", err)
		}
	}
}

func TestAgentThatHangsUpIsUnreachable(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := c.Members(t.Context()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a broken connection gives %v, want ErrUnreachable", err)
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Members(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the call ended with %v, want the context's own error", err)
	}
}

func TestAgentThatNeverAnswersIsUnreachable(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := call[Self](t.Context(), c, 10*time.Millisecond, http.MethodGet, "/v1/self", nil)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("silence gives %v, want ErrUnreachable that says so", err)
	}
}

func TestTagThatIsNotUTF8IsRefusedAndNotChanged(t *testing.T) {
	var refusal *Error
	for _, tags := range []map[string]string{{"k": "\xff"}, {"\xff": "v"}} {
		_, err := client(t, filepath.Join(shortDir(t), "s")).Tags(t.Context(), TagsRequest{Set: tags})
		if !errors.As(err, &refusal) || refusal.Code != CodeBadRequest {
			t.Errorf("the tags %q give %v, want a bad request", tags, err)
		}
	}
}
