package profile

import (
	"bytes"
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// A page is customers that are folded together, ascending by id, each once.
type page struct {
	jobs   []job
	layout *layout    // by which they were prepared
	follow *position  // nil: none of them waits
	refold *refolding // nil unless all are to be folded, whether they wait or are due or not
	lost   int        // attempts in a row that came to nothing, mostly as others were ahead
}

// A job is a customer to be looked at.
type job struct {
	id    customer.ID
	marks []int64 // times of marks that say that the row is due
	// What was read, and by which schema it was folded.
	schema       *inForce
	wait, stored store.Version
	before       *row // as it is stored; nil: there is none
	// What follows.
	fold  bool // it was to be folded anew
	after *row // nil: it has none any more
	data  []byte
}

// readJob reads the key of a mark, or of a customer.
func readJob(k []byte) (j job, err error) {
	if j.id, err = nameOf(k); err != nil {
		return j, err
	}
	if bytes.HasPrefix(k, key('d')) {
		mark, err := dueTime(k)
		if err != nil {
			return j, err
		}
		j.marks = []int64{mark}
	}
	return j, nil
}

// order brings the jobs in order and makes those of a customer one.
func (pg *page) order() {
	slices.SortStableFunc(pg.jobs, func(a, b job) int { return compareIDs(a.id, b.id) })
	n := 0
	for i := range pg.jobs {
		if n > 0 && pg.jobs[n-1].id == pg.jobs[i].id {
			pg.jobs[n-1].marks = append(pg.jobs[n-1].marks, pg.jobs[i].marks...)
			continue
		}
		pg.jobs[n] = pg.jobs[i]
		n++
	}
	pg.jobs = pg.jobs[:n]
}

// prepare reads what the jobs need and folds those customers that wait, or are due, or all.
// What was folded before and has not changed since is not folded again.
//
// Whatever changes the evidence or the atoms of a customer renews the mark of waiting in the
// same commit. So where the mark, read first, is still the same when the row is committed,
// the row was made of what there is. While the changes of the feed are followed, one may have
// been taken in on one side only: customers that wait are committed under the condition
// that it was followed to an end and not further.
func (y *syncing) prepare(ctx context.Context, pg *page) (err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	defer func() {
		if err != nil { // what is half done is not taken for done if it is tried again
			for i := range pg.jobs {
				pg.jobs[i].schema = nil
			}
		}
	}()
	f, err := y.p.current(ctx)
	if err != nil {
		return err
	}
	if err := y.columns(ctx, f); err != nil {
		return err
	}
	if pg.layout == nil || pg.layout.inForce != f {
		pg.layout = y.p.layout(f)
	}
	entries, held, err := y.look(ctx, pg)
	if err != nil {
		return err
	}
	if pg.lost >= mostLost {
		entries = pg.leaveBusy(entries)
	}
	var todo []*job
	for i := range pg.jobs {
		j := &pg.jobs[i]
		wait, stored, state := entries[3*i], entries[3*i+1], entries[3*i+2]
		if j.schema == f && j.wait == wait.Version && j.stored == stored.Version {
			continue
		}
		*j = job{id: j.id, marks: j.marks, wait: wait.Version, stored: stored.Version}
		if j.before, err = readRow(stored); err != nil {
			return err
		}
		waits := j.wait != 0
		if waits && held {
			continue
		}
		j.schema = f
		if !waits && pg.refold == nil && (j.before == nil || j.before.due > y.at) {
			continue
		}
		lives := false
		if state.Version != 0 {
			w, err := readWhereabouts(state.Value)
			if err != nil {
				return err
			}
			t, ok := w.at(never)
			lives = ok && t.now == live && w.atoms > 0
		}
		if lives {
			todo = append(todo, j)
		}
		j.fold = lives || waits || j.before != nil
	}
	return y.fold(ctx, pg, todo)
}

// mostLost is after how many attempts in a row that came to nothing nobody is waited for.
const mostLost = 2

// leaveBusy takes those out of the page of whom something else has been added since they were
// read last, and what was read of them out of entries. They wait on: whoever is added to all
// the time must not keep the others from being folded.
func (pg *page) leaveBusy(entries []store.Entry) []store.Entry {
	n := 0
	for i, j := range pg.jobs {
		if j.schema == nil || j.wait == entries[3*i].Version {
			pg.jobs[n] = j
			n += copy(entries[3*n:], entries[3*i:3*i+3]) / 3
		}
	}
	pg.jobs = pg.jobs[:n]
	return entries[:3*n]
}

// look reads the marks of waiting, the rows and the whereabouts of the customers of a page,
// and in front of all how far the feed has been followed. held tells that those who wait
// must wait on, as what follows the feed has stopped between and is not known here.
func (y *syncing) look(ctx context.Context, pg *page) (entries []store.Entry, held bool, err error) {
	keys := make([][]byte, 1, 1+3*len(pg.jobs))
	keys[0] = []byte(followKey)
	for i := range pg.jobs {
		id := pg.jobs[i].id
		keys = append(keys, waitKey(id), rowKey(id), customerKey(id))
	}
	for {
		entries, err := y.p.s.Get(ctx, keys...)
		if err != nil {
			return nil, false, err
		}
		at, err := readPosition(entries[0])
		if err != nil {
			return nil, false, err
		}
		entries, pg.follow = entries[1:], nil
		for i := 0; i < len(entries) && pg.follow == nil; i += 3 {
			if entries[i].Version != 0 {
				pg.follow = at
			}
		}
		switch {
		case pg.follow == nil || at.settled():
			return entries, false, nil
		case y.feed == nil:
			pg.follow = nil
			return entries, true, nil
		}
		if err := y.follow(ctx); err != nil {
			return nil, false, err
		}
	}
}

// fold makes the rows of customers, ascending by id, who have atoms.
func (y *syncing) fold(ctx context.Context, pg *page, todo []*job) error {
	const part = 32 // customers whose atoms are read together
	ids := make([]customer.ID, len(todo))
	for i, j := range todo {
		ids[i] = j.id
	}
	atoms, err := y.p.atomsOf(ctx, ids)
	if err != nil {
		return err
	}
	parts := (len(todo) + part - 1) / part
	errs := make([]error, parts)
	parallel.Ranges(parallel.Workers(y.p.o.Workers), len(todo), parts, func(part, lo, hi int) {
		errs[part] = y.foldPart(ctx, pg, todo[lo:hi], atoms[lo:hi])
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (y *syncing) foldPart(ctx context.Context, pg *page, todo []*job, atoms [][]customer.AtomID) error {
	l := pg.layout
	// Together those that are as of the same moment: nearly always all.
	for len(todo) > 0 {
		n, m := 0, moment{at: y.moment(pg, todo[0]), known: never}
		var ids []customer.AtomID
		for n < len(todo) && y.moment(pg, todo[n]) == m.at {
			ids = append(ids, atoms[n]...)
			n++
		}
		loaded, err := y.p.load(ctx, l.inForce, ids, m)
		if err != nil {
			return err
		}
		for i := range loaded {
			if paged := loaded[i].paged; paged != nil && paged.head != nil {
				if err := y.p.keep(ctx, l.inForce, paged); err != nil {
					return err
				}
			}
		}
		for i, j := range todo[:n] {
			of := len(atoms[i])
			j.after, j.data = l.shrink(j.id, l.row(l.fold(loaded[:of:of], m), m.at))
			loaded = loaded[of:]
		}
		todo, atoms = todo[n:], atoms[n:]
	}
	return nil
}

// moment is what the row will be as of: not of an earlier time than it was, unless all are
// folded, so that there is a way back from a time that was wrong.
func (y *syncing) moment(pg *page, j *job) int64 {
	if j.before != nil && pg.refold == nil {
		return max(y.at, j.before.at)
	}
	return y.at
}

// columns has the store know what columns rows have under a schema, before they are there.
func (y *syncing) columns(ctx context.Context, f *inForce) error {
	if y.known == f {
		return nil
	}
	l := y.p.layout(f)
	err := y.p.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		entries, err := y.p.s.Get(ctx, []byte(rowsKey))
		if err != nil {
			return nil, err
		}
		ever, err := readEver(entries[0])
		if err != nil {
			return nil, err
		}
		all, more := l.with(ever)
		if !more {
			return nil, nil
		}
		b := new(store.Batch)
		b.If([]byte(rowsKey), entries[0].Version)
		b.Put([]byte(rowsKey), encodeEver(all))
		return b, nil
	})
	if err == nil {
		y.known = f
	}
	return err
}

// atomsOf returns the atoms that each of some customers, ascending, has now. Mergers are not
// followed. Cost: one scan where they are neighbours, and one for each where they are not.
func (p *Profiles) atomsOf(ctx context.Context, ids []customer.ID) ([][]customer.AtomID, error) {
	const most = 16 // keys of others that are read on the way to the next
	atoms := make([][]customer.AtomID, len(ids))
	for i := 0; i < len(ids); {
		r := store.Range{From: key('m', ids[i][:]), To: store.Under(key('m', ids[len(ids)-1][:])).To}
		others, ended := 0, true
		for e, err := range p.s.Scan(ctx, r) {
			if err != nil {
				return nil, err
			}
			id, a, err := memberName(e.Key)
			if err != nil {
				return nil, err
			}
			for i < len(ids) && compareIDs(ids[i], id) < 0 {
				i++
			}
			if i == len(ids) {
				break
			}
			if ids[i] != id {
				if others++; others > most {
					ended = false
					break
				}
				continue
			}
			others = 0
			m, err := readMember(e.Value)
			if err != nil {
				return nil, err
			}
			if m.has() {
				atoms[i] = append(atoms[i], a)
			}
		}
		if ended {
			break
		}
	}
	return atoms, nil
}
