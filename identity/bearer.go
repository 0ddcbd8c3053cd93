package identity

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A bearer is a piece that a value is on, with the values that decide whether that is
// shared: it is kept in a list for each shared value, because the pieces of a shared
// value lie in many containers.
type bearer struct {
	record    bool
	container customer.ID // or one that leads there
	values    []borne     // in the order of their hashes
}

// A borne value, with the best proof by which it is on the piece.
type borne struct {
	kindKey
	blind blind
	proof Proof
}

// overShared reports whether rule 1 makes the value h, of type t, shared.
func (e *Entity) overShared(t *Type, h blind, bearers func(yield func(bearer) bool)) bool {
	records := 0
	distinct := map[kindKey]map[blind]bool{}
	for b := range bearers {
		at := slices.IndexFunc(b.values, func(v borne) bool { return v.blind == h })
		if at < 0 && len(b.values) < maxBorne || at >= 0 && b.values[at].proof < t.Proof {
			continue
		}
		if b.record {
			if records++; records > e.records() {
				return true
			}
		}
		if t.FanOut == 0 {
			continue
		}
		for _, v := range b.values {
			i := e.index(v.typ)
			if v.blind == h || i < 0 || e.Types[i].Kind == Ephemeral || e.Types[i].Most == 0 || v.proof < e.Types[i].Proof {
				continue
			}
			if distinct[v.kindKey] == nil {
				distinct[v.kindKey] = map[blind]bool{}
			}
			distinct[v.kindKey][v.blind] = true
			if len(distinct[v.kindKey]) > t.FanOut*e.Types[i].Most {
				return true
			}
		}
	}
	return false
}

// bearerOf describes a piece of the edit's evidence.
func (e *edit) bearerOf(p int32, seen []int32) bearer {
	b := bearer{record: e.ev.pieces[p].atom != (customer.AtomID{}), container: e.main.id}
	best := map[int32]Proof{}
	for _, o := range seen {
		for _, k := range e.ev.seen[o].marks {
			best[k.value] = max(best[k.value], k.proof)
		}
	}
	for i, proof := range best {
		v := e.ev.values[i]
		b.values = append(b.values, borne{e.ev.kinds[v.kind], v.blind, proof})
	}
	byHash := func(x, y borne) int { return compareBlinds(x.blind, y.blind) }
	if len(b.values) > maxBorne {
		slices.SortFunc(b.values, func(x, y borne) int {
			return cmp.Or(cmp.Compare(e.borneLast(x), e.borneLast(y)), byHash(x, y))
		})
		b.values = b.values[:maxBorne]
	}
	slices.SortFunc(b.values, byHash)
	return b
}

// maxBorne is the most values of a piece that are looked at, so that a bearer is small.
const maxBorne = 300

// borneLast orders what says nothing about who it is last.
func (e *edit) borneLast(v borne) int {
	if l := e.entity.index(v.typ); l < 0 || e.entity.Types[l].Kind == Ephemeral {
		return 1
	}
	return 0
}

// byPiece lists the observations of each piece.
func (ev *evidence) byPiece() [][]int32 {
	seen := make([][]int32, len(ev.pieces))
	for i := range ev.seen {
		seen[ev.seen[i].piece] = append(seen[ev.seen[i].piece], int32(i))
	}
	return seen
}

// name is the name of a piece in the lists of bearers.
func (ev *evidence) name(p int32, seen []int32) []byte {
	if a := ev.pieces[p].atom; a != (customer.AtomID{}) {
		return a[:]
	}
	return ev.seen[seen[0]].id[:]
}

func (b bearer) data() []byte {
	w := wire.New("identity/bearer", 1)
	w.Bool(b.record)
	w.Bytes(b.container[:])
	for _, v := range b.values {
		w.Text(v.typ)
		w.Text(v.scope)
		w.Bytes(v.blind[:])
		w.Uint(uint64(v.proof))
	}
	return w.Data()
}

func readBearer(data []byte) (b bearer, err error) {
	d := wire.Read(data)
	d.Expect("identity/bearer", 1)
	b.record = d.Bool()
	b.container = readID(d)
	for d.More() {
		b.values = append(b.values, borne{kindKey{d.Text(), d.Text()}, readBlind(d), Proof(min(d.Uint(), 255))})
	}
	return b, d.Close()
}

// bearerPrefix begins the keys of the bearers of a shared value.
func bearerPrefix(h blind, generation customer.ID) []byte { return key("b", h[:], generation[:]) }

// bearers yields the bearers of a shared value, by name.
func (g *Graph) bearers(ctx context.Context, h blind, generation customer.ID) iter.Seq2[named, error] {
	prefix := bearerPrefix(h, generation)
	return func(yield func(named, error) bool) {
		for entry, err := range g.s.Scan(ctx, store.Under(prefix)) {
			var b bearer
			if err == nil {
				b, err = readBearer(entry.Value)
			}
			if !yield(named{string(bytes.TrimPrefix(entry.Key, prefix)), b}, err) || err != nil {
				return
			}
		}
	}
}

// A named bearer is one with its name in the list.
type named struct {
	name string
	bearer
}

// dropBearers deletes the list of a value that is not shared any more.
func (g *Graph) dropBearers(ctx context.Context, h blind, generation customer.ID) error {
	r := store.Under(bearerPrefix(h, generation))
	r.Limit = 500
	for {
		b := &store.Batch{}
		for entry, err := range g.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			b.Delete(entry.Key)
		}
		last := len(b.Writes) < r.Limit
		if last {
			for i := range guards {
				b.Delete(guardKey(h, generation, i))
			}
		}
		if _, err := g.s.Commit(ctx, b); err != nil || last {
			return err
		}
	}
}
