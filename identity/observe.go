package identity

import (
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Observe adds an observation, and returns whose it is. It is idempotent by the
// observation's id, and safe with any number of writers in any number of processes.
//
// Errors: ErrInput with every fault of the observation (see InputError), ErrReused,
// ErrRetracted if it has been retracted, ErrErased if it is of somebody who has been erased and not
// later than that, and those of the store, of which ErrUnknownOutcome means that the
// context ended before it was known: observe again. Cost: two reads and a commit; the
// work grows with the evidence of the customers concerned.
func (g *Graph) Observe(ctx context.Context, o Observation) (Resolution, error) {
	d := desks.Get().(*desk)
	d.o = o
	if err := d.p.set(g, -1, &d.o, d.p.ids); err != nil {
		return Resolution{}, err
	}
	r, clean, err := g.observe(ctx, d)
	if clean {
		d.putBack()
	}
	return r, err
}

// An outcome is what became of one of several observations: err tells why it was not
// taken.
type outcome struct {
	Resolution
	err error
}

// observe adds the observation of a desk. It reports whether nothing refers to the desk
// any more, as far as it can tell.
func (g *Graph) observe(ctx context.Context, d *desk) (r Resolution, clean bool, err error) {
	var e *edit
	var results []outcome
	all := []*prepared{&d.p}
	how, tries := observed{detailed: true, current: true, desk: d}, 0
	err = g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		var err error
		e, results, err = g.observing(ctx, all, more, how)
		// That the policy was not current may be why this is tried again.
		how.current, how.desk = false, nil
		tries++
		return e, err
	})
	if err != nil {
		return Resolution{}, false, err
	}
	if e == nil || !e.unfinish {
		return results[0].Resolution, tries == 1, results[0].err
	}
	// More has changed since.
	_, now, err := g.observing(ctx, all, nil, observed{detailed: true})
	if err != nil {
		return Resolution{}, false, err
	}
	r = now[0].Resolution
	r.Known, r.Created, r.Merged = results[0].Known, results[0].Created, results[0].Merged
	return r, false, now[0].err
}

// observed says how observations are looked at.
type observed struct {
	detailed bool  // with resolutions; otherwise outcomes only tell what was known and what not taken
	current  bool  // the policy is taken for current, without asking; the commit does
	fresh    bool  // nothing of them is taken to be in the store; the commit finds out
	desk     *desk // memory; nil: new
}

