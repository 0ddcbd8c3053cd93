package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/clientele-go/clientele/segment"
)

// The bounds of a request, beside server.limit.
const (
	maxBody   = 1 << 20 // bytes
	maxRules  = 64      // of an overlap
	maxWrites = 10_000  // of an update
	maxPage   = 10_000  // customers of a page
	maxTraits = 500     // of a portrait
)

// server answers questions about an index over HTTP. Safe for concurrent use.
type server struct {
	index *segment.Index
	loc   *time.Location
	now   func() time.Time // the moment of questions that name none
	limit time.Duration    // for answering a request
	slots chan struct{}    // one for each request that is being answered
	hosts []string         // the names by which the service may be called; nil: any
}

//go:embed page
var page embed.FS

// handler returns the routes, behind what every request has to pass.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/count", post(s, s.count))
	mux.Handle("/portrait", post(s, s.portrait))
	mux.Handle("/overlap", post(s, s.overlap))
	mux.Handle("/explain", post(s, s.explain))
	mux.Handle("/customers", post(s, s.customers))
	mux.Handle("/update", post(s, s.update))
	mux.Handle("/why", get(s, s.why))
	mux.Handle("/tags", get(s, s.tags))
	mux.Handle("/healthz", get(s, s.health))
	for path, file := range map[string]string{"/{$}": "page.html", "/page.css": "page.css", "/page.js": "page.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "page/"+file) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, refuse(http.StatusNotFound, "there is nothing at this path"))
	})

	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, refuse(http.StatusForbidden, "a request from another site"))
	}))
	inner := sameSite.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if !s.mayCall(r.Host) {
			fail(w, refuse(http.StatusMisdirectedRequest, "the service is not called by this name"))
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// mayCall tells whether the service goes by the name: a page of another site that has its own name point to this
// machine (DNS rebinding) is not let in.
func (s *server) mayCall(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	for _, h := range s.hosts {
		if strings.EqualFold(h, strings.Trim(host, "[]")) {
			return true
		}
	}
	return s.hosts == nil
}

// post answers a request that carries JSON.
func post[In any](s *server, answer func(context.Context, *In) (any, error)) http.Handler {
	return s.bounded(http.MethodPost, func(w http.ResponseWriter, r *http.Request) (func(context.Context) (any, error), error) {
		if media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
			return nil, refuse(http.StatusUnsupportedMediaType, "Content-Type is not application/json")
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			return nil, err
		}
		in := new(In)
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil {
			return nil, refuse(http.StatusBadRequest, "bad JSON: "+strings.TrimPrefix(err.Error(), "json: "))
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, refuse(http.StatusBadRequest, "bad JSON: something follows the object")
		}
		return func(ctx context.Context) (any, error) { return answer(ctx, in) }, nil
	})
}

// get answers a request that carries its question in the address.
func get(s *server, answer func(context.Context, *http.Request) (any, error)) http.Handler {
	return s.bounded(http.MethodGet, func(_ http.ResponseWriter, r *http.Request) (func(context.Context) (any, error), error) {
		return func(ctx context.Context) (any, error) { return answer(ctx, r) }, nil
	})
}

// bounded reads a request, waits until it is its turn, and writes the answer; all within the limit. A request that is
// being read takes no turn, so slow clients keep nobody else waiting.
func (s *server) bounded(method string, read func(http.ResponseWriter, *http.Request) (func(context.Context) (any, error), error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.Header().Set("Allow", method)
			fail(w, refuse(http.StatusMethodNotAllowed, "the method is not "+method))
			return
		}
		answer, err := read(w, r)
		if err != nil {
			fail(w, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.limit)
		defer cancel()
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			fail(w, ctx.Err())
			return
		}
		began := time.Now()
		out, err := func() (any, error) {
			defer func() { <-s.slots }()
			return answer(ctx)
		}()
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Server-Timing", fmt.Sprintf("answer;dur=%.3f", milliseconds(time.Since(began))))
		reply(w, http.StatusOK, out)
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func reply(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		log.Printf("audience: %v", err)
		http.Error(w, `{"error":"the answer cannot be written"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// failure is the answer to a request that cannot be answered.
type failure struct {
	status  int
	Message string  `json:"error"`
	Faults  []fault `json:"faults,omitempty"`
}

func (f *failure) Error() string { return f.Message }

func refuse(status int, message string) *failure { return &failure{status: status, Message: message} }

// fault is one thing that is wrong with a rule, or with a write of an update.
type fault struct {
	Index      int    `json:"index"`            // of the rule of an overlap, or of the write, from 0; 1 is the base of a portrait
	Line       int    `json:"line,omitempty"`   // in the text of the rule, from 1
	Column     int    `json:"column,omitempty"` // in characters, from 1
	Tag        string `json:"tag,omitempty"`
	Reason     string `json:"reason"`
	Suggestion string `json:"suggestion,omitempty"`
}

// fail writes what err means to a client.
func fail(w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*failure](err)
	switch {
	case ok:
	case errors.Is(err, context.Canceled):
		return // nobody is there any more
	case errors.Is(err, context.DeadlineExceeded):
		w.Header().Set("Retry-After", "1")
		f = refuse(http.StatusServiceUnavailable, "there was not enough time for an answer")
	case isType[*http.MaxBytesError](err):
		f = refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than %d bytes", maxBody))
	case isType[net.Error](err) || errors.Is(err, io.ErrUnexpectedEOF):
		f = refuse(http.StatusRequestTimeout, "the request did not arrive")
	case errors.Is(err, segment.ErrForeignSet), errors.Is(err, segment.ErrExpiredSet):
		f = refuse(http.StatusGone, "the cursor has expired; begin anew")
	case errors.Is(err, segment.ErrRule), isType[*segment.WriteError](err):
		f = refuse(http.StatusUnprocessableEntity, strings.ReplaceAll(err.Error(), "segment: ", ""))
		f.Faults = faults(nil, 0, err)
	case errors.Is(err, segment.ErrLimit):
		f = refuse(http.StatusUnprocessableEntity, err.Error())
	default:
		log.Printf("audience: %v", err)
		f = refuse(http.StatusInternalServerError, "something went wrong; the log says more")
	}
	reply(w, f.status, f)
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// ruleOf says which rule of a request an error is about.
type ruleOf struct {
	index int
	error
}

func (r ruleOf) Unwrap() error { return r.error }

// faults appends the faults that err joins, of the rule with the index.
func faults(to []fault, index int, err error) []fault {
	switch e := err.(type) {
	case *segment.RuleError:
		return append(to, fault{index, e.Line, e.Column, e.Tag, e.Reason, e.Suggestion})
	case *segment.WriteError:
		return append(to, fault{Index: e.Row, Tag: e.Tag, Reason: e.Reason})
	case ruleOf:
		return faults(to, e.index, e.error)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			to = faults(to, index, err)
		}
	case interface{ Unwrap() error }:
		return faults(to, index, e.Unwrap())
	}
	return to
}
