package profile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A Summary is what became of evidence. Added, Known and Rejected together are all of it.
// Safe for concurrent reads.
type Summary struct {
	Added    int // new, and now counts, if perhaps without the values set aside
	Known    int // had been added before, or twice in the input
	Rejected int // events set aside as a whole and, of AddMany, evidence refused with an error
	SetAside int // values that were set aside, and required fields that were lacking
}

// Add adds evidence. learned is when we learn of it: what Profiles answer as known before
// does not have it. The order in which evidence is added, by one call or many, makes no
// difference to any profile.
//
// All of the evidence is looked at first. If one is not valid nothing is added, and the
// error is an InputError with its row and field. What fits into one commit of the store,
// mostly a hundred pieces of evidence and more, is added together or not at all. Beyond
// that some may be there and others not when an error comes; adding the same again does
// the rest.
//
// To add what was added before changes nothing, even if other values of it would be set
// aside today. Evidence whose id was used in the atom for something else is ErrReused, if it
// has been retracted ErrRetracted, and if the atom has been erased ErrErased; the errors
// name the row.
//
// Values that the schema does not take are set aside with the reason, where SetAside finds
// them. What was kept of the evidence is what was known then, and does not change: where the
// source corrects a value that was set aside, or the schema comes to take it, Retract the
// evidence and add it under a new id.
//
// An event that lacks a required field is set aside as a whole: nothing of it is kept but
// which fields were lacking. It has no claim to its id: the event as the source corrects it,
// and the same event once a schema takes it, is added under that id as if it came for the
// first time. What SetAside had of it is forgotten then, and remains counted.
//
// Where the outcome of a commit is not known Add finds out, unless ctx ends. Other errors
// are those of the store.
func (p *Profiles) Add(ctx context.Context, learned time.Time, evidence ...Evidence) (Summary, error) {
	micros, err := learnedAt(learned)
	if err != nil {
		return Summary{}, err
	}
	all := make([]given, len(evidence))
	order := make(pack, len(evidence))
	w := wire.New("", 1)
	for i := range evidence {
		all[i] = given{Evidence: &evidence[i], row: i}
		if err := all[i].check(w); err != nil {
			return Summary{}, err
		}
		order[i] = &all[i]
	}
	slices.SortFunc(order, compareGiven)
	a := adding{p: p, learned: micros, strict: true}
	var sum Summary
	f, err := p.current(ctx)
	if err != nil {
		return sum, err
	}
	todo := jobs(order, f.bound, p.s.Limits())
	if len(todo) > 1 { // nothing is added if one is not valid
		if _, err := a.bound(ctx, order); err != nil {
			return sum, err
		}
	}
	for _, job := range todo {
		for _, some := range job {
			if err := a.pack(ctx, some); err != nil {
				return sum, err
			}
			sum.count(some)
		}
	}
	return sum, nil
}

func learnedAt(t time.Time) (micros int64, err error) {
	if !civil.InYears(t) {
		return 0, &InputError{Row: -1, Field: "learned", Reason: "is not in years 1 to 9999"}
	}
	return t.UnixMicro(), nil
}

func compareGiven(a, b *given) int {
	return cmp.Or(compareAtoms(a.Atom, b.Atom), cmp.Compare(a.row, b.row))
}

func compareAtoms(a, b customer.AtomID) int { return bytes.Compare(a[:], b[:]) }

// count adds what became of evidence.
func (s *Summary) count(all pack) {
	for _, g := range all {
		switch {
		case g.verdict == known:
			s.Known++
			continue
		case g.verdict == refused:
			s.Rejected++
			continue
		case g.lacking:
			s.Rejected++
		default:
			s.Added++
		}
		s.SetAside += len(g.aside)
	}
}

const (
	mostRows   = 400       // evidence of one atom in a commit, for which every store has room
	mostBytes  = 256 << 10 // of evidence in a commit
	mostPacked = 1 << 13   // operations that are worth putting into one commit
)

// A pack is evidence for one commit, ascending by atom. It is cut further where it turns
// out not to fit.
type pack []*given

// jobs cuts evidence, ascending by atom, into packs. Those of one job are to be added one
// after the other; different jobs have no atom in common.
func jobs(order pack, b *bound, l store.Limits) [][]pack {
	most, bytes := min(l.Operations*3/4, mostPacked), min(l.BatchBytes/2, 4<<20)
	var all [][]pack
	begin, operations, size := 0, 0, 0 // of a job of whole atoms that has not ended
	var portions []pack
	for n := 0; n < len(order); {
		var of int
		portions, of = portionsOf(order[n:], portions[:0])
		end := n
		for _, p := range portions {
			end += len(p)
		}
		cost := 4 + (end-n)/4 + 2*b.indexed(order[n:end])
		if n > begin && (operations+cost > most || size+of > bytes || len(portions) > 1) {
			all = append(all, []pack{order[begin:n]})
			begin, operations, size = n, 0, 0
		}
		if len(portions) > 1 {
			all = append(all, slices.Clone(portions))
			begin = end
		}
		n, operations, size = end, operations+cost, size+of
	}
	if begin < len(order) {
		all = append(all, []pack{order[begin:]})
	}
	return all
}