// observing makes the edit that adds observations. It is nil where none is to be added.
func (g *Graph) observing(ctx context.Context, all []*prepared, more []customer.ID, how observed) (*edit, []outcome, error) {
	d := how.desk
	if d == nil {
		d = new(desk)
	}
	keys := d.observedKeys(all)
	epoch, entries, err := g.known(ctx, keys, how)
	if err != nil {
		return nil, nil, err
	}
	r, err := g.current(ctx, epoch)
	if err != nil {
		return nil, nil, err
	}
	l := &d.lookup
	l.begin(len(all), more)
	l.refs = readPointers{few: slices.Grow(d.edit.refs.few, min(len(keys), mostFew))}
	if err := l.read(all, entries); err != nil {
		return nil, nil, err
	}
	containers, led, err := g.containersOn(ctx, &d.reading, l.ids)
	if err != nil {
		return nil, nil, err
	}
	resolveKnown := func(in []*container) error {
		for i, p := range all {
			if l.results[i].Known && how.detailed {
				if l.results[i].Resolution, err = g.resolutionOf(p, in, r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if len(l.todo) == 0 {
		for _, c := range containers {
			if e, err := g.unfinished(ctx, r, c); err != nil || e != nil {
				return e, l.results, errors.Join(err, resolveKnown(containers))
			}
		}
		return nil, l.results, resolveKnown(containers)
	}
	first := all[l.todo[0]]
	e, entity := &d.edit, first.o.Entity
	if len(containers) == 0 {
		containers = append(containers, d.reading.first.begin(r, entity, idOf(first.at, first.id), &d.reading.ev))
	}
	if err := e.begin(g, r, entity, first.at, containers); err != nil {
		return nil, nil, err
	}
	e.refs = l.refs
	e.led = led
	e.batch.Writes = slices.Grow(e.batch.Writes, len(keys)+4)
	e.batch.Conditions = slices.Grow(e.batch.Conditions, len(keys))
	e.ev.pieces, e.ev.seen = slices.Grow(e.ev.pieces, len(l.todo)), slices.Grow(e.ev.seen, len(l.todo))
	e.ev.marks = slices.Grow(e.ev.marks, len(keys))
	e.touched = slices.Grow(e.touched, len(l.todo))
	for _, i := range l.todo {
		e.at = max(e.at, all[i].at)
		if err := e.add(ctx, all[i], keys[l.places[i]:], l.records[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := e.finish(ctx); err != nil {
		return nil, nil, err
	}
	for _, i := range l.todo {
		if how.detailed {
			l.results[i].Resolution = e.resolution(all[i])
		}
	}
	return e, l.results, resolveKnown([]*container{e.main})
}

// A lookup is what the store has of observations.
type lookup struct {
	results []outcome     // of those that are known or not taken
	todo    []int         // those to be added
	ids     []customer.ID // containers that they are in, or have something in common with
	refs    readPointers  // of their values
	records []versioned   // of each
	places  []int         // of each its first key
}

// begin readies l for n observations.
func (l *lookup) begin(n int, more []customer.ID) {
	l.results, l.records, l.places = room(l.results, n), room(l.records, n), room(l.places, n)
	clear(l.results)
	clear(l.records)
	l.todo, l.ids = l.todo[:0], append(l.ids[:0], more...)
}

// read takes in the entries of observedKeys but the first, nil: nothing is there.
func (l *lookup) read(all []*prepared, entries []store.Entry) error {
	at := 0 // the key of the entry that was read last
	next := func() (e store.Entry) {
		at++
		if entries != nil {
			e = entries[at-1]
		}
		return e
	}
	for i, p := range all {
		known, err := readSeen(next())
		if err != nil {
			return err
		}
		l.places[i] = at
		erased := false
		read := func(into *versioned) error {
			entry := next()
			to, err := readPointer(entry)
			if err != nil {
				return err
			}
			*into = versioned{to, entry.Version}
			if to.state == contained {
				l.ids = append(l.ids, to.to)
			}
			erased = erased || to.erased != nil && *to.erased >= p.at
			return nil
		}
		if p.record != (blind{}) {
			if err := read(&l.records[i]); err != nil {
				return err
			}
		}
		for _, d := range p.ids {
			if d.loose {
				continue
			}
			var ref versioned
			if err := read(&ref); err != nil {
				return err
			}
			l.refs.add(d.blind, ref)
		}
		switch {
		case known.state != 0:
			if l.results[i].err = known.refuses(p); l.results[i].err == nil {
				l.results[i].Known = true
				l.ids = append(l.ids, known.container)
			}
		case erased:
			l.results[i].err = ErrErased
		case slices.ContainsFunc(l.todo, func(j int) bool { return all[j].id == p.id }):
			l.results[i].err = ErrReused
		default:
			l.todo = append(l.todo, i)
		}
	}
	return nil
}

// observedKeys are epochKey, and of each observation its own key, that of its record if it has one, and
// those of its values.
func (d *desk) observedKeys(all []*prepared) [][]byte {
	count := 1
	for _, p := range all {
		count += 2 + len(p.ids)
	}
	room := &d.edit.arena
	*room = slices.Grow(*room, count*(len("id/o/")+len(blind{}))+512)
	keys := append(slices.Grow(d.keys[:0], count), room.put(append(*room, epochKey...)))
	add := func(family string, name []byte) { keys = append(keys, room.key(family, name)) }
	for _, p := range all {
		add("o", p.id[:])
		if p.record != (blind{}) {
			a := atomOf(p.record)
			add("r", a[:])
		}
		for i := range p.ids {
			if h := &p.ids[i]; !h.loose {
				add("v", h.blind[:])
			}
		}
	}
	d.keys = keys
	return keys
}

// known reads keys, of which the first is epochKey, as far as how says; without the others
// nothing of them is there.
func (g *Graph) known(ctx context.Context, keys [][]byte, how observed) (epoch store.Entry, others []store.Entry, err error) {
	if !how.current && !how.fresh {
		entries, err := g.get(ctx, keys)
		if err != nil {
			return epoch, nil, err
		}
		return entries[0], entries[1:], nil
	}
	epoch.Version = g.rules.Load().version
	if !how.fresh {
		others, err = g.get(ctx, keys[1:])
	}
	return epoch, others, err
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
		place = e.ev.pieceOf(own.atom)
	}
	seenKey, keys := keys[0], keys[1:]
	var recordKey []byte
	if p.record != (blind{}) {
		recordKey, keys = keys[0], keys[1:]
	}
	if place < 0 {
		place = e.addPiece(own)
		if p.record != (blind{}) {
			e.requireFirst(recordKey, record.version)
			e.batch.Put(recordKey, e.here(record.erased))
		}
	} else if !e.hasObservation(place) {
		e.ev.pieces[place].own = own.own
	}
	marks := e.ev.marks
	for _, d := range p.ids {
		n := len(e.ev.values)
		i := e.value(d.kindKey, d.blind)
		marks = append(marks, mark{i, d.proof})
		if d.loose {
			continue
		}
		valueKey := keys[0]
		keys = keys[1:]
		if int(i) == n {
			r, _ := e.refs.of(d.blind)
			switch r.state {
			case shared:
				e.ev.values[i].shared = true
			default:
				e.requireFirst(valueKey, r.version)
				e.batch.Put(valueKey, e.here(r.erased))
			}
		}
	}
	e.ev.marks, marks = marks, marks[len(e.ev.marks):len(marks):len(marks)]
	e.addObservation(observation{id: p.id, at: p.at, piece: place, marks: marks})
	k, err := e.key(ctx, sealed)
	if err != nil {
		return err
	}
	first := len(e.arena)
	plain := e.arena.put(p.o.appendData(e.arena))
	s := seen{state: seenLive, container: e.main.id, atom: sealed, content: p.content, sealed: e.arena.put(k.Seal(e.arena, plain, "observation", 1))}
	clear(plain) // it is not to stay behind, nor where the arena has moved to
	clear(e.arena[first : first+len(plain)])
	e.requireFirst(seenKey, 0)
	e.batch.Put(seenKey, e.arena.put(s.appendData(e.arena)))
	return nil
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
