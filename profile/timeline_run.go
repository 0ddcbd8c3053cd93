package profile

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A merging makes one sequence of runs: it is a heap of them. Not safe for concurrent use.
type merging struct {
	*bound
	m          moment
	from, to   int64 // unix microseconds
	since      int64 // events before are beyond retention
	events     map[uint32]bool
	statements bool
	reverse    bool
	whole      bool // all that is kept is asked for, whatever it is
	limit      int
	after      *spot
	runs       []*run
	logs       []begunLog // that have pages
	kept       int        // bytes of pages in runs
	ahead      int        // pages that are read together
	room       []byte     // for values that are opened
	last       spot       // of what next returned last, if any since it began
	any        bool
	lost       int // how often it began anew without any
}

// A begunLog is a log with pages, and its head as of which the runs are.
type begunLog struct {
	atom customer.AtomID
	head *head
}

// A spot is where an entry stands in every timeline.
type spot struct {
	time int64
	atom customer.AtomID
	id   string
}

func (p *spot) compare(q *spot) int {
	return cmp.Or(cmp.Compare(p.time, q.time), compareAtoms(p.atom, q.atom), strings.Compare(p.id, q.id))
}

// A run is what is wanted of a page or of the tail of an atom, in the order that is wanted.
type run struct {
	atom    customer.AtomID
	within  *portion // of a stream; nil: all of the log
	lock    *lock    // nil: nothing is sealed
	entries []entry
	// Of a page whose entries have not been decoded: its number and version; a time that none of
	// what is wanted of them comes before; what the page is, if it is there already; and the page
	// that mostly comes next.
	closed  bool
	page    int
	version store.Version
	first   int64
	there   bool
	data    []byte
	next    *run
}

const (
	keptBytes = 256 << 10 // of pages that are kept when their times are read
	mostAhead = 16        // pages that are read together later
)

