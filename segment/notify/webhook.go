package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DefaultSeed is the seed of waits where options do not have one.
const DefaultSeed uint64 = 1

// WebhookOptions say how webhooks are sent. Secrets and Now are mandatory. Safe for concurrent reads.
type WebhookOptions struct {
	// Secrets sign every message, at most 8. To change the secret, send with the new one and the old one until the receiver
	// knows the new one.
	Secrets []Secret
	// Source names in ids and messages whose notices these are: 1 to 64 letters, digits, _ and -. Two sources that post to one
	// receiver need two names, as numbers of notices are those of a source; so does a source that begins again with 1.
	// Empty: segment.
	Source string
	// Now returns the present time. It is in the signature, and must be right to within the receiver's tolerance.
	Now func() time.Time

	// Attempts is the most requests of a delivery, the first included, up to 100. 0: 10.
	Attempts int
	// First is the wait after the first attempt, doubled after each further one; from it up to half is taken away by chance.
	// 0: 1 second.
	First time.Duration
	// Most is where the doubling ends. It is also the longest that a delivery waits because the receiver asks it to; asked
	// for more, it ends with a StatusError that says so. 0: 5 minutes.
	Most time.Duration
	// Timeout is how long a request may take, answer included. 0: 20 seconds.
	Timeout time.Duration
	// Sleep waits for d or until ctx ends, which is its error. Nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Seed is that of waits, which also depend on the message and the attempt: receivers that fell over together are not
	// asked together. 0: DefaultSeed.
	Seed uint64

	// Header is added to every request, such as an Authorization. Headers of the signature, and Content-Type,
	// Content-Length, Transfer-Encoding, Host and Idempotency-Key, may not be in it.
	Header http.Header
	// Transport makes requests. Nil: one of its own, with proxies from the environment, which closes connections that
	// nobody used for 90 seconds.
	Transport http.RoundTripper
	// AllowHTTP allows a URL that begins with http, by which everyone on the way reads the notices. Loopback addresses and
	// localhost need no permission.
	AllowHTTP bool
	// PublicOnly refuses to connect to addresses that are not of the public internet. Set it where others than the operator
	// say what the URL is: they could have the sender call services inside its own network. It looks at the
	// address that is connected to, after names are resolved, uses no proxy, and can't be together with Transport.
	PublicOnly bool
}

// Webhook returns a sink that posts each batch as a Message to a URL, signed as the Standard Webhooks specification 1.0.0
// says. o is mandatory; it is copied.
//
// webhook-id is Source, the numbers of the first and the last notice and, where some between them are left out, a digest of
// the numbers. The same notices always have the same id. webhook-timestamp is the time of the attempt.
//
// Every 2xx is success. Without an answer in time, and after 408, 425, 429 and all from 500, the request is repeated after a
// wait of at least what the header Retry-After asks for; every other status ends the delivery, and redirects are not
// followed. The answer's body is not used. Deliver returns an error that wraps ErrUnavailable, ErrRefused or ErrGone, a
// *StatusError where there was an answer, or that of ctx. Errors hold neither URL nor message.
//
// The error of Webhook joins all faults of URL and options, each wraps ErrOptions. The sink is safe for concurrent use. Cost of a
// delivery: memory of the message, and a pass over it for each secret and attempt.
func Webhook(to string, o *WebhookOptions) (Sink, error) {
	if o == nil {
		return nil, fmt.Errorf("%w: Secrets and Now are missing", ErrOptions)
	}
	w := &webhook{o: *o, url: to}
	w.o.Secrets = append([]Secret(nil), o.Secrets...)
	w.o.Header = o.Header.Clone()
	if err := w.check(); err != nil {
		return nil, err
	}
	set(&w.o.Source, "segment")
	set(&w.o.Attempts, 10)
	set(&w.o.First, time.Second)
	set(&w.o.Most, 5*time.Minute)
	set(&w.o.Timeout, 20*time.Second)
	set(&w.o.Seed, DefaultSeed)
	if w.o.Sleep == nil {
		w.o.Sleep = sleep
	}
	if w.o.Transport == nil {
		w.o.Transport = newTransport(w.o.PublicOnly)
	}
	return w, nil
}

// set sets a field that is zero to its default.
func set[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

// mostSecrets is the most signatures of a message.
const mostSecrets = 8

// check returns all faults of the options.
func (w *webhook) check() error {
	var faults []error
	fault := func(bad bool, field, reason string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s %s", ErrOptions, field, reason))
		}
	}
	o := &w.o
	u, err := url.Parse(w.url)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		fault(true, "URL", "is not one of https with a host")
	default:
		fault(u.Scheme == "http" && !o.AllowHTTP && !loopback(u.Hostname()), "URL", "is not https, and AllowHTTP not set")
		fault(u.User != nil, "URL", "holds a user; use Header")
	}
	fault(len(o.Secrets) == 0 || len(o.Secrets) > mostSecrets, "Secrets", fmt.Sprintf("are not 1 to %d", mostSecrets))
	for i, s := range o.Secrets {
		fault(s.key == "", fmt.Sprintf("Secrets[%d]", i), "is the zero Secret")
	}
	fault(!validSource(o.Source), "Source", "is not of at most 64 letters, digits, _ and -")
	fault(o.Now == nil, "Now", "is missing")
	fault(o.Attempts < 0 || o.Attempts > 100, "Attempts", "are not 1 to 100")
	fault(o.First < 0, "First", "is negative")
	fault(o.Most < 0, "Most", "is negative")
	fault(o.Timeout < 0, "Timeout", "is negative")
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(o.Header)) {
		proper := http.CanonicalHeaderKey(name)
		fault(!validHeader(name, o.Header[name]), "Header", fmt.Sprintf("holds %q, whose name or value HTTP does not allow", name))
		fault(!seen[proper] && slices.Contains(reserved, proper), "Header", "holds "+proper)
		fault(seen[proper], "Header", "holds "+proper+" under two names")
		seen[proper] = true
	}
	fault(o.PublicOnly && o.Transport != nil, "PublicOnly", "is set, and so is Transport")
	return errors.Join(faults...)
}

// reserved are headers that a sink sets itself.
var reserved = []string{
	headerID, headerTimestamp, headerSignature, "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Idempotency-Key",
}

// validHeader tells whether a header can be sent (RFC 9110, 5.1 and 5.5).
func validHeader(name string, values []string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return name != "" && !slices.ContainsFunc(values, func(v string) bool {
		return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	})
}

func validSource(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return len(s) <= 64
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sleep waits by a timer.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
