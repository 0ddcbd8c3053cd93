package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

// receiver is in place of a campaign tool: it takes webhooks whose signatures are right, each notice once, prints what
// such a tool would do, and keeps how far it is before it says that it has a message. Safe for concurrent use.
type receiver struct {
	store  store.Store
	secret notify.Secret
	loc    *time.Location
	out    io.Writer

	mu    sync.Mutex
	state received
}

// received is what a receiver has. Safe for concurrent reads.
type received struct {
	URL      string   `json:"url"`      // where it listens
	Messages int      `json:"messages"` // with the right signature
	Repeated int      `json:"repeated"` // of Messages, those that had come before, with the same id
	Refused  int      `json:"refused"`  // others
	Notices  int      `json:"notices"`
	Last     uint64   `json:"last"`  // the number of the last notice
	Lines    []string `json:"lines"` // what was printed last
}

const (
	maxShown = 5  // notices of a message that are printed
	maxLines = 12 // lines that the page shows
)

var toolKey = []byte("received")

// openReceiver goes on where the receiver in the store was.
func openReceiver(ctx context.Context, s store.Store, secret notify.Secret, loc *time.Location, out io.Writer) (*receiver, error) {
	r := &receiver{store: s, secret: secret, loc: loc, out: out}
	return r, readJSON(ctx, s, toolKey, &r.state)
}

// ServeHTTP takes a message.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		http.Error(w, "the message is too long or was cut off", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := notify.Verify([]notify.Secret{r.secret}, request.Header, body, time.Now(), 0)
	if err != nil {
		r.state.Refused++
		http.Error(w, "the message is not signed as it should be", http.StatusUnauthorized)
		return
	}
	var m notify.Message
	if err := json.Unmarshal(body, &m); err != nil {
		r.state.Refused++
		http.Error(w, "there are no notices in the message", http.StatusBadRequest)
		return
	}
	next := r.state
	next.Messages++
	notices := m.After(next.Last) // those before are known: a message can come twice
	lines := []string{fmt.Sprintf("webhook %s, signature verified, notices: %d", id, len(notices))}
	if len(notices) == 0 {
		next.Repeated++
		lines[0] = fmt.Sprintf("webhook %s, signature verified, has come before", id)
	} else {
		next.Last = notices[len(notices)-1].Number
		next.Notices += len(notices)
	}
	for _, n := range notices[:min(maxShown, len(notices))] {
		lines = append(lines, "  "+r.does(n))
	}
	if n := len(notices) - maxShown; n > 0 {
		lines = append(lines, fmt.Sprintf("  ... and %d more", n))
	}
	for _, line := range lines {
		fmt.Fprintln(r.out, line)
	}
	all := slices.Concat(next.Lines, lines)
	next.Lines = all[max(0, len(all)-maxLines):]
	if err := writeJSON(request.Context(), r.store, toolKey, next); err != nil {
		log.Printf("audience: campaign tool: %v", err)
		http.Error(w, "the message could not be kept", http.StatusServiceUnavailable)
		return
	}
	r.state = next
}

// does returns what a campaign tool would do about a notice.
func (r *receiver) does(n segment.Notice) string {
	verb := "take %s off the list %s"
	if n.Entered {
		verb = "put %s on the list %s"
	}
	return fmt.Sprintf("%d. "+verb+", %s, by %s (%s)", n.Number, nameOf(n.Customer), n.Segment,
		n.At.In(r.loc).Format("2006-01-02 15:04"), n.Cause, n.Cause.Chinese())
}

// seen returns what there is until now.
func (r *receiver) seen() received {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state
	state.Lines = slices.Clone(state.Lines)
	return state
}

// nameOf returns the customer as requests name him.
func nameOf(id customer.ID) string {
	if number, ok := customer.ToInt64(id); ok {
		return strconv.FormatInt(number, 10)
	}
	if text, ok := customer.ToString(id); ok {
		return text
	}
	return id.String()
}