// portionsOf cuts the evidence of the first atom into what fits into a commit of every
// store. It appends the portions to those given, and returns the bytes of the last one.
func portionsOf(order pack, portions []pack) (_ []pack, size int) {
	begin, n := 0, 0
	for ; n < len(order) && order[n].Atom == order[0].Atom; n++ {
		g := order[n].size + 64
		if n > begin && (n-begin == mostRows || size+g > mostBytes) {
			portions = append(portions, order[begin:n])
			begin, size = n, 0
		}
		size += g
	}
	return append(portions, order[begin:n]), size
}

// An adding adds evidence. Safe for concurrent use.
type adding struct {
	p       *Profiles
	learned int64
	strict  bool // an error of one is an error of all
}

// mostUnknown is how often the outcome of a commit is looked up before giving up.
const mostUnknown = 16

// pack adds the evidence in one commit, or in several where it does not fit.
func (a *adding) pack(ctx context.Context, all pack) error {
	var err error
	for range mostUnknown {
		err = a.once(ctx, all)
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			break
		}
		for _, g := range all {
			g.tried = g.tried || g.verdict == added
		}
	}
	if !errors.Is(err, store.ErrTooLarge) || len(all) == 1 {
		return err
	}
	half := all.middle()
	if err := a.pack(ctx, all[:half]); err != nil {
		return err
	}
	return a.pack(ctx, all[half:])
}

// atoms is how many there are in a pack.
func (all pack) atoms() int {
	n := 0
	for i := range all {
		if i == 0 || all[i].Atom != all[i-1].Atom {
			n++
		}
	}
	return n
}

// middle is where to cut a pack in two: between two atoms, if there are two.
func (all pack) middle() int {
	half := len(all) / 2
	for off := range half + 1 {
		for _, at := range [2]int{half - off, half + off} {
			if 0 < at && at < len(all) && all[at].Atom != all[at-1].Atom {
				return at
			}
		}
	}
	return half
}

// once adds the evidence in one commit.
func (a *adding) once(ctx context.Context, all pack) error {
	bound := a.bound
	_, err := store.Update(ctx, a.p.s, a.p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		f, err := bound(ctx, all)
		if err != nil {
			return nil, err
		}
		bound = a.rebound
		for {
			b, depends, err := a.build(ctx, f, all)
			if b != nil || !depends {
				return b, err
			}
			// No commit finds that there is another schema by now.
			now, again := a.rebound(ctx, all)
			if again != nil || now == f {
				return nil, cmp.Or(again, err)
			}
			f = now
		}
	})
	return err
}

// bound makes of the evidence what the schema says. As there may be another by now, which
// a commit would find, it is read anew before it refuses something.
func (a *adding) bound(ctx context.Context, all pack) (*inForce, error) {
	f, err := a.p.current(ctx)
	if err != nil || a.bind(f, all) == nil {
		return f, err
	}
	return a.rebound(ctx, all)
}

