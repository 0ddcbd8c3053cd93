package store_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// contents is all that a store holds.
func contents(t testing.TB, s store.Store) map[string]store.Entry {
	all := map[string]store.Entry{}
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all[string(e.Key)] = e
	}
	return all
}

func put(t testing.TB, s store.Store, pairs ...string) store.Version {
	var b store.Batch
	for i := 0; i < len(pairs); i += 2 {
		b.Put([]byte(pairs[i]), []byte(pairs[i+1]))
	}
	version, err := s.Commit(t.Context(), &b)
	require.NoError(t, err)
	return version
}

func TestSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var s store.Memory
	require.ErrorIs(t, s.Load(t.Context(), path), fs.ErrNotExist)
	require.NoError(t, s.Save(t.Context(), path), "an empty store")
	for i := range 1000 {
		put(t, &s, "key"+strconv.Itoa(i), "value\x00\xff"+strconv.Itoa(i), "both", strconv.Itoa(i))
	}
	var b store.Batch
	b.Delete([]byte("both"))
	last, err := s.Commit(t.Context(), &b)
	require.NoError(t, err)
	require.NoError(t, s.Save(t.Context(), path))

	var loaded store.Memory
	put(t, &loaded, "gone", "")
	require.NoError(t, loaded.Load(t.Context(), path))
	require.Equal(t, contents(t, &s), contents(t, &loaded))
	require.Greater(t, put(t, &loaded, "both", ""), last, "no version is used again")

	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "no temporary file is left")
}

func TestSnapshotKeepsTheLargerVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var old, busy store.Memory
	put(t, &old, "a", "")
	require.NoError(t, old.Save(t.Context(), path))
	var last store.Version
	for range 10 {
		last = put(t, &busy, "a", "")
	}
	require.NoError(t, busy.Load(t.Context(), path))
	require.Greater(t, put(t, &busy, "a", ""), last)
}

func TestSnapshotBesideCommits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var s store.Memory
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 2000 {
			put(t, &s, "a", strconv.Itoa(i), "b", strconv.Itoa(i))
		}
	})
	for range 20 {
		require.NoError(t, s.Save(t.Context(), path))
		var loaded store.Memory
		require.NoError(t, loaded.Load(t.Context(), path))
		all := contents(t, &loaded)
		require.Equal(t, all["a"].Value, all["b"].Value, "a moment between two commits")
	}
	wg.Wait()
}

func TestSnapshotOfAClosedOrCancelledStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var s store.Memory
	put(t, &s, "a", "b")
	require.NoError(t, s.Save(t.Context(), path))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Save(ctx, path), context.Canceled)
	require.ErrorIs(t, s.Load(ctx, path), context.Canceled)
	require.ErrorIs(t, s.Save(t.Context(), filepath.Join(filepath.Dir(path), "no folder", "snapshot")), fs.ErrNotExist)
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Save(t.Context(), path), store.ErrClosed)
	require.ErrorIs(t, s.Load(t.Context(), path), store.ErrClosed)
	var loaded store.Memory
	require.NoError(t, loaded.Load(t.Context(), path), "the old snapshot is still there")
}

// TestDamagedSnapshot: every cut and every changed byte is noticed, and the store
// stays as it was.
func TestDamagedSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var s store.Memory
	put(t, &s, "a", "1", "b", "")
	put(t, &s, "c", "22")
	require.NoError(t, s.Save(t.Context(), path))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	before := contents(t, &s)
	check := func(data []byte, what string, at int) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		require.ErrorIs(t, s.Load(t.Context(), path), store.ErrCorrupt, "%s at %d", what, at)
		require.True(t, maps.EqualFunc(before, contents(t, &s), func(a, b store.Entry) bool { return a.Version == b.Version }))
	}
	for i := range good {
		check(good[:i], "cut", i)
		for _, flip := range []byte{1, 0x80, 0xff} {
			damaged := append([]byte(nil), good...)
			damaged[i] ^= flip
			check(damaged, "changed", i)
		}
	}
	check(append(append([]byte(nil), good...), 0), "more", len(good))
}

// FuzzLoad: a file is either refused or loaded and saved again as it was.
func FuzzLoad(f *testing.F) {
	path := filepath.Join(f.TempDir(), "snapshot")
	var s store.Memory
	require.NoError(f, s.Save(f.Context(), path))
	empty, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(empty)
	put(f, &s, "a", "1", "b", "")
	require.NoError(f, s.Save(f.Context(), path))
	full, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(full)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "snapshot")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		var s store.Memory
		if err := s.Load(t.Context(), path); err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.Zero(t, s.Len())
			return
		}
		require.NoError(t, s.Save(t.Context(), path))
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
}

// TestVersionsLostInACrashAreNotUsedAgain: a commit after the snapshot is lost; its
// version must not come back for other data, however often the snapshot is loaded.
func TestVersionsLostInACrashAreNotUsedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	var s store.Memory
	put(t, &s, "k", "saved")
	require.NoError(t, s.Save(t.Context(), path))
	seen := map[store.Version]bool{put(t, &s, "k", "lost"): true}
	for range 100 {
		var again store.Memory
		require.NoError(t, again.Load(t.Context(), path))
		for range 3 {
			version := put(t, &again, "k", "other")
			require.False(t, seen[version])
			seen[version] = true
		}
	}
}

// TestCloseBesideReads: who reads while the store is closed gets what is there, or
// ErrClosed, never nothing; and a snapshot is not replaced by an empty one.
func TestCloseBesideReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snapshot")
	for range 200 {
		var s store.Memory
		put(t, &s, "k", "v")
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				entries, err := s.Get(t.Context(), []byte("k"))
				if err != nil {
					break
				}
				if entries[0].Version == 0 {
					t.Error("Get: the key is gone")
				}
			}
		})
		wg.Go(func() {
			for closed := false; !closed; {
				n := 0
				for _, err := range s.Scan(t.Context(), store.Range{}) {
					closed = err != nil
					n++
				}
				if n == 0 {
					t.Error("Scan: nothing there")
				}
			}
		})
		wg.Go(func() {
			if err := s.Save(t.Context(), path); err == nil {
				var loaded store.Memory
				if err := loaded.Load(t.Context(), path); err != nil || loaded.Len() != 1 {
					t.Error("Save: an empty snapshot", err)
				}
			}
		})
		require.NoError(t, s.Close())
		wg.Wait()
	}
}
