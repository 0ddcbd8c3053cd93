package profile

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

const someRows = 1 << 11 // of a chunk

// ordersRead yields so many, and calls at before each.
func ordersRead(n int, at func(i int)) iter.Seq[Evidence] {
	return func(yield func(Evidence) bool) {
		for i := range n {
			if at(i); !yield(anOrder(i%1000, i)) {
				return
			}
		}
	}
}

// A hookedStore calls do before every commit.
type hookedStore struct {
	store.Store
	do func()
}

func (s *hookedStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	s.do()
	return s.Store.Commit(ctx, b)
}

// While a chunk is added the next is read: commits wait here until it is half read.
func TestAddManyReadsAhead(t *testing.T) {
	s := &hookedStore{new(store.Memory), func() {}}
	p := openLog(t, s)
	half := make(chan struct{})
	s.do = func() { <-half }
	sum, err := p.addMany(t.Context(), logStart, ordersRead(2*someRows, func(i int) {
		if i == someRows+someRows/2 {
			close(half)
		}
	}), nil, someRows)
	require.NoError(t, err)
	require.Equal(t, Summary{Added: 2 * someRows}, sum)
}

// The sequence is left soon after what was added before has failed, and once only.
func TestAddManyStopsReading(t *testing.T) {
	wrong := errors.New("wrong")
	for name, fail := range map[string]func(cancel func()) error{
		"cancelled": func(cancel func()) error { cancel(); return nil },
		"failed":    func(func()) error { return wrong },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := &failingStore{Store: new(store.Memory)}
		p := openLog(t, s)
		s.fail = func() error { return fail(cancel) }
		read := 0
		_, err := p.addMany(ctx, logStart, ordersRead(4*someRows, func(int) { read++ }), nil, someRows)
		require.Error(t, err, name)
		require.LessOrEqual(t, read, 2*someRows, name)
		require.Less(t, read, 4*someRows, name)
	}
}

// A failingStore fails commits.
type failingStore struct {
	store.Store
	fail func() error
}

func (s *failingStore) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.fail != nil {
		if err := s.fail(); err != nil {
			return 0, err
		}
	}
	return s.Store.Commit(ctx, b)
}

// A panic of the sequence, and one of a function of the options, comes out of AddMany, when
// nobody works any more.
func TestAddManyPanics(t *testing.T) {
	var mu sync.Mutex
	ended := false
	s := &hookedStore{new(store.Memory), func() {}}
	p := openLog(t, s)
	s.do = func() {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			t.Error("a commit after AddMany has ended")
		}
	}
	require.PanicsWithValue(t, "sequence", func() {
		_, _ = p.addMany(t.Context(), logStart, ordersRead(2*someRows, func(i int) {
			if i == someRows+100 {
				panic("sequence")
			}
		}), nil, someRows)
	})
	mu.Lock()
	ended = true
	mu.Unlock()
	require.PanicsWithValue(t, "progress", func() {
		_, _ = openLog(t, new(store.Memory)).addMany(t.Context(), logStart, ordersRead(2*someRows, func(int) {}), &ManyOptions{
			Workers: 1, Progress: func(int64, int64) { panic("progress") },
		}, someRows)
	})
}
