package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

func TestRun(t *testing.T) {
	ctx := t.Context()
	src, r, cursor := &source{}, &receiver{}, MemoryCursor(Place{})
	run := func(batch int) int {
		n, err := Run(ctx, src, r, cursor, &Options{Batch: batch})
		require.NoError(t, err)
		return n
	}
	require.Zero(t, run(3), "nothing there")
	src.last = 7
	require.Equal(t, 7, run(3))
	require.Zero(t, run(3))
	src.last = 8
	require.Equal(t, 1, run(3))
	src.last = 11
	require.Equal(t, 3, run(3))
	require.Equal(t, []string{"1-3", "4-6", "7-7", "8-8", "9-11"}, r.numbers())
	r.requireComplete(t, 11)
	place, err := cursor.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, Place{11, 11}, place)

	src.last = 11 + DefaultBatch + 1
	n, err := Run(ctx, src, r, cursor, nil)
	require.NoError(t, err)
	require.Equal(t, DefaultBatch+1, n)
	require.Len(t, r.batches[5], DefaultBatch)
}

// What went out comes again as it was, though more has come, and with another size of batches.
func TestRunRepeatsTheSameBatch(t *testing.T) {
	ctx := t.Context()
	src, r, cursor := &source{last: 4}, &receiver{}, MemoryCursor(Place{})
	r.fault = func() (error, error) { return nil, errTest } // it arrives, but nobody knows
	n, err := Run(ctx, src, r, cursor, &Options{Batch: 10})
	require.ErrorIs(t, err, errTest)
	require.EqualError(t, err, "notify: delivering notices 1 to 4: failed")
	require.Zero(t, n)
	src.last = 100
	_, err = Run(ctx, src, r, cursor, &Options{Batch: 2})
	require.ErrorIs(t, err, errTest)
	r.fault = nil
	n, err = Run(ctx, src, r, cursor, &Options{Batch: 90})
	require.NoError(t, err)
	require.Equal(t, 100, n)
	require.Equal(t, []string{"1-4", "1-4", "1-4", "5-94", "95-100"}, r.numbers())
}

func TestRunErrors(t *testing.T) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		src    *source
		place  Place
		o      *Options
		is     error
		saying string
	}{
		"negative batch":     {o: &Options{Batch: -1}, is: ErrOptions},
		"too large a batch":  {o: &Options{Batch: MostBatch + 1}, is: ErrOptions},
		"gap":                {src: &source{last: 9, change: func(n segment.Notice) segment.Notice { n.Number += n.Number / 3; return n }}, is: ErrGap, saying: "notice 4 where 3 comes next"},
		"twice":              {src: &source{last: 9, change: func(n segment.Notice) segment.Notice { n.Number = (n.Number + 1) / 2; return n }}, is: ErrGap},
		"older source":       {src: &source{last: 7}, place: Place{5, 9}, is: ErrGap, saying: "2 notices after 5, where 4 went out before"},
		"empty source":       {place: Place{5, 9}, is: errOther},
		"another source":     {src: &source{last: 4}, place: Place{5, 5}, is: errOther},
		"backward cursor":    {src: &source{last: 7}, place: Place{5, 4}, is: ErrGap},
		"far cursor":         {src: &source{last: 7}, place: Place{0, 1 << 63}, is: ErrGap},
		"failing source":     {src: &source{last: 7, fail: errTest}, is: errTest, saying: "reading notices after 1: failed"},
		"failing after some": {src: &source{last: 7, fail: errTest}, place: Place{2, 2}, is: errTest, saying: "reading notices after 3: failed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &receiver{}
			src := c.src
			if src == nil {
				src = &source{}
			}
			n, err := Run(ctx, src, r, MemoryCursor(c.place), c.o)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.saying)
			require.Zero(t, n)
			require.Empty(t, r.batches)
		})
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := Run(ended, &source{last: 3}, &receiver{}, MemoryCursor(Place{}), nil)
	require.ErrorIs(t, err, context.Canceled)
}

// A cursorWithFaults fails before or after it has saved. Not safe for concurrent use.
type cursorWithFaults struct {
	Cursor
	rng *rand.Rand
}

func (c *cursorWithFaults) Load(ctx context.Context) (Place, error) {
	if c.rng.IntN(10) == 0 {
		return Place{}, errTest
	}
	return c.Cursor.Load(ctx)
}

func (c *cursorWithFaults) Save(ctx context.Context, p Place) error {
	switch c.rng.IntN(10) {
	case 0:
		return errTest
	case 1:
		return errors.Join(c.Cursor.Save(ctx, p), errTest)
	}
	return c.Cursor.Save(ctx, p)
}

