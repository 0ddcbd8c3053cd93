package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// The index of the values of searchable traits. Each statement of one puts two keys without
// value, with the blind index of the value, of labels for each label:
//
//	pf/f/ blind 20 atom   whose evidence states the value
//	pf/b/ atom blind 20   the same the other way round, by which the first is found when the atom is erased
//
// The index may have more than is stated, and never less: statements that were retracted,
// replaced or not believed stay in it, as does, up to the next Reseal, what was put ahead of a
// statement that was not added then; and the profile decides. It is changed under the condition of
// the head of the atom's log, which who deletes from it writes too, unless the atom was erased.

func foundKey(blind []byte, a customer.AtomID) []byte { return key('f', blind, a[:]) }
func blindKey(a customer.AtomID, blind []byte) []byte { return key('b', a[:], blind) }

// indexMark is the value of the keys of the index. It is no wire value, as there is nothing to
// say.
var indexMark = []byte{}

// putIndex adds the two keys of a blind index to a batch, and deleteIndex takes them away.
func putIndex(b *store.Batch, a customer.AtomID, blind []byte) {
	b.Put(foundKey(blind, a), indexMark)
	b.Put(blindKey(a, blind), indexMark)
}

func deleteIndex(b *store.Batch, a customer.AtomID, blind []byte) {
	b.Delete(foundKey(blind, a))
	b.Delete(blindKey(a, blind))
}

// readBlindKey reads what blindKey wrote. The blind index shares memory with k.
func readBlindKey(k []byte) (blind []byte, err error) {
	n := len(key('b')) + len(customer.AtomID{})
	if len(k) != n+seal.BlindBytes {
		return nil, corruptIndex()
	}
	return k[n:], nil
}

func corruptIndex() error { return fmt.Errorf("%w: profile: key of the index", store.ErrCorrupt) }

// A blinder makes blind indexes of values. Not safe for concurrent use.
type blinder struct {
	*bound
	x   *seal.Index
	w   *wire.Writer
	all bool // under all keys and not just the newest
}

func (p *Profiles) blinder(b *bound, all bool) *blinder {
	return &blinder{bound: b, x: p.o.Index, w: wire.Sized("", 0, 64), all: all}
}

// plain is what a value is hashed as: as it is stored. Labels are hashed each as a text.
func (x *blinder) plain(v customer.Value) string {
	x.w.Reset()
	writeValue(x.w, v)
	return string(x.w.Data())
}

// blind calls do with the blind indexes of a value under a kind.
func (x *blinder) blind(kind string, v customer.Value, do func(blind []byte)) {
	plain := x.plain(v)
	if !x.all {
		do(x.x.Blind(kind, plain))
		return
	}
	for _, blind := range x.x.All(kind, plain) {
		do(blind)
	}
}

// entry calls do with the blind indexes of what an entry states of searchable traits.
func (x *blinder) entry(e *entry, do func(blind []byte)) {
	if e.event != 0 || !x.searchable {
		return
	}
	for i := range e.values {
		v := &e.values[i]
		r := x.role(v.number)
		if r.what != aTrait || x.indexKinds[r.index] == "" {
			continue
		}
		kind := x.indexKinds[r.index]
		switch v.value.Kind() {
		case customer.KindUnset:
		case customer.KindLabels:
			for label := range v.value.Labels() {
				x.blind(kind, customer.TextValue(label), do)
			}
		default:
			x.blind(kind, v.value, do)
		}
	}
}

// mostIndexed is how many values are indexed by the commit of the evidence that states them. A
// statement may have thousands of labels, more than fit into a commit: those beyond are
// indexed before.
const mostIndexed = 150

// indexed is about how many blind indexes a commit puts that adds the evidence of one atom.
func (b *bound) indexed(all pack) (n int) {
	if !b.searchable {
		return 0
	}
	for _, g := range all {
		if g.Event != "" {
			continue
		}
		for _, f := range g.fields {
			number := b.trait(f.Name)
			switch {
			case number == 0 || b.indexKinds[b.role(number).index] == "":
			case f.Value.Kind() == customer.KindLabels:
				for range f.Value.Labels() {
					n++
				}
			default:
				n++
			}
		}
	}
	return min(n, mostIndexed)
}

// index adds to the batch, to which the head of the edit's log was written, what the evidence
// that the edit adds is found by.
func (p *Profiles) index(ctx context.Context, f *inForce, e *logEdit, b *store.Batch) error {
	if !f.searchable || !e.edited {
		return nil
	}
	x := p.blinder(f.bound, false)
	var blinds [][]byte
	for _, g := range e.rows {
		if g.verdict == added && !g.lacking {
			x.entry(&g.e, func(blind []byte) { blinds = append(blinds, blind) })
		}
	}
	slices.SortFunc(blinds, bytes.Compare)
	blinds = slices.CompactFunc(blinds, bytes.Equal)
	for len(blinds) > mostIndexed {
		ahead := new(store.Batch)
		ahead.If(headKey(e.id), e.head.version)
		ahead.If([]byte(schemaKey), f.read)
		for _, blind := range blinds[:mostIndexed] {
			putIndex(ahead, e.id, blind)
		}
		if _, err := p.s.Commit(ctx, ahead); err != nil {
			if errors.Is(err, store.ErrUnknownOutcome) && ctx.Err() == nil { // to be made again
				err = fmt.Errorf("profile: index: %w", store.ErrUnavailable)
			}
			return err
		}
		blinds = blinds[mostIndexed:]
	}
	for _, blind := range blinds {
		putIndex(b, e.id, blind)
	}
	return nil
}

// unindex deletes what an atom that was erased is found by. Nobody adds to it any more.
func (p *Profiles) unindex(ctx context.Context, a customer.AtomID) error {
	const most = 200
	for left := true; left; {
		_, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			b := new(store.Batch)
			r := store.Under(key('b', a[:]))
			r.Limit = most
			for e, err := range p.s.Scan(ctx, r) {
				if err != nil {
					return nil, err
				}
				blind, err := readBlindKey(e.Key)
				if err != nil {
					return nil, err
				}
				deleteIndex(b, a, blind)
			}
			if left = len(b.Writes) > 0; !left {
				return nil, nil
			}
			return b, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
