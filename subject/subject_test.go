package subject

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/store"
)

func TestMembersAgree(t *testing.T) {
	for seed := range uint64(15) {
		w := open(t, new(store.Memory), true)
		r := rand.New(rand.NewPCG(seed, 3))
		ids := map[customer.ID]bool{}
		for step := range 50 {
			o := identity.Observation{ID: fmt.Sprint("observation ", step), Source: "web", Time: minute(r.IntN(20))}
			o.Identifiers = []identity.Identifier{verified("cookie", fmt.Sprint("c", r.IntN(2)))}
			if r.IntN(3) > 0 {
				o.Identifiers = append(o.Identifiers, verified("account", fmt.Sprint("account ", r.IntN(4))))
			}
			if r.IntN(4) == 0 {
				o.Record = fmt.Sprint("record ", r.IntN(6))
			}
			done, err := w.graph.Observe(t.Context(), o)
			if errors.Is(err, identity.ErrErased) {
				continue
			}
			require.NoError(t, err)
			ids[done.Customer] = true
			if r.IntN(12) == 0 {
				_, err = w.subjects.Erase(t.Context(), minute(100+step), request(done.Customer, fmt.Sprint(step)))
				require.NoError(t, err)
			}
			if step%5 > 0 {
				continue
			}
			w.sync(minute(100 + step))
			for id := range ids {
				has, err := w.graph.Members(t.Context(), id)
				require.NoError(t, err)
				known, err := w.profiles.Members(t.Context(), id)
				require.NoError(t, err)
				require.True(t, slices.EqualFunc(has, known, sameMember), "%v\n%v", has, known)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	_, err = w.subjects.Prove(t.Context(), time.Time{}, e)
	require.ErrorIs(t, err, ErrRequest)
	_, err = w.subjects.Resume(t.Context(), time.Time{})
	require.ErrorIs(t, err, ErrRequest)
}