// Whatever fails, and wherever the process ends, the receiver gets all and a batch that comes again is the same.
func TestRunWithFaults(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		src, r := &source{}, &receiver{}
		faulty := true
		r.fault = func() (before, after error) {
			if faulty && rng.IntN(5) == 0 {
				before = errTest
			}
			if faulty && rng.IntN(5) == 0 {
				after = errTest
			}
			return before, after
		}
		memory := MemoryCursor(Place{})
		failed := 0
		for range 60 {
			src.last += rng.Uint64N(8)
			o := &Options{Batch: 1 + rng.IntN(5)}
			if _, err := Run(t.Context(), src, r, &cursorWithFaults{memory, rng}, o); err != nil {
				require.ErrorIs(t, err, errTest)
				failed++
			}
		}
		require.Positive(t, failed)
		faulty = false
		_, err := Run(t.Context(), src, r, memory, nil)
		require.NoError(t, err)
		r.requireComplete(t, src.last)
	}
}

// The same on a store whose commits fail or whose outcomes are lost, with a new process every time.
func TestRunOnFailingStore(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2))
		memory := new(store.Memory)
		s := &weather{Store: store.Limited(memory, store.MinLimits), rng: rng}
		src, r := &source{}, &receiver{}
		for range 25 {
			src.last += rng.Uint64N(20)
			ctx, cancel := context.WithCancel(t.Context())
			if rng.IntN(3) == 0 {
				s.kill = cancel
			}
			cursor, err := StoreCursor(s, []byte("cursor"))
			require.NoError(t, err)
			if _, err := Run(ctx, src, r, cursor, &Options{Batch: 1 + rng.IntN(6)}); err != nil {
				require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable), err)
			}
			s.kill = nil
			cancel()
		}
		cursor, err := StoreCursor(memory, []byte("cursor"))
		require.NoError(t, err)
		_, err = Run(t.Context(), src, r, cursor, nil)
		require.NoError(t, err)
		r.requireComplete(t, src.last)
	}
}

func TestFan(t *testing.T) {
	ctx := t.Context()
	src := &source{last: 10}
	var routes []Route
	var receivers []*receiver
	for i := range 4 {
		r := &receiver{}
		if i%2 == 1 {
			r.fault = func() (error, error) { return errTest, nil }
		}
		receivers = append(receivers, r)
		routes = append(routes, Route{Name: fmt.Sprint("r", i), Sink: r, Cursor: MemoryCursor(Place{uint64(i), uint64(i)})})
	}
	err := Fan(ctx, src, &Options{Batch: 6}, routes...)
	require.ErrorIs(t, err, errTest)
	require.EqualError(t, err, "notify: route \"r1\": notify: delivering notices 2 to 7: failed\n"+
		"notify: route \"r3\": notify: delivering notices 4 to 9: failed")
	receivers[1].fault, receivers[3].fault = nil, nil
	require.NoError(t, Fan(ctx, src, &Options{Batch: 6}, routes...))
	require.Equal(t, []string{"1-6", "7-10"}, receivers[0].numbers())
	require.Equal(t, []string{"2-7", "8-10"}, receivers[1].numbers())
	require.Equal(t, []string{"3-8", "9-10"}, receivers[2].numbers())
	require.Equal(t, []string{"4-9", "10-10"}, receivers[3].numbers())

	require.NoError(t, Fan(ctx, src, nil))
	err = Fan(ctx, src, nil, Route{}, Route{Name: "a", Sink: receivers[0], Cursor: MemoryCursor(Place{})}, Route{Name: "a"})
	require.ErrorIs(t, err, ErrOptions)
	require.EqualError(t, err, `notify: invalid options: Name of route 0 is empty or has another one
notify: invalid options: route 0 has no Sink or no Cursor
notify: invalid options: Name of route 2 is empty or has another one
notify: invalid options: route 2 has no Sink or no Cursor`)
}

// A slow sink does not hold up another one.
func TestFanDoesNotWait(t *testing.T) {
	released := make(chan struct{})
	slow := SinkFunc(func(context.Context, []segment.Notice) error { <-released; return nil })
	last := SinkFunc(func(_ context.Context, notices []segment.Notice) error {
		if notices[len(notices)-1].Number == 10 {
			close(released)
		}
		return nil
	})
	require.NoError(t, Fan(t.Context(), &source{last: 10}, &Options{Batch: 1},
		Route{"slow", slow, MemoryCursor(Place{})}, Route{"quick", last, MemoryCursor(Place{})}))
}