func (a *adding) rebound(ctx context.Context, all pack) (*inForce, error) {
	f, err := a.p.reread(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.bind(f, all); a.strict && err != nil {
		return nil, err
	}
	return f, nil
}

// bind makes of the evidence what a schema says, unless it has been done. The error is that of
// the first that the schema refuses.
func (a *adding) bind(f *inForce, all pack) (err error) {
	n := 0
	for _, g := range all {
		if g.schema != f {
			n += len(g.fields)
		}
	}
	room := make([]numbered, n)
	for _, g := range all {
		if g.schema != f {
			g.schema = f
			g.invalidated = g.bind(f.bound, a.learned, room[:0:len(g.fields)])
			if g.invalidated == nil && a.p.o.Vault != nil && g.size+g.protected*mostOverhead > mostSealed {
				g.invalidated = g.invalid("values", "is too large once it is sealed")
			}
			room = room[len(g.fields):]
		}
		if err == nil {
			err = g.invalidated
		}
	}
	return err
}

// A logEdit is the log of an atom that is being changed.
type logEdit struct {
	id     customer.AtomID
	head   *head
	lock   *lock        // nil: there is no key, or it is not needed
	made   *store.Batch // of a key that has just been made: what keeps it
	gone   bool         // the key has been destroyed
	slices []lying      // of a stream, in which the rows lie
	rows   pack
	tail   tailWriter // of the head, once rows are taken in
	aside  *aside     // nil: as it is in the head
	edited bool
	dirty  bool // profiles change
}

// build decides about each piece of evidence and returns the batch that adds those that
// are new, nil if none are; depends tells that under another schema of some that is not added
// something else may be decided.
func (a *adding) build(ctx context.Context, f *inForce, all pack) (b *store.Batch, depends bool, err error) {
	atoms := all.atoms()
	edits, ids := make([]logEdit, 0, atoms), make([]customer.AtomID, 0, atoms)
	for rest := all; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Atom == rest[0].Atom {
			n++
		}
		edits = append(edits, logEdit{id: rest[0].Atom, rows: rest[:n]})
		ids = append(ids, rest[0].Atom)
		rest = rest[n:]
	}
	heads, err := a.p.heads(ctx, ids)
	if err != nil {
		return nil, false, err
	}
	for i := range edits {
		edits[i].head = heads[i]
	}
	places, err := a.p.places(ctx, edits)
	if err != nil {
		return nil, false, err
	}
	b = &store.Batch{Writes: make([]store.Write, 0, atoms), Conditions: make([]store.Condition, 0, atoms+1)}
	changed := make(tenants)
	for i := range edits {
		if err := edits[i].divide(ctx, a.p); err != nil {
			return nil, false, err
		}
	}
	if err := a.p.unlock(ctx, f, edits, places); err != nil {
		return nil, false, err
	}
	t := &taking{p: a.p, f: f, b: b, places: places, of: changed}
	for i := range edits {
		e := &edits[i]
		for _, g := range e.rows {
			if err := e.take(g, t); err != nil {
				return nil, false, err
			}
			if a.strict && g.err != nil {
				return nil, t.depends, g.err
			}
		}
		if !e.head.keyed { // nothing was sealed: a key that was made is not kept
			e.lock = nil
		}
	}
	if err := a.p.turn(ctx, f, edits, b); err != nil {
		return nil, false, err
	}
	waiting, edited := make(map[customer.ID]bool), make(map[customer.AtomID]bool)
	for i := range edits {
		edits[i].write(b, waiting)
		if err := a.p.index(ctx, f, &edits[i], b); err != nil {
			return nil, false, err
		}
		if len(changed) > 0 && edits[i].edited {
			edited[edits[i].id] = true
		}
	}
	if len(b.Writes) == 0 {
		return nil, t.depends, nil
	}
	if err := changed.wait(ctx, a.p, b, edited, waiting); err != nil {
		return nil, false, err
	}
	b.If([]byte(schemaKey), f.read)
	return b, false, nil
}

// A paged is an id in the pages of an atom.
type paged struct {
	atom customer.AtomID
	id   idHash
}

// places looks up which of the evidence is in pages.
func (p *Profiles) places(ctx context.Context, edits []logEdit) (map[paged]contentSum, error) {
	var keys [][]byte
	var names []paged
	for _, e := range edits {
		for _, g := range e.rows {
			if e.head.outside && e.head.find(g.hash) < 0 {
				keys = append(keys, entryKey(e.id, g.hash))
				names = append(names, paged{e.id, g.hash})
			}
		}
	}
	entries, err := p.read(ctx, keys)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	sums := make(map[paged]contentSum)
	for i, e := range entries {
		_, sum, found, err := readPlace(e)
		if err != nil {
			return nil, err
		}
		if found {
			sums[names[i]] = sum
		}
	}
	return sums, nil
}

// divide looks up, of a stream, the slices in which the rows lie.
func (e *logEdit) divide(ctx context.Context, p *Profiles) (err error) {
	if !e.head.divided {
		return nil
	}
	first, last := never, -never
	for _, g := range e.rows {
		if g.invalidated == nil {
			first, last = min(first, g.e.time), max(last, g.e.time)
		}
	}
	if first <= last {
		e.slices, err = p.slicesFrom(ctx, e.id, first, last)
	}
	return err
}

// A taking is a commit that takes evidence in.
type taking struct {
	p      *Profiles
	f      *inForce
	b      *store.Batch
	places map[paged]contentSum // ids that are in pages
	of     tenants              // slices of streams in which what is taken in lies
	// depends: nothing is written of some evidence whose id has been used, and that would be if the
	// schema took more or less of it.
	depends bool
}

