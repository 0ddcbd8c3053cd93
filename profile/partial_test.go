package profile

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

func partialOf(b *bound, facts []fact) *partial {
	p, room := b.newPartial(), b.reader()
	for i := range facts {
		e := facts[i].entry(b)
		p.add(b, &e, room)
	}
	return p
}

func encodePartial(p *partial) []byte {
	w := wire.New("partial", 1)
	p.encode(w)
	return w.Data()
}

func TestPartialIsAFunctionOfTheSetOfEntries(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 60 {
		s := foldSchema(r)
		b, facts := bindFor(t, s, testCustom), foldFacts(r, s)
		want := encodePartial(partialOf(b, facts))
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		require.Equal(t, want, encodePartial(partialOf(b, facts)))
		require.Equal(t, want, encodePartial(reread(t, b, partialOf(b, facts))))
		half := reread(t, b, partialOf(b, facts[:len(facts)/2]))
		room := b.reader()
		for i := range facts[len(facts)/2:] {
			e := facts[len(facts)/2+i].entry(b)
			half.add(b, &e, room)
		}
		require.Equal(t, want, encodePartial(half), "written and read half way")
	}
}

func TestPartialOfAnotherSchemaIsCorrupt(t *testing.T) {
	s := foldSchema(rand.New(rand.NewPCG(13, 14)))
	b := bindFor(t, s, testCustom)
	limit := uint64(len(s.Traits))
	stated := func(w *wire.Writer, sources ...uint32) {
		w.List(2 * len(sources))
		for _, source := range sources {
			(&statement{&entry{id: "a", source: source}, new(customer.Value)}).encode(w)
			w.Null()
		}
	}
	valid := wire.New("partial", 1)
	valid.Uint(1)
	valid.Uint(1)
	stated(valid, 1, 2)
	valid.Uint(0)
	read := wire.Read(valid.Data())
	b.readPartial(read)
	require.NoError(t, read.Close())
	for name, write := range map[string]func(w *wire.Writer){
		"no such trait": func(w *wire.Writer) { w.Uint(1); w.Uint(limit); stated(w, 1); w.Uint(0) },
		"traits descend": func(w *wire.Writer) {
			w.Uint(2)
			w.Uint(1)
			stated(w, 1)
			w.Uint(1)
			stated(w, 1)
			w.Uint(0)
		},
		"sources descend":    func(w *wire.Writer) { w.Uint(1); w.Uint(1); stated(w, 2, 1); w.Uint(0) },
		"a source twice":     func(w *wire.Writer) { w.Uint(1); w.Uint(1); stated(w, 1, 1); w.Uint(0) },
		"no such computed":   func(w *wire.Writer) { w.Uint(0); w.Uint(1); w.Uint(99) },
		"more than there is": func(w *wire.Writer) { w.Uint(1 << 63); w.Uint(0); stated(w, 1) },
		"half of a standing": func(w *wire.Writer) {
			w.Uint(1)
			w.Uint(1)
			w.List(1)
			(&statement{&entry{id: "a"}, new(customer.Value)}).encode(w)
			w.Uint(0)
		},
		"no statement": func(w *wire.Writer) {
			w.Uint(1)
			w.Uint(1)
			w.List(2)
			w.Null()
			w.Null()
			w.Uint(0)
		},
		"first of another source": func(w *wire.Writer) {
			w.Uint(1)
			w.Uint(1)
			w.List(2)
			(&statement{&entry{id: "a", source: 1}, new(customer.Value)}).encode(w)
			(&statement{&entry{id: "a", source: 2}, new(customer.Value)}).encode(w)
			w.Uint(0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire.New("partial", 1)
			write(w)
			r := wire.Read(w.Data())
			b.readPartial(r)
			require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
		})
	}
}

// fuzzSchema has a computed trait of every kind of state that is not in foldSchema too.
func fuzzSchema() *Schema {
	s := foldSchema(rand.New(rand.NewPCG(15, 16)))
	add := func(c Computed) { s.Computed = append(s.Computed, c) }
	orders := []string{"order"}
	add(Computed{Name: "f1", Of: Average, Events: orders, Field: "amount", Window: Window{Days: 30}})
	add(Computed{Name: "f2", Of: First, Events: orders, Field: "@time"})
	add(Computed{Name: "f3", Of: Max, Events: orders, Field: "amount", Window: Window{Hours: 20}})
	add(Computed{Name: "f4", Of: Distinct, Events: orders, Field: "brand"})
	add(Computed{Name: "f5", Of: Top, Events: orders, Field: "brand", Limit: 3})
	add(Computed{Name: "f6", Of: Quantile, Events: orders, Field: "amount", Quantile: 0.5})
	add(Computed{Name: "f7", Of: Lifecycle, Events: orders})
	add(Computed{Name: "f8", Of: Affinity, Events: orders, Field: "brand", Limit: 2})
	add(Computed{Name: "f9", Of: Average, Events: []string{"visit"}, Pair: &Pair{Until: orders, By: "brand"}})
	return s
}

func FuzzReadPartial(f *testing.F) {
	s := fuzzSchema()
	require.NoError(f, s.Validate())
	b := bindFor(f, s, testCustom)
	r := rand.New(rand.NewPCG(17, 18))
	for range 4 {
		f.Add(encodePartial(partialOf(b, foldFacts(r, s))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.Read(data)
		r.Expect("partial", 1)
		p := b.readPartial(r)
		if r.Close() != nil {
			return
		}
		once := encodePartial(p)
		require.Equal(t, once, encodePartial(reread(t, b, p)))
		atoms := atomsOf(b, []fact{{atom: 1, id: "a", source: "crm", event: "order"}})
		atoms[0].paged = reread(t, b, p)
		got := b.fold(atoms, moment{at: lastMicros, known: never})
		atoms[0].paged = reread(t, b, p)
		shown := b.explain(atoms, moment{at: lastMicros, known: never})
		for i := range s.Traits {
			require.Equal(t, got.traits[i], shown.Value(s.Traits[i].Name))
		}
	})
}
