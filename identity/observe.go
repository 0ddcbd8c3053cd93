package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A Resolution is what became of an observation. Safe for concurrent reads.
type Resolution struct {
	// Customer is who it is of, and Atom what it is part of.
	Customer customer.ID
	Atom     customer.AtomID
	// Known: it had been observed before, and nothing has changed.
	Known bool
	// Created: the customer has begun with it.
	Created bool
	// Merged are the customers that have become Customer because of it, ascending.
	Merged []customer.ID
	// Refused are the identifiers by which it was not joined to others, and why.
	Refused []Refusal
}

// A Refusal says why an identifier does not join two records. Safe for concurrent reads.
type Refusal struct {
	Reason Reason // why
	// Type and Scope of the identifier.
	Type, Scope string
	// With is the customer that was not joined because of it; uuid.Nil where it is
	// not about one.
	With customer.ID
	// Limit and LimitScope name the type of which they would have too many values;
	// empty where it is no such reason.
	Limit, LimitScope string
	// Field is why the value is no identifier, where the reason is Refused.
	Field normalize.Reason
}

// prepared is an observation with its hashes.
type prepared struct {
	o       *Observation
	id      blind
	record  blind // zero without record
	content blind
	at      int64
	ids     []hashed
	refused []Refusal
}

// A hashed identifier.
type hashed struct {
	kindKey
	blind blind
	proof Proof
}

// Observe adds an observation, and returns whose it is. It is idempotent by the
// observation's id, and safe with any number of writers in any number of processes.
//
// Errors: ErrInput with every fault of the observation (see InputError), ErrReused,
// ErrRetracted if it has been retracted, ErrErased if it is of somebody who has been erased and not
// later than that, and those of the store, of which ErrUnknownOutcome means that the
// context ended before it was known: observe again. Cost: two reads and a commit; the
// work grows with the evidence of the customers concerned.
func (g *Graph) Observe(ctx context.Context, o Observation) (Resolution, error) {
	p, err := g.prepare(-1, &o)
	if err != nil {
		return Resolution{}, err
	}
	results, err := g.observe(ctx, []*prepared{p})
	if err != nil {
		return Resolution{}, err
	}
	return results[0].Resolution, results[0].err
}

// An outcome is what became of one of several observations: err tells why it was not
// taken.
type outcome struct {
	Resolution
	err error
}

// prepare validates and hashes an observation.
func (g *Graph) prepare(row int, o *Observation) (*prepared, error) {
	if err := o.validate(row, g.rules.Load().policy.entity(o.Entity)); err != nil {
		return nil, err
	}
	p := &prepared{o: o, at: o.Time.UnixMicro()}
	p.id = g.blind("observation", o.ID)
	if o.Record != "" {
		p.record = g.recordBlind(o.Entity, o.Source, o.Record)
	}
	if len(o.Identifiers) > 0 {
		p.ids = make([]hashed, 0, len(o.Identifiers))
	}
	for _, d := range o.Identifiers {
		p.addIdentifier(g, d)
	}
	p.content = p.digest()
	return p, nil
}

// addIdentifier normalises and hashes an identifier.
func (p *prepared) addIdentifier(g *Graph, d Identifier) {
	add := func(text string) {
		k := kindKey{d.Type, d.Scope}
		h := g.valueBlind(p.o.Entity, k, text)
		if i := slices.IndexFunc(p.ids, func(x hashed) bool { return x.blind == h }); i >= 0 {
			p.ids[i].proof = max(p.ids[i].proof, d.Proof)
		} else {
			p.ids = append(p.ids, hashed{k, h, d.Proof})
		}
	}
	n := g.o.Normalizers[d.Type]
	if n == nil {
		add(d.Value)
		return
	}
	values, err := n(nil, d.Value)
	for _, v := range values {
		add(v.Text)
	}
	for _, refused := range normalize.Refusals(err) {
		p.refused = append(p.refused, Refusal{Reason: Refused, Type: d.Type, Scope: d.Scope, Field: refused.Reason})
	}
}

