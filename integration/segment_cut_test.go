package integration

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// Steps over connections that are cut all the time, between a commit and its answer as well, happen once each: one that
// fails has not happened, and one of which that is not known the next step finds out about.
func TestSegmentCut(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		ctx, addr, dir := t.Context(), e.address(t), t.TempDir()
		p := newProxy(t, addr)
		direct := e.storeAt(t, addr, dir, 2)
		cut := store.Limited(e.storeAt(t, p.Addr().String(), dir, 3), store.MinLimits)
		w, x, rng := twinOf(sagaSeed), newSaga(sagaSeed), rand.New(rand.NewPCG(4, 4))
		o := (&duty{Owner: "cut off", Now: sagaStart}).options(x, func(...any) {})
		o.Backoff = &store.Backoff{Attempts: 1}
		o.LogBytes = 100 << 10
		l, err := segment.OpenLive(ctx, cut, o)
		require.NoError(t, err)
		failed, unknown, happened := 0, 0, 0
		for x.n < race.Fewer(45, 30) {
			m := x.next()
			for tries, done := 0, false; !done; tries++ {
				p.arm(0)
				if tries == 0 { // a fresh connection, to which more is said, has to be made then
					p.arm(1 + rng.IntN(8))
				}
				told, err := m.do(ctx, l)
				switch {
				case errors.Is(err, store.ErrUnknownOutcome):
					unknown++
					for err = error(store.ErrUnknownOutcome); errors.Is(err, store.ErrUnknownOutcome); {
						p.arm(rng.IntN(3) * rng.IntN(9))
						_, err = l.Advance(ctx, l.At())
					}
					text, pictureErr := picture(ctx, l)
					require.NoError(t, pictureErr)
					if done = short(text) == w.mark(t, x.n).picture && !w.mark(t, x.n).idle; done {
						happened++
					}
				case errors.Is(err, store.ErrUnavailable):
					failed++
				default:
					require.Equal(t, w.mark(t, x.n).outcome, outcome(told, err))
					done = true
				}
				text, err := picture(ctx, l)
				require.NoError(t, err)
				n := x.n
				if !done {
					n--
				}
				require.Equal(t, w.mark(t, n).picture, short(text), "move %d, %t", x.n, done)
			}
		}
		p.arm(0)
		t.Log(p.cuts.Load(), "cuts:", failed, "moves failed, of", unknown, "it was not known,", happened, "of them had happened")
		require.Positive(t, happened)
		require.Positive(t, failed)
		require.NoError(t, l.Close(ctx))
		r := (&duty{Seed: sagaSeed, Reader: true}).openedReader(t, direct)
		require.Equal(t, x.n, (&trace{t: t, w: w, done: x.n}).resembles(r, 0))
	})
}