// timeline makes a query ready.
func (b *bound) timeline(q *TimelineQuery, m moment) (*merging, error) {
	if q == nil {
		q = new(TimelineQuery)
	}
	t := &merging{
		bound: b, m: m, from: math.MinInt64, to: math.MaxInt64, since: b.retained(m),
		events: make(map[uint32]bool), statements: q.Statements, reverse: q.Reverse, limit: q.Limit,
	}
	if !q.Since.IsZero() {
		if !civil.InYears(q.Since) {
			return nil, &InputError{-1, "since", "is not in years 1 to 9999"}
		}
		t.from = q.Since.UnixMicro()
	}
	if !q.Until.IsZero() {
		if !civil.InYears(q.Until) {
			return nil, &InputError{-1, "until", "is not in years 1 to 9999"}
		}
		t.to = q.Until.UnixMicro()
	}
	for _, number := range b.eventNumbers {
		t.events[number] = q.Events == nil
	}
	for _, name := range q.Events {
		number := b.event(name)
		if number == 0 {
			return nil, &InputError{-1, "events", "has a name that is not in the schema"}
		}
		t.events[number] = true
	}
	if q.Limit < 0 {
		return nil, &InputError{-1, "limit", "is negative"}
	}
	if q.After != "" {
		var err error
		if t.after, err = parseSpot(q.After); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (p *spot) String() string {
	w := wire.New("profile/position", 1)
	w.Int(p.time)
	w.Bytes(p.atom[:])
	w.Text(p.id)
	return base64.RawURLEncoding.EncodeToString(w.Data())
}

func parseSpot(s string) (*spot, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	r := wire.Read(data)
	r.Expect("profile/position", 1)
	p := &spot{r.Int(), customer.AtomID(readID(r)), r.Text()}
	if err != nil || r.Close() != nil || p.id == "" {
		return nil, &InputError{-1, "after", "is not the position of an entry"}
	}
	return p, nil
}

// wants tells whether the entry of an atom is asked for.
func (t *merging) wants(a customer.AtomID, e *entry, within *portion) bool {
	if within != nil && !within.has(e) {
		return false
	}
	if !t.whole && (!e.counts(t.m) || e.time < t.from || e.time >= t.to || t.role(e.source).what != aSource) {
		return false
	}
	if !t.whole && (e.event == 0 && !t.states(e) || e.event != 0 && (e.time < t.since || !t.events[e.event])) {
		return false
	}
	if t.after == nil {
		return true
	}
	c := t.after.compare(&spot{e.time, a, e.id})
	return c < 0 && !t.reverse || c > 0 && t.reverse
}

// states tells whether statements are asked for and this one is of a trait that there is.
func (t *merging) states(e *entry) bool {
	return t.statements && slices.ContainsFunc(e.values, func(v numbered) bool { return t.role(v.number).what == aTrait })
}

// choose returns those of the entries of an atom that are wanted, in order, of a stream those
// of a portion. It changes entries.
func (t *merging) choose(a customer.AtomID, entries []entry, within *portion) []entry {
	entries = slices.DeleteFunc(entries, func(e entry) bool { return !t.wants(a, &e, within) })
	slices.SortFunc(entries, func(e, f entry) int {
		c := compareEntries(&e, &f)
		if t.reverse {
			return -c
		}
		return c
	})
	return entries
}

// begin reads where the runs of atoms begin.
func (t *merging) begin(ctx context.Context, p *Profiles, f *inForce, atoms []customer.AtomID) error {
	heads, err := p.heads(ctx, atoms)
	if err != nil {
		return err
	}
	keys, err := p.locks(ctx, f, atoms, heads)
	if err != nil {
		return err
	}
	var slices []sliceName
	for i, h := range heads {
		if err := t.beginLog(ctx, p, atoms[i], h, keys.of(i), nil); err != nil {
			return err
		}
		if h.stream != (customer.AtomID{}) && !h.erased {
			slices = append(slices, sliceName{h.stream, h.from, atoms[i]})
		}
	}
	portions, err := p.portions(ctx, slices, t.m.known)
	if err != nil {
		return err
	}
	if keys, err = p.lockPortions(ctx, f, slices, portions); err != nil {
		return err
	}
	for i := range portions {
		if err := t.beginLog(ctx, p, portions[i].stream, portions[i].head, keys.of(i), &portions[i]); err != nil {
			return err
		}
	}
	return t.begun(ctx, p)
}

// begun has the runs ready, unless one of the logs was written anew while they were read.
func (t *merging) begun(ctx context.Context, p *Profiles) error {
	heap.Init(t)
	if len(t.logs) == 0 {
		return nil
	}
	ids := make([]customer.AtomID, len(t.logs))
	for i, l := range t.logs {
		ids[i] = l.atom
	}
	now, err := p.heads(ctx, ids)
	if err != nil {
		return err
	}
	for i, l := range t.logs {
		if !l.head.lasts(now[i], false) {
			return errRewritten
		}
	}
	return nil
}

// errRewritten says that pages were written anew since their log was begun: what was in one of
// them can be in one by now that there was not then. The walk has to begin anew.
var errRewritten = errors.New("profile: pages were written anew")

// again has the walk ready to begin anew after the last entry.
func (t *merging) again() error {
	if t.lost++; t.any {
		after := t.last
		t.after, t.any, t.lost = &after, false, 0
	}
	if t.lost > mostUnknown {
		return errRestless
	}
	t.runs, t.logs, t.kept, t.ahead = nil, nil, 0, 0
	return nil
}

// beginLog reads where the runs of an atom, or of a portion of a stream, begin.
func (t *merging) beginLog(ctx context.Context, p *Profiles, a customer.AtomID, h *head, l *lock, within *portion) error {
	entries, err := readEntries(h.tail)
	if err != nil {
		return err
	}
	if entries = t.choose(a, entries, within); len(entries) > 0 {
		t.runs = append(t.runs, &run{atom: a, within: within, lock: l, entries: entries})
	}
	some := h.pages > 0
	if within != nil {
		some, _ = within.inPages()
	}
	if some && h.latest >= t.earliest() {
		t.logs = append(t.logs, begunLog{a, h})
		return t.beginPages(ctx, p, a, h.pages, l, within)
	}
	return nil
}

// earliest is a time before which nothing is wanted.
func (t *merging) earliest() int64 {
	at := t.from
	if !t.statements {
		at = max(at, t.since)
	}
	if t.after != nil && !t.reverse {
		at = max(at, t.after.time)
	}
	return at
}

// latest is a time after which nothing is wanted.
func (t *merging) latest() int64 {
	at := min(t.m.at, t.to-1)
	if t.after != nil && t.reverse {
		at = min(at, t.after.time)
	}
	return at
}

// beginPages reads of what times the pages of an atom are that were there when its head was
// read.
func (t *merging) beginPages(ctx context.Context, p *Profiles, a customer.AtomID, pages int, l *lock, within *portion) error {
	earliest, latest := t.earliest(), t.latest()
	if within != nil {
		earliest, latest = max(earliest, within.from), min(latest, within.until-1)
	}
	var before *run
	r := store.Range{From: pageKey(a, 0), To: pageKey(a, pages+1), Reverse: t.reverse}
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return err
		}
		_, n, err := readPageKey(e.Key)
		if err != nil {
			return err
		}
		first, last, err := spanOf(e.Value)
		if err != nil {
			return err
		}
		if last < earliest || first > latest {
			continue
		}
		r := &run{atom: a, within: within, lock: l, closed: true, page: n, version: e.Version, first: max(first, earliest)}
		if t.reverse {
			r.first = min(last, latest)
		}
		if t.kept += len(e.Value); t.kept <= keptBytes {
			r.there, r.data = true, e.Value
		}
		if before != nil {
			before.next = r
		}
		before = r
		t.runs = append(t.runs, r)
	}
	return nil
}

