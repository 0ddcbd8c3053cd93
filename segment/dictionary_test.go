package segment

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// testID returns the n-th of many different ids that look random.
func testID(n int) (id customer.ID) {
	binary.LittleEndian.PutUint64(id[:8], mix(uint64(n)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93))
	binary.LittleEndian.PutUint64(id[8:], uint64(n))
	return id
}

func testIDs(from, to int) []customer.ID {
	ids := make([]customer.ID, to-from)
	for i := range ids {
		ids[i] = testID(from + i)
	}
	return ids
}

// blocksOf returns a copy of the ids of v, block by block.
func blocksOf(v dictView) (blocks [][]customer.ID) {
	for chunk := range (int(v.len()) + blockSize - 1) / blockSize {
		blocks = append(blocks, slices.Clone(v.ids(chunk)))
	}
	return blocks
}

// requireView checks that v holds the ids of want in order, and of nothing else.
func requireView(t *testing.T, v dictView, want []customer.ID, absent []customer.ID) {
	t.Helper()
	newest := map[customer.ID]uint32{}
	for pos, id := range want {
		newest[id] = uint32(pos)
	}
	require.EqualValues(t, len(want), v.len())
	for chunk := 0; chunk<<chunkBits < len(want); chunk++ {
		require.True(t, slices.Equal(v.ids(chunk), want[chunk<<chunkBits:min(len(want), (chunk+1)<<chunkBits)]))
	}
	asked := slices.Concat(want, absent)
	dst := make([]uint32, len(asked))
	v.lookupAll(asked, dst)
	for i, id := range asked {
		expected, there := newest[id]
		if !there {
			expected = noPosition
		}
		pos, ok := v.lookup(id)
		if pos != expected || ok != there || dst[i] != expected {
			require.FailNow(t, "lookup", "%v: want %d, lookup %d %v, lookupAll %d", id, expected, pos, ok, dst[i])
		}
	}
	for range min(10, len(want)) {
		pos := rand.IntN(len(want))
		require.Equal(t, want[pos], v.id(uint32(pos)))
	}
}

// TestDictionaryAgainstList adds, adds again, fails batches and keeps views, and compares all with a plain list of ids.
func TestDictionaryAgainstList(t *testing.T) {
	type kept struct {
		view dictView
		ids  []customer.ID
	}
	batches := 100
	if race.Enabled {
		batches = 30
	}
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := new(dictionary) // the zero dictionary is empty
		if seed > 0 {
			d = newDictionary(seed)
		}
		var ids []customer.ID
		newest := map[customer.ID]uint32{}
		dead := map[uint32]bool{}
		views := []kept{{d.view(), nil}}
		universe := 1000 << (2 * seed)
		for range batches {
			before := d.count
			batch := testIDs(0, r.IntN(700))
			for i := range batch {
				batch[i] = testID(r.IntN(universe))
			}
			switch r.IntN(4) {
			case 0: // one by one, always new positions
				for i, id := range batch {
					require.EqualValues(t, len(ids)+i, d.add(id))
					pos, _ := d.lookup(id)
					require.EqualValues(t, len(ids)+i, pos)
				}
				ids = append(ids, batch...)
			case 1: // a batch that fails
				dst := make([]uint32, len(batch))
				require.NoError(t, d.addAll(batch, dst, 1, func(pos uint32) bool { return pos%3 == 0 }))
				for _, id := range batch[:len(batch)/2] {
					d.add(id)
				}
				d.truncate(d.count - (d.count-before)/2) // in two steps
				d.truncate(before)
				require.Equal(t, before, d.count)
			default: // some have died
				for range len(ids) / 10 {
					dead[uint32(r.IntN(len(ids)))] = true
				}
				dst := make([]uint32, len(batch))
				require.NoError(t, d.addAll(batch, dst, 1+r.IntN(3), func(pos uint32) bool { return !dead[pos] }))
				for i, id := range batch {
					pos, ok := newest[id]
					if !ok || pos < before && dead[pos] {
						pos = uint32(len(ids))
						ids = append(ids, id)
						newest[id] = pos
					}
					require.Equal(t, pos, dst[i])
				}
			}
			for pos := int(before); pos < len(ids); pos++ {
				newest[ids[pos]] = uint32(pos)
			}
			if r.IntN(6) == 0 {
				views = append(views, kept{d.view(), slices.Clone(ids)})
			}
		}
		absent := testIDs(universe, universe+1000)
		requireView(t, d.view(), ids, absent)
		for _, k := range views {
			requireView(t, k.view, k.ids, append(absent, ids[len(k.ids):]...))
		}
		restored, err := restoreDictionary(seed, blocksOf(d.view()), 2)
		require.NoError(t, err)
		requireView(t, restored.view(), ids, absent)
	}
}

