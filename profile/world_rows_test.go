package profile_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// deed is something that happens to customers, if there are such.
func (w *world) deed() {
	if oneIn(w.r, 2) {
		w.now = w.now.Add(time.Duration(w.r.IntN(90)) * time.Second)
	}
	st := stateOf(w.feed.deeds, time.Time{})
	var alive []customer.ID
	for id := range st.live {
		if len(st.live[id]) > 0 {
			alive = append(alive, id)
		}
	}
	slices.SortFunc(alive, compareIDs)
	d := deed{at: w.now}
	if len(alive) < 2 || oneIn(w.r, 4) {
		d.verb, d.to = customer.Created, w.newID()
		for range w.r.IntN(3) {
			if a := w.fresh(st); !slices.Contains(d.atoms, a) {
				d.atoms = append(d.atoms, a)
			}
		}
		w.happens(d)
		return
	}
	d.from, d.to = oneOf(w.r, alive...), oneOf(w.r, alive...)
	atoms := st.live[d.from]
	some := slices.Clone(atoms)
	w.r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	some = some[:w.r.IntN(len(some)+1)]
	d.atoms = some
	switch w.r.IntN(7) {
	case 0:
		d.verb, d.atoms = customer.Merged, slices.Clone(atoms)
	case 1:
		d.verb = customer.Moved
	case 2:
		if oneIn(w.r, 2) {
			d.verb, d.to, d.atoms = customer.Erased, customer.ID{}, slices.Clone(atoms)
		} else {
			d.verb, d.to = customer.Moved, customer.ID{}
		}
	case 3, 4:
		d.verb, d.from, d.atoms = customer.Attached, customer.ID{}, []customer.AtomID{w.fresh(st)}
	default:
		d.verb, d.to = customer.Split, w.newID()
		for _, loser := range w.ids {
			if st.into[loser] == d.from && oneIn(w.r, 2) {
				d.to = loser
			}
		}
	}
	if d.from != d.to && (len(d.atoms) > 0 || d.verb == customer.Merged || d.verb == customer.Erased) {
		w.happens(d)
	}
}

func (w *world) newID() customer.ID {
	id := customer.FromInt64(int64(len(w.ids)))
	w.ids = append(w.ids, id)
	return id
}

// fresh is an atom that nobody has: mostly a new one, now and then one of which there is
// evidence already.
func (w *world) fresh(st *state) customer.AtomID {
	for _, a := range w.atoms {
		taken := st.gone[a]
		for _, atoms := range st.live {
			taken = taken || slices.Contains(atoms, a)
		}
		if !taken && oneIn(w.r, 2) {
			return a
		}
	}
	return w.newAtom()
}

func (w *world) happens(d deed) {
	w.note("deed %v from %v to %v %s at %v", d.verb, d.from, d.to, shown(d.atoms), d.at)
	w.feed.put(d)
}

// A worldRows is what a receiver of rows has made of them.
type worldRows map[customer.ID]map[string]customer.Value

func (r worldRows) take(b customer.RowBatch) {
	for _, id := range b.Deletes {
		delete(r, id)
	}
	for _, row := range b.Upserts {
		if r[row.ID] == nil {
			r[row.ID] = map[string]customer.Value{}
		}
		for _, f := range row.Values {
			r[row.ID][f.Name] = f.Value
		}
	}
}

// sync has profiles follow the feed and compares the rows that were handed on.
func (w *world) sync() error {
	at := w.now
	if oneIn(w.r, 6) {
		at = at.Add(time.Duration(w.r.IntN(40)-30) * time.Hour)
	}
	w.note("sync at %v", at)
	var got profile.Synced
	_, err := w.hurting(func(p *profile.Profiles) (err error) {
		got, err = p.Sync(w.ctx, at, w.feed)
		return err
	})
	if err != nil {
		return err
	}
	w.m.follow(at, w.feed.deeds[len(w.m.deeds):])
	if at.Before(w.synced) {
		return nil
	}
	if w.synced = at; at.Before(w.purged) {
		return nil
	}
	return w.compareRows(at, got.Next)
}

// rowNames are the names of traits and computed traits that rows have.
func (w *world) rowNames() []string {
	if w.o.Rows != nil {
		return w.o.Rows
	}
	names, of := w.names()
	return slices.DeleteFunc(names, func(name string) bool { return of[name] > profile.Internal })
}

func (w *world) compareRows(at, next time.Time) error {
	p := w.p()
	if oneIn(w.r, 8) {
		clear(w.rows)
		for b, err := range p.AllRows(w.ctx) {
			if err != nil {
				return err
			}
			w.rows.take(b)
			w.cursor = b.Cursor
		}
	} else {
		for b, err := range p.Rows(w.ctx, w.cursor) {
			if err != nil {
				return err
			}
			w.rows.take(b)
			w.cursor = b.Cursor
		}
	}
	names := w.rowNames()
	ids := w.m.everybody(time.Time{})
	if len(ids) != len(w.rows) {
		return fmt.Errorf("%d rows, want %d: %v", len(w.rows), len(ids), ids)
	}
	for _, id := range ids {
		row, ok := w.rows[id]
		if !ok {
			return fmt.Errorf("no row of %v", id)
		}
		if err := w.sameRow(id, row, names, at); err != nil {
			return err
		}
		if later := at.Add(time.Duration(w.r.IntN(1000)) * time.Hour); next.IsZero() || oneIn(w.r, 2) {
			if !next.IsZero() {
				later = next.Add(-time.Microsecond)
			}
			if err := w.sameRow(id, row, names, later); err != nil && later.After(at) {
				return fmt.Errorf("next %v, but at %v: %w", next, later, err)
			}
		}
	}
	return nil
}

func (w *world) sameRow(id customer.ID, row map[string]customer.Value, names []string, at time.Time) error {
	want, tastes, err := w.m.profile(id, profile.Moment{At: at})
	if err != nil {
		return err
	}
	for _, name := range names {
		if v := row[name]; !sameValue(w.computed(name), want.Value(name), v, tastes[name]) {
			return fmt.Errorf("row of %v at %v: %s is %s, want %s", id, at, name, shown(v), shown(want.Value(name)))
		}
	}
	return nil
}
