package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/store"
)

var historyRules = []Rule{
	{
		Name:  "history/model",
		Does:  "Random sequences of all calls return what a sorted map returns; a failure is shrunk to a short script.",
		Why:   "Mistakes that need three calls in a certain order are in no list of rules.",
		check: func(x *attempt) { x.histories(false) },
	},
	{
		Name: "history/reopened",
		Does: "Random sequences of all calls, with reopenings between them, return what a sorted map returns.",
		Why:  "As without reopenings; recovery has an order of its own.",
		check: func(x *attempt) {
			x.durable()
			x.histories(true)
		},
	},
}

// A call is one step of a random history. Conditions are by age of the version,
// not by its number, so that a shortened history still means something.
type call struct {
	kind       string // get, scan, commit, delete range, reopen
	keys       []string
	r          store.Range
	writes     []store.Write
	conditions []aged
}

// An aged is a condition: on the version now, on absence, or on one from before.
type aged struct {
	key string
	age string // now, absent, stale
}

func (c call) String() string {
	switch c.kind {
	case "get":
		return fmt.Sprintf("Get%q", c.keys)
	case "scan":
		return "Scan " + showRange(c.r)
	case "delete range":
		return "DeleteRange " + showRange(c.r)
	case "commit":
		parts := []string{"Commit"}
		for _, k := range c.conditions {
			parts = append(parts, fmt.Sprintf("if %q %s", k.key, k.age))
		}
		for _, w := range c.writes {
			if w.Delete {
				parts = append(parts, fmt.Sprintf("delete %q", w.Key))
			} else {
				parts = append(parts, fmt.Sprintf("put %q %s", w.Key, show(w.Value)))
			}
		}
		return strings.Join(parts, " ")
	}
	return c.kind
}

var historyKeys = []string{"\x00", "\x00\x00", "a", "a\x00", "a\x00\xff", "a\xff", "aa", "b", "b\x00", "\xff", "\xff\x00", "\xff\xff"}

func randomCall(random *rand.Rand, reopen, deleter bool) call {
	key := func() string { return historyKeys[random.IntN(len(historyKeys))] }
	bounds := func() (r store.Range) {
		if random.IntN(4) > 0 {
			r.From = []byte(key())
		}
		if random.IntN(4) > 0 {
			r.To = []byte(key())
		}
		return r
	}
	c := call{kind: "commit"}
	switch n := random.IntN(40); {
	case n < 6:
		c.kind = "get"
		for range 1 + random.IntN(4) {
			c.keys = append(c.keys, key())
		}
	case n < 16:
		c.kind, c.r = "scan", bounds()
		c.r.Reverse = random.IntN(2) == 0
		c.r.Limit = max(0, random.IntN(6)-2)
	case n == 16 && deleter:
		c.kind, c.r = "delete range", bounds()
	case n == 17 && reopen:
		c.kind = "reopen"
	default:
		for i := range 1 + random.IntN(4) {
			k := key()
			if slices.ContainsFunc(c.writes, func(w store.Write) bool { return string(w.Key) == k }) {
				continue
			}
			w := store.Write{Key: []byte(k), Delete: random.IntN(3) == 0}
			if !w.Delete {
				w.Value = fmt.Appendf(nil, "%d", random.IntN(100))[:random.IntN(2)+i%2]
			}
			c.writes = append(c.writes, w)
		}
		for range max(0, random.IntN(5)-2) {
			k := key()
			if !slices.ContainsFunc(c.conditions, func(a aged) bool { return a.key == k }) {
				c.conditions = append(c.conditions, aged{k, []string{"now", "now", "now", "absent", "stale"}[random.IntN(5)]})
			}
		}
	}
	return c
}

// A model is what a store holds, in a plain way.
type model struct {
	entries map[string]store.Entry
	old     map[string][]store.Version // all that a key ever had
}

// run makes the calls on a store in a new directory and returns the first
// disagreement with the model, and how many calls were made up to it.
func (x *attempt) runHistory(calls []call) (n int, err error) {
	dir := x.dir()
	s, err := x.open(x.ctx, dir)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer func() { s.Close() }()
	m := &model{entries: map[string]store.Entry{}, old: map[string][]store.Version{}}
	for i, c := range calls {
		x.doing("in a random history, at %v", c)
		if c.kind == "reopen" {
			if err := s.Close(); err != nil {
				return i + 1, fmt.Errorf("closing: %w", err)
			}
			if s, err = x.open(x.ctx, dir); err != nil {
				return i + 1, fmt.Errorf("open: %w", err)
			}
			c = call{kind: "scan"}
		}
		if err := m.step(x.ctx, s, c); err != nil {
			return i + 1, err
		}
	}
	return len(calls), m.step(x.ctx, s, call{kind: "scan"})
}

// step makes one call and compares.
func (m *model) step(ctx context.Context, s store.Store, c call) error {
	switch c.kind {
	case "get":
		var keys [][]byte
		var want []store.Entry
		for _, k := range c.keys {
			keys = append(keys, []byte(k))
			e := m.entries[k]
			e.Key = []byte(k)
			want = append(want, e)
		}
		got, err := s.Get(ctx, keys...)
		return differ(got, want, err)
	case "scan":
		got, err := collect(s.Scan(ctx, c.r))
		return differ(got, m.rangeOf(c.r), err)
	case "delete range":
		deleter, ok := store.As[store.RangeDeleter](s)
		if !ok {
			return errors.New("the store deletes ranges no more")
		}
		if err := deleter.DeleteRange(ctx, c.r); err != nil {
			return err
		}
		for _, e := range m.rangeOf(c.r) {
			delete(m.entries, string(e.Key))
		}
		return nil
	}
	return m.commit(ctx, s, c)
}

