package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// TestPagesBetweenWrites: whoever is selected throughout comes exactly once, whatever is written between the pages.
func TestPagesBetweenWrites(t *testing.T) {
	const customers = 300
	q := Query{Rule: And(IsSet("city"), Not(IsTrue("vip")))}
	tags := modelTags[:5]
	for seed := range race.Fewer[uint64](20, 3) {
		rng := rand.New(rand.NewPCG(seed, 17))
		ix, err := New(&Options{Tags: tags})
		require.NoError(t, err)
		m := newModel(tags)
		selected := func(id customer.ID) bool {
			vip, _ := m.rows[id]["vip"].Bool()
			return m.rows[id]["city"] != customer.Value{} && !vip
		}
		write := func(size int) *Batch {
			b := randomBatch(rng, tags, customers, size)
			require.NoError(t, ix.Apply(t.Context(), b))
			m.apply(b)
			return b
		}
		write(2000)
		throughout, came, deleted := map[customer.ID]bool{}, map[customer.ID]int{}, map[customer.ID]bool{}
		for id := range m.rows {
			throughout[id] = selected(id)
		}
		for cursor := (Cursor{}); ; {
			page, next, err := ix.Snapshot().Page(t.Context(), q, cursor, 1+rng.IntN(20))
			require.NoError(t, err)
			for _, id := range page {
				require.True(t, selected(id), id)
				came[id]++
			}
			if cursor = next; cursor.End() {
				break
			}
			for _, w := range write(1 + rng.IntN(60)).writes {
				deleted[w.id] = deleted[w.id] || w.verb == verbDelete
			}
			for id := range throughout {
				throughout[id] = throughout[id] && selected(id) && !deleted[id]
			}
			if shelving && rng.IntN(8) == 0 {
				ix = lazily(ix)
			}
		}
		checked := 0
		for id, always := range throughout {
			if always {
				require.Equal(t, 1, came[id], id)
				checked++
			}
		}
		require.Greater(t, checked, 50)
		for id, times := range came {
			require.True(t, times == 1 || deleted[id], id) // who comes back is somebody new
		}
	}
}
