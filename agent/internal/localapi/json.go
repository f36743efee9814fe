package localapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
)

// maxBody is how many bytes the body of a request may have.
const maxBody = 1 << 20

// statuses are the HTTP statuses of the codes of [api.Error].
var statuses = map[string]int{
	api.CodeBadRequest:   http.StatusBadRequest,
	api.CodeNotPermitted: http.StatusForbidden,
	api.CodeNotFound:     http.StatusNotFound,
	api.CodeRefused:      http.StatusConflict,
	api.CodeUnavailable:  http.StatusServiceUnavailable,
	api.CodeInternal:     http.StatusInternalServerError,
}

// decodeBody reads the body of r, one JSON object of exactly the fields of into, and stores it there. Without a body,
// into stays as it is. Its errors say what is wrong with the body.
func (s *Server) decodeBody(w http.ResponseWriter, r *http.Request, into any) error {
	defer http.NewResponseController(w).SetReadDeadline(time.Time{}) // or the call would end when it passes
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return api.BadRequest("the body is larger than %d bytes", maxBody)
	case err != nil:
		return api.BadRequest("the body ends too early: %v", err)
	case len(data) == 0:
		return nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return api.BadRequest("the content type is %q: send application/json", r.Header.Get("Content-Type"))
	}
	return decodeStrict(data, into)
}

func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return api.BadRequest("the body is not what is asked for here: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return api.BadRequest("the body goes on after its JSON object, at byte %d", d.InputOffset()+1)
	}
	return checkNames(json.NewDecoder(bytes.NewReader(data)), strings.ToLower)
}

// checkNames returns an error when an object in the next value of d, which is well formed, has a name twice: readers
// differ in which of the two counts. Two names are the same when fold makes them so: those of fields are, in any case.
func checkNames(d *json.Decoder, fold func(string) string) error {
	t, _ := d.Token()
	begin, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if begin == '{' {
			t, _ := d.Token()
			name := t.(string)
			if seen[fold(name)] {
				return api.BadRequest("the body has %q twice", name)
			}
			seen[fold(name)] = true
		}
		if err := checkNames(d, strings.Clone); err != nil {
			return err
		}
	}
	_, _ = d.Token() // the end
	return nil
}

// reply answers with v, or with err if there is one.
func (s *Server) reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answer(w, http.StatusOK, v)
}

// refuse answers with err under the status of its code.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	var e *api.Error
	if !errors.As(err, &e) {
		e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
	}
	s.refused.count(e)
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	s.answer(w, status, e)
}

// answer writes v as JSON under status. A caller that does not take it is not waited for.
func (s *Server) answer(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status = http.StatusInternalServerError
		data, _ = json.Marshal(api.Error{Code: api.CodeInternal, Message: "encode the answer: " + err.Error()})
	}
	s.answerJSON(w, status, append(data, '\n'))
}

// answerJSON writes data, a line of JSON, under status.
func (s *Server) answerJSON(w http.ResponseWriter, status int, data []byte) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.writeTime))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	w.Write(data)
}

// replyLarge answers with what v writes, or with err if there is one. Of the answer no more is held than a frame.
func (s *Server) replyLarge(w http.ResponseWriter, v io.WriterTo, err error) {
	if err != nil {
		s.refuse(w, err)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.writeTime))
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, frameSize)
	if _, err := v.WriteTo(out); err != nil {
		panic(http.ErrAbortHandler) // the caller is gone or too slow, and shall not take a part for the whole
	}
	if out.WriteByte('\n') != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
}
