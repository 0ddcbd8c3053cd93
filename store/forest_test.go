package store

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForest: a store whose trees are divided after a few entries does what a map does,
// also where commits fail, are shared by several goroutines, or leave trees empty.
func TestForest(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		m, model := &Memory{forest: newForest()}, map[string]Entry{}
		m.forest.most = 4 + random.IntN(30)
		keys := 20 + random.IntN(4000)
		failed, shared := 0, 0
		for range 60 {
			b, order := randomBatch(random, keys, model)
			want := maps.Clone(model)
			for _, w := range b.Writes {
				if w.Delete {
					delete(want, string(w.Key))
				} else {
					want[string(w.Key)] = Entry{Key: w.Key, Value: w.Value, Version: m.last + 1}
				}
			}
			wrong := slices.IndexFunc(b.Conditions, func(c Condition) bool { return model[string(c.Key)].Version != c.Version })
			before, entries := m.forest.copy(Range{}), m.forest.len()
			_, err := m.Commit(ctx, b)
			if wrong >= 0 {
				require.ErrorIs(t, err, ErrConflict)
				failed++
			} else {
				require.NoError(t, err)
				model = want
			}
			if len(b.Writes) >= leastShared && order {
				shared++
			}
			require.Equal(t, entries, before.len(), "a copy is as of its moment")
			checkForest(t, m, model)
			checkScan(t, random, m, model, keys)
		}
		require.Positive(t, failed)
		if keys > 2000 {
			require.Positive(t, shared)
		}
		require.NoError(t, m.DeleteRange(ctx, Range{}))
		checkForest(t, m, nil)
		require.Len(t, m.forest.trees, 1)
	}
}

// TestForestCopyOfFew: of many trees only those are copied that a scan with a limit can come to.
func TestForestCopyOfFew(t *testing.T) {
	f := newForest()
	f.most = 10
	var items []treeItem
	for i := range 1000 {
		items = append(items, newTreeItem(forestKey(i), nil, 1))
	}
	for part := range slices.Chunk(items, 10) {
		require.Equal(t, -1, f.write(1, part, nil))
	}
	require.Greater(t, len(f.trees), 100)
	for _, r := range []Range{{}, {From: forestKey(300)}, {To: forestKey(700)}} {
		for _, r.Reverse = range []bool{false, true} {
			r.Limit = 1
			require.LessOrEqual(t, len(f.copy(r).trees), 2)
			r.Limit = 50
			c := f.copy(r)
			require.Less(t, len(c.trees), 60)
			n := 0
			c.ascend(r, func(treeItem) bool { n++; return n < r.Limit })
			require.Equal(t, r.Limit, n)
		}
	}
}

func forestKey(i int) []byte { return fmt.Appendf(nil, "a prefix of some length %05d", i) }

// randomBatch writes many or few, in the order of keys or not, and now and then demands
// what is not there. It reports whether it is in order.
func randomBatch(random *rand.Rand, keys int, model map[string]Entry) (*Batch, bool) {
	b, chosen := new(Batch), random.Perm(keys)
	chosen = chosen[:random.IntN(min(keys, 1<<random.IntN(12)+1))+1]
	order := random.IntN(4) > 0
	if order {
		slices.Sort(chosen)
	}
	deletes, wrong := random.IntN(4), -1
	if random.IntN(3) == 0 {
		wrong = random.IntN(len(chosen))
	}
	demanded := map[int]bool{}
	demand := func(i int, more Version) {
		if key := forestKey(i); !demanded[i] {
			b.Conditions = append(b.Conditions, Condition{Key: key, Version: model[string(key)].Version + more})
		}
		demanded[i] = true
	}
	for n, i := range chosen {
		key := forestKey(i)
		if random.IntN(4) < deletes {
			b.Delete(key)
		} else {
			b.Put(key, forestKey(random.IntN(keys)))
		}
		switch {
		case n == wrong:
			demand(i, 1)
		case random.IntN(2) == 0:
			demand(i, 0)
		case random.IntN(8) == 0: // perhaps not written
			demand(min(i+1, keys-1), 0)
		}
	}
	return b, order
}

// checkForest compares all entries, and looks at the trees.
func checkForest(t *testing.T, m *Memory, model map[string]Entry) {
	f := m.forest
	require.Equal(t, len(model), f.len())
	f.ascend(Range{}, func(e treeItem) bool {
		require.Equal(t, model[string(e.data)], e.entry())
		require.Equal(t, e.entry(), f.get(e.data).entry())
		return true
	})
	require.Len(t, f.from, len(f.trees))
	for i, tree := range f.trees {
		require.LessOrEqual(t, tree.Len(), f.most)
		require.True(t, tree.Len() > 0 || len(f.trees) == 1)
		tree.Scan(func(e treeItem) bool {
			require.Equal(t, i, f.at(e))
			return true
		})
	}
}

// checkScan compares scans of a part, in both directions.
func checkScan(t *testing.T, random *rand.Rand, m *Memory, model map[string]Entry, keys int) {
	r := Range{From: forestKey(random.IntN(keys)), To: forestKey(random.IntN(keys + 1)), Reverse: random.IntN(2) == 0}
	r.Limit = random.IntN(2) * random.IntN(keys)
	if random.IntN(4) == 0 {
		r.From = nil
	}
	if random.IntN(4) == 0 {
		r.To = nil
	}
	var want, got []string
	for _, key := range slices.Sorted(maps.Keys(model)) {
		if key >= string(r.From) && (r.To == nil || key < string(r.To)) {
			want = append(want, key)
		}
	}
	if r.Reverse {
		slices.Reverse(want)
	}
	if r.Limit > 0 {
		want = want[:min(r.Limit, len(want))]
	}
	for e, err := range m.Scan(context.Background(), r) {
		require.NoError(t, err)
		require.True(t, bytes.Equal(model[string(e.Key)].Value, e.Value))
		got = append(got, string(e.Key))
	}
	require.Equal(t, want, got)
}