// observe adds observations that are to be looked at together, in one commit.
func (g *Graph) observe(ctx context.Context, all []*prepared) ([]outcome, error) {
	var e *edit
	var results []outcome
	how := observed{detailed: true, current: true}
	err := g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		var err error
		e, results, err = g.observing(ctx, all, more, how)
		how.current = false // that it was not may be why this is tried again
		return e, err
	})
	if err != nil || e == nil || !e.unfinish {
		return results, err
	}
	// More has changed since.
	_, now, err := g.observing(ctx, all, nil, observed{detailed: true})
	for i := range now {
		now[i].Known, now[i].Created, now[i].Merged = results[i].Known, results[i].Created, results[i].Merged
	}
	return now, err
}

// run makes an edit and commits it, again and again as long as others change the same,
// and finishes what does not fit into one commit.
func (g *Graph) run(ctx context.Context, make func(ctx context.Context, more []customer.ID) (*edit, error)) error {
	var more []customer.ID
	var begun customer.ID // a container of which more may be to do than the commit did
	var unsure []customer.Change
	for {
		var e *edit
		_, err := store.Update(ctx, committer{g.s, g, &e}, g.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			var err error
			if e, err = make(ctx, more); err != nil || e == nil {
				return nil, err
			}
			return &e.batch, nil
		})
		need, isMore := errors.AsType[*moreError](err)
		switch {
		case isMore:
			more = append(more, need.ids...)
			if err := g.gather(ctx, more); err != nil {
				return err
			}
			continue
		case errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil:
			if e != nil && e.unfinish {
				begun = e.main.id
			}
			if e != nil && len(e.changes) > 0 {
				unsure = e.changes
			}
			continue // what is made again knows whether it happened
		case err != nil:
			return err
		}
		if g.log != nil && (e == nil || !sameChanges(e.changes, unsure)) {
			g.log(unsure) // they have been made
		}
		if e == nil {
			if begun != uuid.Nil {
				return g.refresh(ctx, begun)
			}
			return nil
		}
		for _, f := range e.after {
			if err := f(ctx); err != nil {
				return err
			}
		}
		if e.unfinish {
			return g.refresh(ctx, e.main.id)
		}
		return nil
	}
}

// sameChanges reports whether changes are of the same customers in the same way.
func sameChanges(a, b []customer.Change) bool {
	return slices.EqualFunc(a, b, func(x, y customer.Change) bool {
		return x.Verb == y.Verb && x.From == y.From && x.To == y.To && slices.Equal(x.Atoms, y.Atoms)
	})
}

// A committer commits an edit together with its changes.
type committer struct {
	store.Store
	g *Graph
	e **edit
}

// Commit implements store.Store.
func (c committer) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	v, err := c.g.feed.commit(ctx, b, (*c.e).changes)
	if err != nil && !errors.Is(err, store.ErrUnknownOutcome) {
		c.g.feed.clean(ctx, (*c.e).ahead)
	}
	if err == nil && c.g.log != nil {
		c.g.log((*c.e).changes)
	}
	return v, err
}

// current returns the policy in force, with the condition that it stays so: entry is
// that of epochKey.
func (g *Graph) current(ctx context.Context, entry store.Entry) (*rules, error) {
	r := g.rules.Load()
	if entry.Version == r.version {
		return r, nil
	}
	if err := g.loadRules(ctx); err != nil {
		return nil, err
	}
	if r = g.rules.Load(); entry.Version != r.version {
		return nil, fmt.Errorf("identity: policy or erasure meanwhile: %w", store.ErrConflict)
	}
	return r, nil
}

// observed says how observations are looked at.
type observed struct {
	detailed bool // with resolutions; otherwise outcomes only tell what was known and what not taken
	current  bool // the policy is taken for current, without asking; the commit does
	fresh    bool // nothing of them is taken to be in the store; the commit finds out
}