// sum returns what stands for the evidence that has the id, and its place if that is in the head.
func (e *logEdit) sum(g *given, places map[paged]contentSum) (sum contentSum, at int, found bool) {
	if at = e.head.find(g.hash); at >= 0 {
		return e.head.sum(at), at, true
	}
	sum, found = places[paged{e.id, g.hash}]
	return sum, at, found
}

// take decides about evidence and, if it is new, takes it into the head.
func (e *logEdit) take(g *given, t *taking) error {
	refuse := func(err error) {
		g.verdict, g.err = refused, fmt.Errorf("%w: row %d", err, g.row)
	}
	g.verdict, g.err = known, nil
	if g.invalidated != nil {
		g.verdict, g.err = refused, g.invalidated
		return nil
	}
	slice, erased := sliceOf(e.slices, g.e.time, g.e.learned)
	if erased || e.head.erased || e.gone {
		refuse(ErrErased)
		return nil
	}
	sum, at, found := e.sum(g, t.places)
	same := found && g.says(sum, e.lock)
	free := found && sum.void() && !(g.lacking && same)
	switch {
	case found && sum == contentSum{}:
		refuse(ErrRetracted)
		return nil
	case free:
	case found && g.lacking && !same: // what has the id has it
	case found && !same:
		t.depends = true
		refuse(ErrReused)
		return nil
	case found && g.tried:
		g.verdict = added
		return nil
	case found:
		t.depends = t.depends || sum.void()
		return nil
	}
	g.verdict = added
	said := g.sum
	if g.secret() && t.p.o.Vault != nil {
		e.keep(t.b)
		said = g.sumUnder(e.lock)
	}
	if g.lacking {
		said[sumSize-1] |= voidBit
	}
	if !e.edited {
		e.edited = true
		e.head.marks = slices.Grow(e.head.marks, markSize*len(e.rows))
	}
	if !found || free {
		e.head.mark(at, g.hash, said)
	}
	if !g.lacking {
		e.dirty = true
		if n := len(g.e.values); n > 0 {
			e.head.take(g.e.source, n)
		}
		if slice != (customer.AtomID{}) {
			t.of[slice] = true
		}
		if err := e.append(&g.e); err != nil {
			return err
		}
	}
	if (free || len(g.aside) > 0) && e.aside == nil {
		var err error
		if e.aside, err = readAside(e.head.aside); err != nil {
			return err
		}
		if err := e.aside.open(e.lock); err != nil {
			return err
		}
	}
	if free {
		e.aside.forget(g.ID)
	}
	for _, v := range g.aside {
		e.aside.add(v)
	}
	return nil
}

// append appends an entry to the tail of the head.
func (e *logEdit) append(n *entry) (err error) {
	if e.tail.Writer == nil || e.head.keyed && !e.tail.sealed {
		size := 0
		for _, g := range e.rows {
			size += g.size + 24
			if e.lock != nil {
				size += g.protected * mostOverhead
			}
		}
		if e.tail, err = appendTo(e.head.tail, size, n.learned, e.head.keyed); err != nil {
			return err
		}
	}
	n.encode(e.tail.Writer, e.tail.base, e.lock)
	e.head.tail = e.tail.Data()
	return nil
}

// turn moves the newest entries of those heads that are full into pages.
func (p *Profiles) turn(ctx context.Context, f *inForce, edits []logEdit, b *store.Batch) error {
	var full []*head
	var ids []customer.AtomID
	var keys locks
	for i := range edits {
		if e := &edits[i]; e.edited && e.head.full() {
			if e.head.large {
				if err := e.head.turn(f, e.id, nil, b); err != nil {
					return err
				}
				continue
			}
			if e.head.keyed && e.lock == nil { // it has become longer than expected
				var err error
				if _, e.lock, err = p.lock(ctx, f, e.id, e.head); err != nil {
					return err
				}
			}
			full, ids, keys = append(full, e.head), append(ids, e.id), append(keys, e.lock)
		}
	}
	before, err := p.partials(ctx, f, ids, full, keys)
	if err != nil {
		return err
	}
	for i, h := range full {
		if err := h.turn(f, ids[i], before[i], b); err != nil {
			return err
		}
	}
	return nil
}

// write puts the head if it was edited, and has the customers folded anew whose profiles
// change, unless they are in waiting already.
func (e *logEdit) write(b *store.Batch, waiting map[customer.ID]bool) {
	if !e.edited {
		return
	}
	if e.aside != nil {
		e.head.aside = e.aside.encode(e.lock)
	}
	key := headKey(e.id)
	b.If(key, e.head.version)
	b.Put(key, e.head.encode())
	if !e.dirty {
		return
	}
	for _, id := range e.head.claims {
		if !waiting[id] {
			waiting[id] = true
			b.Put(waitKey(id), waitMark)
		}
	}
}
