package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

// newCrowdTrial is newKeptTrial with so many customers that numbers lie in bit slices, sets in bitmaps, and batches beside them or
// not.
func newCrowdTrial(t testing.TB, seed uint64) *keptTrial {
	const customers = sparseInts + 700
	rng := rand.New(rand.NewPCG(seed, 12))
	tags := randomTags()
	rng.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	x := &keptTrial{liveTrial: newLiveTrial(t, seed, 0), s: smallStore(), keep: 1 << 20}
	x.twin = newLiveTrial(t, seed, 0).l
	x.ids = customers
	s := modelStep{at: x.m.at, batch: &Batch{}}
	for i := range uint64(customers) {
		for _, tag := range tags[:8] {
			if rng.IntN(50) > 0 {
				s.batch.Set(subjectID(i), tag.Name, randomValue(rng, tag))
			}
		}
	}
	_, err := x.both(func(l *Live) ([]Notice, error) { return l.Apply(t.Context(), s.at, s.batch) })
	require.NoError(t, err)
	x.m.step(s, false)
	x.k = shelfOf(x.s, 1)
	keptOn(x.l, x.k)
	x.l.keep = x.keep
	x.save()
	return x
}

func testLiveCrowd(t *testing.T, seed uint64, steps int) {
	x := newCrowdTrial(t, seed)
	beside := 0
	for range steps {
		x.step()
		for i := range x.twin.Snapshot().data {
			if col, ok := x.twin.Snapshot().data[i].latest(0).(*intColumn); ok && col.late != nil && !col.sparse() {
				beside++
			}
		}
		if x.rng.IntN(3) == 0 {
			x.save()
			if x.rng.IntN(2) == 0 {
				x.reopen()
			}
		}
	}
	require.Positive(t, beside)
}

// TestLiveCrowdIsSlow is TestShelfLiveIsSlow with a crowd.
func TestLiveCrowdIsSlow(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("slow")
	}
	for seed := range uint64(2) {
		testLiveCrowd(t, 1+seed, 30)
	}
}