// observing makes the edit that adds observations. It is nil where none is to be added.
func (g *Graph) observing(ctx context.Context, all []*prepared, more []customer.ID, how observed) (*edit, []outcome, error) {
	count := 1
	for _, p := range all {
		count += 2 + len(p.ids)
	}
	keys := append(make([][]byte, 0, count), []byte(epochKey))
	for _, p := range all {
		keys = append(keys, observationKey(p.id))
		if p.record != (blind{}) {
			keys = append(keys, recordKey(atomOf(p.record)))
		}
		for _, d := range p.ids {
			keys = append(keys, valueKey(d.blind))
		}
	}
	entries, err := g.known(ctx, keys, how)
	if err != nil {
		return nil, nil, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return nil, nil, err
	}
	at := 0 // the entry that was read last
	next := func() store.Entry {
		at++
		return entries[at]
	}
	results := make([]outcome, len(all))
	var refs readPointers
	records := make([]versioned, len(all))
	places := make([]int, len(all)) // of the keys of each
	ids := append(make([]customer.ID, 0, len(more)+count), more...)
	var todo []int
	for i, p := range all {
		known, err := readSeen(next())
		if err != nil {
			return nil, nil, err
		}
		places[i] = at
		var erased *int64
		read := func(into *versioned) error {
			entry := next()
			to, err := readPointer(entry)
			if err != nil {
				return err
			}
			*into = versioned{to, entry.Version}
			if to.state == contained {
				ids = append(ids, to.to)
			}
			if to.erased != nil && *to.erased >= p.at {
				erased = to.erased
			}
			return nil
		}
		if p.record != (blind{}) {
			if err := read(&records[i]); err != nil {
				return nil, nil, err
			}
		}
		for _, d := range p.ids {
			var ref versioned
			if err := read(&ref); err != nil {
				return nil, nil, err
			}
			refs.add(d.blind, ref)
		}
		switch {
		case known.state == 0 && erased != nil:
			results[i].err = ErrErased
			continue
		case known.state == 0 && slices.ContainsFunc(todo, func(j int) bool { return all[j].id == p.id }):
			results[i].err = ErrReused
			continue
		case known.state == 0:
			todo = append(todo, i)
			continue
		case known.state == seenErased:
			results[i].err = ErrErased
			continue
		case known.content != p.content:
			results[i].err = ErrReused
			continue
		case known.state == seenRetracted:
			results[i].err = ErrRetracted
			continue
		}
		results[i].Known = true
		ids = append(ids, known.container)
	}
	containers, led, err := g.containers(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	resolveKnown := func(in []*container) error {
		for i, p := range all {
			if results[i].Known && how.detailed {
				if results[i].Resolution, err = g.resolutionOf(p, in, r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if len(todo) == 0 {
		for _, c := range containers {
			if e, err := g.unfinished(ctx, r, c); err != nil || e != nil {
				return e, results, errors.Join(err, resolveKnown(containers))
			}
		}
		return nil, results, resolveKnown(containers)
	}
	first := all[todo[0]]
	e, err := g.newEdit(r, first.o.Entity, first.at, containers, idOf(first.at, first.id))
	if err != nil {
		return nil, nil, err
	}
	e.refs = refs
	for id := range led {
		e.loaded[id] = true
	}
	e.loaded[e.main.id] = true
	for _, i := range todo {
		e.at = max(e.at, all[i].at)
		if err := e.add(ctx, all[i], keys[places[i]:], records[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := e.finish(ctx); err != nil {
		return nil, nil, err
	}
	for _, i := range todo {
		if how.detailed {
			results[i].Resolution = e.resolution(all[i])
		}
	}
	return e, results, resolveKnown([]*container{e.main})
}

// known reads keys, of which the first is epochKey, as far as how says.
func (g *Graph) known(ctx context.Context, keys [][]byte, how observed) ([]store.Entry, error) {
	if !how.current && !how.fresh {
		return g.get(ctx, keys)
	}
	epoch := store.Entry{Version: g.rules.Load().version}
	if how.fresh {
		entries := make([]store.Entry, len(keys))
		entries[0] = epoch
		return entries, nil
	}
	entries, err := g.get(ctx, keys[1:])
	return append([]store.Entry{epoch}, entries...), err
}

// add adds an observation to the edit. keys are its own, that of its record if it has one,
// and those of its values; record is the reference of its record.
func (e *edit) add(ctx context.Context, p *prepared, keys [][]byte, record versioned) error {
	own := piece{own: idOf(p.at, p.id), source: e.source(p.o.Source)}
	place := int32(-1)
	sealed := atomOf(p.id)
	if p.record != (blind{}) {
		own.atom = recordAtom(p.record, record.pointer)
		if name := atomOf(p.record); name != own.atom {
			own.before = name
		}
		sealed = own.atom
		place = int32(slices.IndexFunc(e.ev.pieces, func(q piece) bool { return q.atom == own.atom }))
	}
	seenKey, keys := keys[0], keys[1:]
	var recordKey []byte
	if p.record != (blind{}) {
		recordKey, keys = keys[0], keys[1:]
	}
	if place < 0 {
		place = e.addPiece(own)
		if p.record != (blind{}) {
			e.require(recordKey, record.version)
			e.batch.Put(recordKey, pointer{state: contained, to: e.main.id, erased: record.erased}.data())
		}
	} else if !e.hasObservation(place) {
		e.ev.pieces[place].own = own.own
	}
	marks := make([]mark, 0, len(p.ids))
	for j, d := range p.ids {
		n := len(e.ev.values)
		i := e.value(d.kindKey, d.blind)
		if int(i) == n {
			r, _ := e.refs.of(d.blind)
			e.ev.values[i].erased = r.erased != nil
			switch r.state {
			case shared:
				e.ev.values[i].shared = true
			default:
				e.require(keys[j], r.version)
				e.batch.Put(keys[j], pointer{state: contained, to: e.main.id, erased: r.erased}.data())
			}
		}
		marks = append(marks, mark{i, d.proof})
	}
	e.addObservation(observation{id: p.id, at: p.at, piece: place, marks: marks})
	k, err := e.key(ctx, sealed)
	if err != nil {
		return err
	}
	e.require(seenKey, 0)
	e.batch.Put(seenKey, seen{state: seenLive, container: e.main.id, atom: sealed, content: p.content, sealed: k.Seal(nil, p.o.data(), "observation", 1)}.data())
	return nil
}

// hasObservation reports whether a piece has one.
func (e *edit) hasObservation(p int32) bool {
	return slices.ContainsFunc(e.ev.seen, func(o observation) bool { return o.piece == p })
}

// key returns the key of an atom, which begins with it.
func (e *edit) key(ctx context.Context, atom customer.AtomID) (*seal.Key, error) {
	if k := e.keys[atom]; k != nil {
		return k, nil
	}
	k, err := e.g.o.Vault.Key(ctx, atom)
	if errors.Is(err, seal.ErrNoKey) {
		k, err = e.g.o.Vault.Create(ctx, &e.batch, atom)
	}
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, errors.Join(err, e.overtaken(ctx))
	}
	if err != nil {
		return nil, err
	}
	if e.keys == nil {
		e.keys = map[customer.AtomID]*seal.Key{}
	}
	e.keys[atom] = k
	return k, nil
}

// overtaken is a conflict if what the edit has read is not the present any more.
func (e *edit) overtaken(ctx context.Context) error {
	keys := make([][]byte, len(e.batch.Conditions))
	for i, c := range e.batch.Conditions {
		keys[i] = c.Key
	}
	entries, err := e.g.get(ctx, keys)
	if err != nil {
		return err
	}
	return conflictIf(slices.ContainsFunc(e.batch.Conditions, func(c store.Condition) bool {
		entry := entries[0]
		entries = entries[1:]
		return entry.Version != c.Version
	}))
}

// finish works out what follows from the evidence and completes the batch.
func (e *edit) finish(ctx context.Context) error {
	all := e.shrunk || e.stale
	e.stale = false
	if e.shrunk {
		e.compact()
	}
	if err := e.share(ctx, all); err != nil {
		return err
	}
	e.out = e.entity.group(e.ev)
	e.settle(cmp.Or(e.g.o.bounds.changes, maxChanges))
	return e.write(ctx)
}

// resolution says what became of an observation of the edit.
func (e *edit) resolution(p *prepared) Resolution {
	i, _ := slices.BinarySearchFunc(e.ev.seen, observation{id: p.id, at: p.at}, compareObservations)
	place := e.ev.seen[i].piece
	q := &e.ev.pieces[place]
	r := Resolution{Customer: q.home, Atom: q.present()}
	for _, c := range e.changes {
		switch {
		case c.Verb == customer.Created && c.To == q.home:
			r.Created = true
		case c.Verb == customer.Merged && c.To == q.home:
			r.Merged = append(r.Merged, c.From)
		}
	}
	slices.SortFunc(r.Merged, func(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) })
	r.Refused = append(slices.Clip(p.refused), e.ev.refusals(e.out, place)...)
	return r
}

// refusals lists those that concern a piece, each once.
func (ev *evidence) refusals(out *grouping, place int32) []Refusal {
	var list []Refusal
	for _, f := range out.refused {
		if f.a != place && f.b != place {
			continue
		}
		r := Refusal{Reason: f.reason}
		if f.value >= 0 {
			k := ev.kinds[ev.values[f.value].kind]
			r.Type, r.Scope = k.typ, k.scope
		}
		if f.kind >= 0 {
			r.Limit, r.LimitScope = ev.kinds[f.kind].typ, ev.kinds[f.kind].scope
		}
		other := f.b
		if f.b == place {
			other = f.a
		}
		if other >= 0 {
			if r.With = ev.pieces[other].home; r.With == ev.pieces[place].home {
				continue // joined by something else
			}
		}
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// resolutionOf says where an observation of before is now.
func (g *Graph) resolutionOf(p *prepared, containers []*container, r *rules) (Resolution, error) {
	for _, c := range containers {
		i, ok := slices.BinarySearchFunc(c.ev.seen, observation{id: p.id, at: p.at}, compareObservations)
		if !ok {
			continue
		}
		place := c.ev.seen[i].piece
		q := &c.ev.pieces[place]
		out := r.policy.entity(p.o.Entity).group(c.ev)
		return Resolution{
			Known: true, Customer: q.home, Atom: q.present(),
			Refused: append(slices.Clip(p.refused), c.ev.refusals(out, place)...),
		}, nil
	}
	return Resolution{}, fmt.Errorf("identity: observation moved while it was read: %w", store.ErrConflict)
}

// unfinished finishes what a process that was killed has left undone of a container; nil
// if there is nothing.
func (g *Graph) unfinished(ctx context.Context, r *rules, c *container) (*edit, error) {
	if len(c.epoch) > 0 {
		return nil, nil
	}
	e, err := g.newEdit(r, c.ev.entity, c.last(), []*container{c}, uuid.Nil)
	if err != nil {
		return nil, err
	}
	e.loaded[c.id] = true
	return e, e.finish(ctx)
}

// again is what there is to do when something is done again: nothing, unless the
// container is unfinished.
func (g *Graph) again(ctx context.Context, id customer.ID) (*edit, error) {
	entries, err := g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return nil, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return nil, err
	}
	all, _, err := g.containers(ctx, []customer.ID{id})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return g.unfinished(ctx, r, all[0])
}

// refresh works out a container anew.
func (g *Graph) refresh(ctx context.Context, id customer.ID) error {
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		e, err := g.load(ctx, append(slices.Clip(more), id))
		if err != nil || e == nil {
			return nil, err
		}
		return e, e.finish(ctx)
	})
}

// load begins an edit of containers, nil if they are gone.
func (g *Graph) load(ctx context.Context, ids []customer.ID) (*edit, error) {
	entries, err := g.s.Get(ctx, []byte(epochKey))
	if err != nil {
		return nil, err
	}
	r, err := g.current(ctx, entries[0])
	if err != nil {
		return nil, err
	}
	all, led, err := g.containers(ctx, ids)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	e, err := g.newEdit(r, all[0].ev.entity, all[0].last(), all, uuid.Nil)
	if err != nil {
		return nil, err
	}
	for id := range led {
		e.loaded[id] = true
	}
	return e, nil
}

// last is the time of the last observation of a container.
func (c *container) last() int64 {
	if n := len(c.ev.seen); n > 0 {
		return c.ev.seen[n-1].at
	}
	return 0
}

// gather makes containers one, without a change to who is one customer, as long as they
// are too many for one commit.
func (g *Graph) gather(ctx context.Context, ids []customer.ID) error {
	most := cmp.Or(g.o.bounds.merged, maxMerged)
	for len(ids) > most {
		all, _, err := g.containers(ctx, ids)
		if err != nil {
			return err
		}
		if len(all) <= most {
			return nil
		}
		part := make([]customer.ID, 0, most)
		for _, c := range all[:most] {
			part = append(part, c.id)
		}
		if err := g.run(ctx, func(ctx context.Context, _ []customer.ID) (*edit, error) {
			e, err := g.load(ctx, part)
			if err != nil || e == nil || len(e.others) == 0 {
				return nil, err
			}
			return e, e.write(ctx)
		}); err != nil {
			return err
		}
	}
	return nil
}
