package identity

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
			head, err := g.Head(t.Context())
			require.NoError(t, err)
			preview, err := g.Preview(t.Context(), p, nil)
			require.NoError(t, err)
			require.NotEmpty(t, preview.Changes)
			require.Equal(t, before, mappingText(t, g))
			after, err := g.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, head, after)

			looked := int64(0)
			diff, err := g.Apply(t.Context(), p, func(done, _ int64) { looked = done })
			require.NoError(t, err)
			require.Positive(t, looked)
			require.Equal(t, preview, diff)
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
