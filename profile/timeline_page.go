package profile

import (
	"container/heap"
	"context"
	"errors"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A begunLog is a log with pages, and its head as of which the runs are.
type begunLog struct {
	atom customer.AtomID
	head *head
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

func (r *run) time() int64 {
	if r.closed {
		return r.first
	}
	return r.entries[0].time
}