// TestDictionaryReaders reads many views, old and new, while the writer adds, adds again and takes back.
func TestDictionaryReaders(t *testing.T) {
	const total = 60_000
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]customer.ID, total) // at each position
	positions := map[customer.ID][]uint32{}
	for pos := range ids {
		ids[pos] = testID(r.IntN(total / 2))
		positions[ids[pos]] = append(positions[ids[pos]], uint32(pos))
	}
	d := newDictionary(7)
	var current atomic.Pointer[dictView]
	v := d.view()
	current.Store(&v)
	var done atomic.Bool
	var wrong atomic.Int64
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(reader), 3))
			views := []dictView{*current.Load()}
			dst := make([]uint32, 200)
			for last := false; !last; {
				last = done.Load()
				views = append(views, *current.Load())
				if len(views) > 50 {
					views[r.IntN(len(views)-1)] = views[len(views)-1]
					views = views[:len(views)-1]
				}
				v := views[r.IntN(len(views))]
				first := r.IntN(total - len(dst))
				v.lookupAll(ids[first:first+len(dst)], dst)
				for i, id := range ids[first : first+len(dst)] {
					list := positions[id]
					n, _ := slices.BinarySearch(list, v.len())
					want := noPosition
					if n > 0 {
						want = list[n-1]
					}
					pos, ok := v.lookup(id)
					if pos != want || dst[i] != want || ok != (n > 0) || ok && v.id(pos) != id {
						wrong.Add(1)
					}
				}
			}
		})
	}
	for d.count < total {
		v := d.view()
		current.Store(&v)
		if r.IntN(3) == 0 {
			for range r.IntN(100) {
				d.add(testID(r.IntN(total)))
			}
			d.truncate(v.count)
		}
		for range min(r.IntN(60), total-int(d.count)) {
			d.add(ids[d.count])
		}
	}
	done.Store(true)
	wg.Wait()
	require.Zero(t, wrong.Load())
}

// TestDictionaryTruncateLeavesTablesOfReaders: a reader that has read a slot and is about to look up what was before the
// position in it must find that, even if the position is taken back and given to another id meanwhile.
func TestDictionaryTruncateLeavesTablesOfReaders(t *testing.T) {
	d := newDictionary(1)
	var ids []customer.ID // of one shard
	for i := 0; len(ids) < 2; i++ {
		id := testID(i)
		if shardOf(d.hash(&id)) == 0 {
			ids = append(ids, id)
			d.add(id)
		}
	}
	v := d.view()
	again := d.add(ids[0])
	table := d.shards[0].Load()
	held := slices.Clone(table.slots)
	require.EqualValues(t, 0, table.before(again, v.len()))
	d.truncate(v.len())
	require.Equal(t, again, d.add(ids[1]))
	require.Equal(t, held, table.slots)
	require.EqualValues(t, 0, table.before(again, v.len()))
	for pos, id := range ids {
		require.EqualValues(t, pos, v.find(table, table.home(d.hash(&id)), d.hash(&id), &id))
		found, _ := v.lookup(id)
		require.EqualValues(t, pos, found)
	}
}

func TestDictionaryAddAllIsTheSameForAnyWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	ids := make([]customer.ID, 200_000)
	for i := range ids {
		ids[i] = testID(r.IntN(150_000))
	}
	live := func(pos uint32) bool { return pos%5 != 0 }
	var first []uint32
	for _, workers := range []int{1, 2, 3, 16} {
		d := newDictionary(1)
		dst := make([]uint32, len(ids))
		require.NoError(t, d.addAll(ids[:70_000], dst[:70_000], workers, live))
		require.NoError(t, d.addAll(ids[70_000:], dst[70_000:], workers, live))
		if first == nil {
			first = dst
		}
		require.True(t, slices.Equal(first, dst), "workers %d", workers)
	}
}