// open decodes the entries of a run.
func (t *merging) open(ctx context.Context, p *Profiles, r *run) error {
	if !r.there {
		if err := t.fetch(ctx, p, r); err != nil {
			return err
		}
	}
	entries, err := readEntries(r.data)
	r.entries, r.closed, r.data = t.choose(r.atom, entries, r.within), false, nil
	return err
}

// fetch reads the page of a run, and the more of those that come next the more were read
// before.
func (t *merging) fetch(ctx context.Context, p *Profiles, r *run) error {
	t.ahead = min(max(2*t.ahead, 1), mostAhead)
	var runs []*run
	var keys [][]byte
	for n := 0; r != nil && n < t.ahead; n, r = n+1, r.next {
		if r.closed && !r.there {
			runs, keys = append(runs, r), append(keys, pageKey(r.atom, r.page))
		}
	}
	pages, err := p.s.Get(ctx, keys...)
	if err != nil {
		return err
	}
	for i, r := range runs {
		if pages[i].Version != r.version {
			return errRewritten
		}
		r.there, r.data = true, pages[i].Value
	}
	return nil
}

// next returns the next entry and its atom; nil at the end. It is the caller's until the
// call after. After errRewritten and again it goes on once the logs were begun anew.
func (t *merging) next(ctx context.Context, p *Profiles) (customer.AtomID, *entry, error) {
	for len(t.runs) > 0 {
		r := t.runs[0]
		if r.closed {
			if err := t.open(ctx, p, r); err != nil {
				return r.atom, nil, err
			}
			t.settle()
			continue
		}
		e := &r.entries[0]
		r.entries = r.entries[1:]
		t.settle()
		t.last, t.any = spot{e.time, r.atom, e.id}, true
		if r.lock != nil {
			var err error
			t.room, err = r.lock.open(e, t.room)
			return r.atom, e, err
		}
		return r.atom, e, nil
	}
	return customer.AtomID{}, nil, nil
}

// settle puts the first run in its place, or away at its end.
func (t *merging) settle() {
	if len(t.runs[0].entries) == 0 {
		heap.Pop(t)
	} else {
		heap.Fix(t, 0)
	}
}

// Len, Less, Swap, Push and Pop are those of heap.Interface.
func (t *merging) Len() int      { return len(t.runs) }
func (t *merging) Swap(i, j int) { t.runs[i], t.runs[j] = t.runs[j], t.runs[i] }
func (t *merging) Push(x any)    { t.runs = append(t.runs, x.(*run)) }

func (t *merging) Pop() any {
	last := t.runs[len(t.runs)-1]
	t.runs = t.runs[:len(t.runs)-1]
	return last
}

// Less puts a run that has not been read before all it can be equal to.
func (t *merging) Less(i, j int) bool {
	r, s := t.runs[i], t.runs[j]
	if t.reverse {
		r, s = s, r
	}
	c := cmp.Or(cmp.Compare(r.time(), s.time()), compareAtoms(r.atom, s.atom))
	switch {
	case c != 0:
		return c < 0
	case t.runs[i].closed || t.runs[j].closed:
		return t.runs[i].closed
	}
	return r.entries[0].id < s.entries[0].id
}

func (r *run) time() int64 {
	if r.closed {
		return r.first
	}
	return r.entries[0].time
}

// show makes an entry of an atom readable.
func (b *bound) show(a customer.AtomID, e *entry) *TimelineEntry {
	source := b.role(e.source).index
	out := &TimelineEntry{
		Time: microTime(e.time), Learned: microTime(e.learned), Atom: a, Evidence: e.id, Verified: e.verified,
	}
	out.Source, _ = b.sourceValues[source].Text()
	out.Channel, _ = b.channelValues[source].Text()
	type placed struct {
		at    int32 // in the schema
		field customer.Field
	}
	var values []placed
	for _, v := range e.values {
		switch r := b.role(v.number); {
		case e.event == 0 && r.what == aTrait:
			values = append(values, placed{r.index, customer.Field{Name: b.Traits[r.index].Name, Value: v.value}})
		case e.event != 0 && r.what == aField:
			values = append(values, placed{r.field, customer.Field{Name: b.Events[r.index].Fields[r.field].Name, Value: v.value}})
		}
	}
	slices.SortFunc(values, func(v, w placed) int { return cmp.Compare(v.at, w.at) })
	for _, v := range values {
		out.Values = append(out.Values, v.field)
	}
	if e.event != 0 {
		out.Event = b.Events[b.role(e.event).index].Name
	}
	return out
}
