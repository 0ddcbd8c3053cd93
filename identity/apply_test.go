package identity

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// TestApply: a preview changes nothing and tells what applying does; who is one customer
// is then as if the policy had always been in force; and back again.
func TestApply(t *testing.T) {
	people := 150
	if race.Enabled {
		people = 60
	}
	all := crowdObservations(t, 5, people, 0.2)
	for i := range 60 { // a shop that gives its own number for everybody
		all = append(all, seenAt(fmt.Sprint("x", i), i, fmt.Sprint("x", i), ident("email", fmt.Sprintf("x%d@mail.cn", i)), ident("phone", "+862155550000")))
	}
	edit := func(f func(types map[string]*Type)) *Policy {
		p := crowdPolicy()
		types := map[string]*Type{}
		for i := range p.Entities[0].Types {
			types[p.Entities[0].Types[i].Name] = &p.Entities[0].Types[i]
		}
		f(types)
		return p
	}
	for name, p := range map[string]*Policy{
		"names do not matter": edit(func(types map[string]*Type) { types["name"].Proof = Verified }),
		"no silence":          edit(func(types map[string]*Type) { types["phone"].Silence = 0 }),
		"no fan-out":          edit(func(types map[string]*Type) { types["phone"].FanOut, types["email"].FanOut = 0, 0 }),
		"fan-out of 1":        edit(func(types map[string]*Type) { types["phone"].FanOut, types["device"].Lifetime = 1, time.Hour }),
		"phones verified":     edit(func(types map[string]*Type) { types["phone"].Proof = Verified }),
	} {
		t.Run(name, func(t *testing.T) {
			o := &Options{Normalizers: crowdNormalizers(t)}
			s := store.Limited(new(store.Memory), store.MinLimits)
			g, err := Open(t.Context(), s, crowdPolicy(), o)
			require.NoError(t, err)
			for _, x := range all {
				_, err := g.Observe(t.Context(), x)
				require.NoError(t, err)
			}
			before, was := mappingText(t, g), partition(t, g, all)
			exportBefore, err := exported(t.Context(), g)
			require.NoError(t, err)
			head, err := g.Head(t.Context())
			require.NoError(t, err)
			preview, err := g.Preview(t.Context(), p, nil)
			require.NoError(t, err)
			require.NotEmpty(t, preview.Changes)
			t.Logf("%d merged, %d split, %d moved, %d atoms", preview.Merged, preview.Split, preview.Moved, preview.Atoms)
			require.Equal(t, before, mappingText(t, g))
			after, err := g.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, head, after)

			looked := int64(0)
			diff, err := g.Apply(t.Context(), p, func(done, _ int64) { looked = done })
			require.NoError(t, err)
			require.Positive(t, looked)
			require.Equal(t, preview, diff)
			exportAfter, err := exported(t.Context(), g)
			require.NoError(t, err)
			require.Equal(t, diffOf(exportBefore, exportAfter), briefly(diff))
			fresh, err := Open(t.Context(), new(store.Memory), p, o)
			require.NoError(t, err)
			for _, x := range all {
				_, err := fresh.Observe(t.Context(), x)
				require.NoError(t, err)
			}
			require.Equal(t, partition(t, fresh, all), partition(t, g, all))
			_, err = Open(t.Context(), s, crowdPolicy(), o)
			require.ErrorIs(t, err, ErrPolicy)

			_, err = g.Apply(t.Context(), crowdPolicy(), nil)
			require.NoError(t, err)
			require.Equal(t, was, partition(t, g, all))
			again, err := g.Apply(t.Context(), crowdPolicy(), nil)
			require.NoError(t, err)
			require.Equal(t, Diff{}, again)
		})
	}
}

// A brief is a Diff without times, its changes ordered by whom they concern.
type brief struct {
	Merged, Split, Moved, Atoms int
	Changes                     []customer.Change
}

func briefly(d Diff) brief {
	b := brief{d.Merged, d.Split, d.Moved, d.Atoms, nil}
	for _, c := range d.Changes {
		b.Changes = append(b.Changes, customer.Change{Verb: c.Verb, From: c.From, To: c.To, Atoms: c.Atoms})
	}
	b.order()
	return b
}

func (b *brief) order() {
	slices.SortFunc(b.Changes, func(x, y customer.Change) int {
		return cmp.Or(bytes.Compare(x.From[:], y.From[:]), bytes.Compare(x.To[:], y.To[:]))
	})
}

// diffOf works out from two mappings what leads from one to the other. An atom that is in
// one alone, a slice of another name, comes from nobody or goes to nobody.
func diffOf(before, after []Customer) (d brief) {
	type way struct{ from, to customer.ID }
	ways := map[way][]customer.AtomID{}
	was, is := homesOf(before), homesOf(after)
	for a, to := range is {
		if from := was[a]; from != to {
			ways[way{from, to}] = append(ways[way{from, to}], a)
		}
	}
	for a, from := range was {
		if _, ok := is[a]; !ok {
			ways[way{from, uuid.Nil}] = append(ways[way{from, uuid.Nil}], a)
		}
	}
	there, ended := map[customer.ID]bool{}, map[customer.ID]customer.ID{}
	for _, c := range before {
		there[c.ID] = true
	}
	for _, c := range after {
		for _, id := range c.Former {
			if there[id] {
				ended[id] = c.ID
				if w := (way{id, c.ID}); ways[w] == nil {
					ways[w] = []customer.AtomID{}
				}
			}
		}
	}
	list := slices.SortedFunc(maps.Keys(ways), func(x, y way) int {
		return cmp.Or(bytes.Compare(x.to[:], y.to[:]), bytes.Compare(x.from[:], y.from[:]))
	})
	begun := uuid.Nil
	for _, w := range list {
		atoms := ascending(ways[w])
		if len(atoms) == 0 {
			atoms = nil
		}
		c := customer.Change{Verb: customer.Moved, From: w.from, To: w.to, Atoms: atoms}
		switch begins := !there[w.to] && begun != w.to; {
		case w.to == uuid.Nil:
			d.Moved++
		case begins && w.from == uuid.Nil:
			c.Verb = customer.Created
		case w.from == uuid.Nil:
			c.Verb = customer.Attached
		case begins:
			c.Verb = customer.Split
			d.Split++
		case ended[w.from] == w.to:
			c.Verb = customer.Merged
			d.Merged++
		default:
			d.Moved++
		}
		begun = w.to
		d.Atoms += len(atoms)
		d.Changes = append(d.Changes, c)
	}
	d.order()
	return d
}

func TestApplyRefuses(t *testing.T) {
	g := openGraph(t, new(store.Memory), nil)
	_, err := g.Apply(t.Context(), &Policy{}, nil)
	require.ErrorIs(t, err, ErrPolicy)
	other := DefaultPolicy()
	other.Entities[0].Name = "household"
	_, err = g.Preview(t.Context(), other, nil)
	require.ErrorIs(t, err, ErrPolicy)
	require.Equal(t, DefaultPolicy(), g.Policy(), "it is still in force")
}