// TestDictionaryBytes: at most 26 bytes an id, whatever the size and the way there.
func TestDictionaryBytes(t *testing.T) {
	if race.Enabled {
		t.Skip("what it holds is the same without the race detector, and takes long with it")
	}
	check := func(d *dictionary) {
		if v := d.view(); v.count >= 100_000 && v.bytes() > 26*int(v.count) {
			require.FailNow(t, "too large", "%d bytes for %d ids", v.bytes(), v.count)
		}
	}
	t.Run("one by one", func(t *testing.T) {
		d := newDictionary(1)
		for i := range 400_000 {
			d.add(testID(i))
			if i%97 == 0 {
				check(d)
			}
		}
	})
	t.Run("batches", func(t *testing.T) {
		d := newDictionary(2)
		r := rand.New(rand.NewPCG(1, 1))
		for d.count < 3_000_000 {
			next := int(d.count)
			ids := testIDs(next, next+r.IntN(1+next/3+1000))
			require.NoError(t, d.addAll(ids, make([]uint32, len(ids)), 2, nil))
			check(d)
		}
	})
	t.Run("the same ids again in one batch", func(t *testing.T) {
		d := newDictionary(3)
		ids := testIDs(0, 150_000)
		ids = slices.Concat(ids, ids, ids, ids, ids, ids)
		require.NoError(t, d.addAll(ids, make([]uint32, len(ids)), 1, nil))
		require.EqualValues(t, 150_000, d.count)
		check(d)
	})
	t.Run("batches that fail", func(t *testing.T) {
		d := newDictionary(4)
		ids := testIDs(0, 500_000)
		require.NoError(t, d.addAll(ids[:100_000], make([]uint32, 100_000), 1, nil))
		for range 3 {
			require.NoError(t, d.addAll(ids, make([]uint32, len(ids)), 1, nil))
			d.truncate(100_000)
			check(d)
		}
		for i := range 2_000 {
			for j := range 50 {
				d.add(testID(1_000_000 + 50*i + j))
			}
			d.truncate(100_000)
			check(d)
		}
	})
	t.Run("added again and again", func(t *testing.T) {
		d := newDictionary(4)
		for i := range 600_000 {
			d.add(testID(i % 60_000))
			if i%97 == 0 {
				check(d)
			}
		}
	})
	t.Run("restored", func(t *testing.T) {
		for _, n := range []int{100_000, 131_073, 777_777} {
			d := newDictionary(5)
			require.NoError(t, d.addAll(testIDs(0, n), make([]uint32, n), 1, nil))
			restored, err := restoreDictionary(5, blocksOf(d.view()), 1)
			require.NoError(t, err)
			check(restored)
		}
	})
	t.Run("as the runtime counts", func(t *testing.T) {
		heap := func() int {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		for _, n := range []int{100_000, 131_073, 500_000, 1_000_000} {
			before := heap()
			d := newDictionary(6)
			for i := range n {
				d.add(testID(i))
			}
			held := heap() - before
			require.LessOrEqual(t, held, 26*n, "%d ids", n)
			require.InEpsilon(t, held, d.view().bytes(), 0.03, "%d ids", n)
		}
	})
}

func TestDictionaryIsFull(t *testing.T) {
	d := newDictionary(1)
	d.add(testID(0))
	d.count = maxPositions - 3 // as if there were as many
	d.blocks = slices.Concat(d.blocks, make([][]customer.ID, 1<<16-1))
	d.blocks[1<<16-1] = make([]customer.ID, blockSize)
	dst := make([]uint32, 4)
	require.ErrorIs(t, d.addAll(testIDs(1, 5), dst, 1, nil), ErrLimit)
	require.EqualValues(t, maxPositions-3, d.count)
	for i := range 4 {
		_, ok := d.lookup(testID(1 + i))
		require.False(t, ok)
	}
	require.NoError(t, d.addAll(testIDs(1, 4), dst[:3], 1, nil))
	require.Equal(t, []uint32{maxPositions - 3, maxPositions - 2, maxPositions - 1}, dst[:3])
	require.EqualValues(t, noPosition, d.add(testID(9)))
	require.ErrorIs(t, d.addAll(testIDs(0, 5), make([]uint32, 5), 1, nil), ErrLimit)
	for i, want := range []uint32{0, maxPositions - 3, maxPositions - 2, maxPositions - 1} {
		pos, ok := d.view().lookup(testID(i))
		require.True(t, ok)
		require.Equal(t, want, pos)
	}
}

func TestRestoreDictionaryRefusesBlocks(t *testing.T) {
	full, part := make([]customer.ID, blockSize), make([]customer.ID, 10)
	for name, blocks := range map[string][][]customer.ID{
		"a part before the last": {part, full},
		"an empty one":           {full, nil},
		"one too large":          {make([]customer.ID, blockSize+1)},
	} {
		_, err := restoreDictionary(1, blocks, 1)
		require.Error(t, err, name)
	}
	d, err := restoreDictionary(1, nil, 1)
	require.NoError(t, err)
	require.Zero(t, d.view().len())
}

// TestDictionarySpreadsIDs: whatever the ids have in common, shards are even and searches short. With random hashes and
// three quarters of the slots in use a search that finds looks at 2.5 slots (Knuth, The Art of Computer Programming,
// volume 3, section 6.4).
func TestDictionarySpreadsIDs(t *testing.T) {
	if race.Enabled {
		t.Skip("nothing in it runs at the same time")
	}
	const n = 100_000
	for name, id := range map[string]func(i int) customer.ID{
		"random":      testID,
		"numbers":     func(i int) customer.ID { return customer.FromInt64(int64(i)) },
		"large steps": func(i int) customer.ID { return customer.FromInt64(int64(i) << 32) },
		"first half":  func(i int) (id customer.ID) { binary.BigEndian.PutUint64(id[:], uint64(i)); return },
		"second half": func(i int) (id customer.ID) { binary.BigEndian.PutUint64(id[8:], uint64(i)); return },
		"equal halves": func(i int) (id customer.ID) {
			id[0], id[8], id[1], id[9], id[2], id[10] = byte(i), byte(i), byte(i>>8), byte(i>>8), byte(i>>16), byte(i>>16)
			return
		},
		"time and count": func(i int) (id customer.ID) {
			binary.BigEndian.PutUint64(id[:], (uint64(1.7e12)+uint64(i/10))<<16|0x7000)
			id[8], id[15] = 0x80, byte(i%10)
			return
		},
	} {
		for _, seed := range []uint64{0, 1 << 63} {
			d := newDictionary(seed)
			for i := range n {
				d.add(id(i))
			}
			looked := 0
			for s := range shardCount {
				require.InDelta(t, n/shardCount, d.held[s], 6*40, "%s: shard %d", name, s) // six standard deviations
				table := d.shards[s].Load()
				for i, slot := range table.slots {
					if slot >= slotFirst {
						h := d.hash(d.at(slot&^table.tags - slotFirst))
						looked += 1 + (i-table.home(h)+len(table.slots))%len(table.slots)
					}
				}
			}
			require.Less(t, float64(looked)/n, 2.5, name)
		}
	}
}

func BenchmarkDictionary(b *testing.B) {
	for _, n := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkDictionary(b, n) })
	}
}