func (m *model) commit(ctx context.Context, s store.Store, c call) error {
	b := &store.Batch{Writes: c.writes}
	holds := true
	for _, a := range c.conditions {
		now := m.entries[a.key].Version
		v := now
		switch old := m.old[a.key]; {
		case a.age == "absent":
			v = 0
		case a.age == "stale" && len(old) > 0:
			v = old[len(old)/2]
		}
		holds = holds && v == now
		b.If([]byte(a.key), v)
	}
	v, err := s.Commit(ctx, b)
	for range 10 { // the database may give way to what it does itself
		if !holds || !errors.Is(err, store.ErrConflict) {
			break
		}
		v, err = s.Commit(ctx, b)
	}
	switch {
	case !holds && errors.Is(err, store.ErrConflict):
		return nil
	case !holds:
		return fmt.Errorf("returned error %v, want %w", err, store.ErrConflict)
	case err != nil:
		return fmt.Errorf("returned error %w, but all conditions hold", err)
	}
	for _, w := range c.writes {
		k := string(w.Key)
		if w.Delete {
			delete(m.entries, k)
			continue
		}
		if slices.Contains(m.old[k], v) {
			return fmt.Errorf("returned version %d of key %q, which had it before", v, k)
		}
		m.old[k] = append(m.old[k], v)
		m.entries[k] = store.Entry{Key: w.Key, Value: w.Value, Version: v}
	}
	return nil
}

// rangeOf is what a scan is to yield.
func (m *model) rangeOf(r store.Range) (list []store.Entry) {
	for k, e := range m.entries {
		if k >= string(r.From) && (len(r.To) == 0 || k < string(r.To)) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b store.Entry) int {
		if r.Reverse {
			a, b = b, a
		}
		return strings.Compare(string(a.Key), string(b.Key))
	})
	if r.Limit > 0 && r.Limit < len(list) {
		list = list[:r.Limit]
	}
	return list
}

func differ(got, want []store.Entry, err error) error {
	if err != nil {
		return err
	}
	same := func(a, b store.Entry) bool {
		return string(a.Key) == string(b.Key) && string(a.Value) == string(b.Value) && a.Version == b.Version
	}
	if slices.EqualFunc(got, want, same) {
		return nil
	}
	text := func(list []store.Entry) string {
		var parts []string
		for _, e := range list {
			parts = append(parts, fmt.Sprintf("%q: %s version %d", e.Key, show(e.Value), e.Version))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Errorf("returned %s\nwant     %s", text(got), text(want))
}

// histories runs random histories, and shrinks the first that fails.
func (x *attempt) histories(reopen bool) {
	probe := x.new()
	_, deleter := store.As[store.RangeDeleter](probe)
	const histories, length = 10, 250
	for i := range histories {
		random := x.random(1000 + uint64(i))
		var calls []call
		for range length {
			calls = append(calls, randomCall(random, reopen, deleter))
		}
		n, err := x.runHistory(calls)
		if err == nil {
			continue
		}
		short, shortErr := shrink(calls[:n], err, x.options.Timeout/4, func(calls []call) error {
			_, err := x.runHistory(calls)
			return err
		})
		var b strings.Builder
		for _, c := range short {
			fmt.Fprintf(&b, "\n\t%v", c)
		}
		x.failf("a random history of %d calls, here shrunk to %d, ends with another result than that of a sorted map:%s\n%v", n, len(short), b.String(), shortErr)
	}
}

// shrink returns a history as short as it can find in the time given that still
// fails, and its error.
func shrink(calls []call, failure error, limit time.Duration, run func([]call) error) ([]call, error) {
	end := time.Now().Add(limit)
	try := func(shorter []call) bool {
		if time.Now().After(end) {
			return false
		}
		err := run(shorter)
		if err == nil {
			return false
		}
		calls, failure = shorter, err
		return true
	}
	for again := true; again; {
		again = false
		// Leave out runs of calls, half of them first.
		for size := max(1, len(calls)/2); size > 0; size /= 2 {
			for at := 0; at+size <= len(calls); {
				if try(slices.Delete(slices.Clone(calls), at, at+size)) {
					again = true
				} else {
					at += size
				}
			}
		}
		// Then parts of calls.
		for i := range calls {
			for _, simpler := range calls[i].simpler() {
				shorter := slices.Clone(calls)
				shorter[i] = simpler
				if try(shorter) {
					again = true
					break
				}
			}
		}
	}
	return calls, failure
}

// simpler are calls with one part less.
func (c call) simpler() (list []call) {
	for i := range c.keys {
		d := c
		d.keys = slices.Delete(slices.Clone(c.keys), i, i+1)
		list = append(list, d)
	}
	for i := range c.writes {
		d := c
		d.writes = slices.Delete(slices.Clone(c.writes), i, i+1)
		list = append(list, d)
		if len(c.writes[i].Value) > 0 {
			d.writes = slices.Clone(c.writes)
			d.writes[i].Value = nil
			list = append(list, d)
		}
	}
	for i := range c.conditions {
		d := c
		d.conditions = slices.Delete(slices.Clone(c.conditions), i, i+1)
		list = append(list, d)
	}
	if c.r.Limit != 0 {
		d := c
		d.r.Limit = 0
		list = append(list, d)
	}
	if c.r.Reverse {
		d := c
		d.r.Reverse = false
		list = append(list, d)
	}
	if len(c.r.From) > 0 {
		d := c
		d.r.From = nil
		list = append(list, d)
	}
	if len(c.r.To) > 0 {
		d := c
		d.r.To = nil
		list = append(list, d)
	}
	return list
}
