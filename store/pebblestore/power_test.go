package pebblestore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

// After a power cut everything is there that was acknowledged or read before it: of
// what was written without a sync the disk keeps a random part.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			s, err := open(disk, "data", Options{MemTableBytes: 1 << 20})
			require.NoError(t, err)
			const writers = 4
			var acknowledged, seen [writers]atomic.Uint64
			var stop atomic.Bool
			var all sync.WaitGroup
			for w := range writers {
				key, other := []byte{'k', byte(w)}, []byte{'o', byte(w)}
				all.Go(func() { // counts up in two keys at once
					for n := uint64(1); !stop.Load(); n++ {
						var b store.Batch
						b.Put(key, binary.BigEndian.AppendUint64(nil, n))
						b.Put(other, binary.BigEndian.AppendUint64(make([]byte, n%5000), n))
						_, err := s.Commit(t.Context(), &b)
						if err != nil {
							t.Error(err)
							return
						}
						acknowledged[w].Store(n)
					}
				})
				all.Go(func() {
					for !stop.Load() {
						entries, err := s.Get(t.Context(), key, other)
						if err != nil {
							t.Error(err)
							return
						}
						if n := number(entries[0]); n != number(entries[1]) {
							t.Error("half a commit was read")
						} else {
							seen[w].Store(n)
						}
					}
				})
			}
			random := rand.New(rand.NewPCG(seed, 1))
			for acknowledged[0].Load() < 1+random.Uint64N(200) {
				_, err := s.Get(t.Context(), []byte("nothing"))
				require.NoError(t, err)
			}
			var before [writers]uint64
			for w := range writers {
				before[w] = max(acknowledged[w].Load(), seen[w].Load())
			}
			after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
			stop.Store(true)
			all.Wait()
			require.NoError(t, s.Close())

			s, err = open(after, "data", Options{})
			require.NoError(t, err)
			for w := range writers {
				entries, err := s.Get(t.Context(), []byte{'k', byte(w)}, []byte{'o', byte(w)})
				require.NoError(t, err)
				require.GreaterOrEqual(t, number(entries[0]), before[w])
				require.Equal(t, number(entries[0]), number(entries[1]))
			}
			require.NoError(t, s.Close())
		})
	}
}

// number is the last 8 bytes of a value, 0 if there are none.
func number(e store.Entry) uint64 {
	if len(e.Value) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(e.Value[len(e.Value)-8:])
}

// Versions go on above all that were given out before a crash, in the middle of a
// block and at its end.
func TestVersionBlocks(t *testing.T) {
	disk := vfs.NewCrashableMem()
	last := store.Version(0)
	for range 3 {
		s, err := open(disk, "data", Options{})
		require.NoError(t, err)
		for range 5 {
			var b store.Batch
			b.Put([]byte("key"), nil)
			v, err := s.Commit(t.Context(), &b)
			require.NoError(t, err)
			require.Greater(t, v, last)
			last = v
			s.version.Add(versionBlock/2 - 1)
		}
		crashed := disk.CrashClone(vfs.CrashCloneCfg{})
		require.NoError(t, s.Close())
		disk = crashed
	}
}

// Goroutines that count in one key and in keys of their own lose no step, whichever
// waves they meet in.
func TestHotKey(t *testing.T) {
	s, err := Open(t.TempDir(), &Options{MemTableBytes: 1 << 20, NoSync: true})
	require.NoError(t, err)
	defer s.Close()
	const goroutines, steps = 16, 30
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range steps {
				_, err := store.Update(t.Context(), s, &store.Backoff{Attempts: 100_000}, func(context.Context) (*store.Batch, error) {
					entries, err := s.Get(t.Context(), []byte("hot"), []byte{'k', byte(g)})
					if err != nil {
						return nil, err
					}
					var b store.Batch
					for _, e := range entries {
						b.If(e.Key, e.Version)
						b.Put(e.Key, binary.BigEndian.AppendUint64(nil, number(e)+1))
					}
					return &b, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	entries, err := s.Get(t.Context(), []byte("hot"), []byte{'k', 0})
	require.NoError(t, err)
	require.EqualValues(t, goroutines*steps, number(entries[0]))
	require.EqualValues(t, steps, number(entries[1]))
}