func benchmarkDictionary(b *testing.B, n int) {
	perID := func(b *testing.B, ids int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(ids), "ns/id")
	}
	ids := testIDs(0, n)
	dst := make([]uint32, n)
	var d *dictionary
	b.Run("addAll", func(b *testing.B) {
		for b.Loop() {
			d = newDictionary(1)
			_ = d.addAll(ids, dst, 1, nil)
		}
		perID(b, n)
	})
	b.Run("addAllAgain", func(b *testing.B) {
		for b.Loop() {
			_ = d.addAll(ids, dst, 1, nil)
		}
		perID(b, n)
	})
	b.Run("restore", func(b *testing.B) {
		blocks := d.blocks
		for b.Loop() {
			_, _ = restoreDictionary(1, blocks, 1)
		}
		perID(b, n)
	})
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			d = newDictionary(1)
			for _, id := range ids {
				d.add(id)
			}
		}
		perID(b, n)
		b.ReportMetric(float64(d.view().bytes())/float64(n), "bytes/id")
	})
	order := make([]customer.ID, 1_000_000) // of ids that are there, in random order
	missing := testIDs(n, n+len(order))
	for i := range order {
		order[i] = ids[mix(uint64(i)+1, 0xd6e8feb86659fd93)%uint64(n)]
	}
	for _, c := range []struct {
		name string
		ids  []customer.ID
	}{{"hit", order}, {"miss", missing}} {
		b.Run("lookup/"+c.name, func(b *testing.B) {
			v, found := d.view(), 0
			for b.Loop() {
				for _, id := range c.ids {
					if _, ok := v.lookup(id); ok {
						found++
					}
				}
			}
			perID(b, len(c.ids))
		})
		b.Run("lookupAll/"+c.name, func(b *testing.B) {
			v := d.view()
			for b.Loop() {
				v.lookupAll(c.ids, dst[:len(c.ids)])
			}
			perID(b, len(c.ids))
		})
	}
	b.Run("gc", func(b *testing.B) {
		benchmarkGC(b)
		runtime.KeepAlive(d)
	})

	d = nil
	var m map[customer.ID]uint32
	b.Run("map/add", func(b *testing.B) {
		for b.Loop() {
			m = make(map[customer.ID]uint32)
			for _, id := range ids {
				if _, ok := m[id]; !ok {
					m[id] = uint32(len(m))
				}
			}
		}
		perID(b, n)
	})
	b.Run("map/lookup/hit", func(b *testing.B) {
		found := 0
		for b.Loop() {
			for _, id := range order {
				if _, ok := m[id]; ok {
					found++
				}
			}
		}
		perID(b, len(order))
	})
	b.Run("map/gc", func(b *testing.B) {
		benchmarkGC(b)
		runtime.KeepAlive(m)
	})
}

func benchmarkGC(b *testing.B) {
	runtime.GC()
	var worst time.Duration
	for b.Loop() {
		start := time.Now()
		runtime.GC()
		worst = max(worst, time.Since(start))
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}
