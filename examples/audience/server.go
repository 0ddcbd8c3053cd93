package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/clientele-go/clientele/segment"
)

// The bounds of a request and its answer, beside server.limit.
const (
	maxBody     = 1 << 20 // bytes
	maxRules    = 64      // of an overlap
	maxTraits   = 40      // of a portrait
	maxSegments = 32      // live ones
)

// server answers questions about the customers of live segments over HTTP. Safe for concurrent use.
type server struct {
	sim   *simulation // its clock is the moment of questions that name none
	tool  *receiver   // takes the notices of sim
	kept  bool        // all of it, in a folder
	loc   *time.Location
	limit time.Duration // for answering a request
	slots chan struct{} // one for each request that is being answered
	local bool          // whether only this machine may call
}

//go:embed page
var page embed.FS

// handler returns the routes, behind what every request has to pass.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /count", answering(s, s.count))
	mux.Handle("POST /portrait", answering(s, s.portrait))
	mux.Handle("POST /overlap", answering(s, s.overlap))
	mux.Handle("POST /explain", answering(s, s.explain))
	mux.Handle("POST /why", answering(s, s.why))
	mux.Handle("POST /update", answering(s, s.update))
	mux.Handle("GET /tags", answering(s, s.tags))
	mux.Handle("GET /live", answering(s, s.liveState))
	mux.Handle("POST /define", answering(s, s.define))
	mux.Handle("POST /preview", answering(s, s.preview))
	mux.Handle("POST /drop", answering(s, s.drop))
	mux.Handle("POST /clock", answering(s, s.clock))
	files, _ := fs.Sub(page, "page") // fails for a bad path alone
	mux.Handle("GET /", http.FileServerFS(files))

	sameSite := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if !s.mayCall(r.Host) {
			http.Error(w, "the service is not called by this name", http.StatusMisdirectedRequest)
			return
		}
		sameSite.ServeHTTP(w, r)
	})
}

// mayCall tells whether the service goes by the name: a page of another site that has its own name point to this
// machine (DNS rebinding) is not let in.
func (s *server) mayCall(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return !s.local || err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// answering reads a request, waits until it is its turn, and writes the answer. A request takes no turn while it is read
// or written, so slow clients keep nobody else waiting.
func answering[In any](s *server, answer func(context.Context, *In) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := new(In)
		if r.Method == http.MethodPost {
			if err := decode(http.MaxBytesReader(w, r.Body, maxBody), in); err != nil {
				reply(w, nil, err)
				return
			}
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.limit)
		defer cancel()
		select {
		case <-ctx.Done():
			reply(w, nil, ctx.Err())
		case s.slots <- struct{}{}:
			out, err := func() (any, error) {
				defer func() { <-s.slots }()
				return answer(ctx, in)
			}()
			reply(w, out, err)
		}
	})
}

var (
	errRequest = errors.New("request")
	errNobody  = errors.New("there is no such customer")
)

// decode reads one JSON value and nothing after it.
func decode(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, end := d.Token(); end == io.EOF {
			return nil
		}
		err = errors.New("something follows the JSON")
	}
	return fmt.Errorf("%w: %w", errRequest, err)
}

// fault is one thing that is wrong with a rule, or with a write of an update.
type fault struct {
	Write      int    `json:"write"`            // its number in the update, from 0
	Field      string `json:"field,omitempty"`  // of a definition: rule or stay
	Line       int    `json:"line,omitempty"`   // in the text of the rule, from 1
	Column     int    `json:"column,omitempty"` // in characters, from 1
	Tag        string `json:"tag,omitempty"`
	Reason     string `json:"reason"`
	Suggestion string `json:"suggestion,omitempty"`
}

// reply writes the answer, or what err means to a client.
func reply(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	if err != nil {
		text, found := err.Error(), faults(err)
		switch {
		case len(found) > 0, errors.Is(err, segment.ErrLimit), errors.Is(err, segment.ErrMoment), errors.Is(err, segment.ErrInUse):
			status = http.StatusUnprocessableEntity
		case errors.Is(err, errNobody), errors.Is(err, segment.ErrUnknown):
			status = http.StatusNotFound
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			status = http.StatusServiceUnavailable
		case errors.Is(err, errRequest):
			status = http.StatusBadRequest
		default:
			log.Printf("audience: %v", err)
			status, text = http.StatusInternalServerError, "something went wrong; the log says more"
		}
		out = map[string]any{"error": text, "faults": found}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(out); err != nil {
		log.Printf("audience: %v", err)
	}
}

// faults returns the faults that err joins.
func faults(err error) (out []fault) {
	switch e := err.(type) {
	case *segment.DefinitionError:
		for _, f := range faults(e.Err) {
			f.Field = e.Field
			out = append(out, f)
		}
		return out
	case *segment.RuleError:
		return []fault{{Line: e.Line, Column: e.Column, Tag: e.Tag, Reason: e.Reason, Suggestion: e.Suggestion}}
	case *segment.WriteError:
		return []fault{{Write: e.Row, Tag: e.Tag, Reason: e.Reason}}
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			out = append(out, faults(err)...)
		}
	case interface{ Unwrap() error }:
		return faults(e.Unwrap())
	}
	return out
}
