package pebblestore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/pebblestore"
	"github.com/clientele-go/clientele/store/storetest"
	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"
)

// open is what the suite tests; small tables, so that it meets more than one.
func open(_ context.Context, dir string) (store.Store, error) {
	return pebblestore.Open(dir, &pebblestore.Options{CacheBytes: 8 << 20, MemTableBytes: 1 << 20})
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, func(_ context.Context, dir string) (store.Store, error) { return pebblestore.Open(dir, nil) })
}

func TestWithoutSync(t *testing.T) {
	storetest.Run(t, func(_ context.Context, dir string) (store.Store, error) {
		return pebblestore.Open(dir, &pebblestore.Options{CacheBytes: 1 << 20, MemTableBytes: 1 << 20, NoSync: true})
	})
}

func TestDurable(t *testing.T) {
	for _, noSync := range []bool{false, true} {
		s, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{NoSync: noSync})
		require.NoError(t, err)
		d, ok := store.As[store.Durable](s)
		require.True(t, ok)
		require.Equal(t, !noSync, d.Durable())
		require.NoError(t, s.Close())
	}
}

func TestOpenTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "down")
	s, err := pebblestore.Open(dir, nil)
	require.NoError(t, err)
	_, err = pebblestore.Open(dir, nil)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "open elsewhere")
	require.NoError(t, s.Close())
	s, err = pebblestore.Open(dir, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func TestOptions(t *testing.T) {
	_, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{CacheBytes: -1, MemTableBytes: 2 << 30})
	require.ErrorContains(t, err, "CacheBytes")
	require.ErrorContains(t, err, "MemTableBytes")
}

func TestOpenSomethingElse(t *testing.T) {
	eight := func(last byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, last} }
	for name, c := range map[string]struct {
		key, value []byte
		want       string
	}{
		"a database of something else": {[]byte("a"), []byte("b"), "something else"},
		"written by a newer version":   {[]byte("\x00format"), eight(2), "newer"},
		"format cut short":             {[]byte("\x00format"), []byte{1}, "format"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, c.key, c.value)
			_, err := pebblestore.Open(dir, nil)
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.ErrorContains(t, err, c.want)
			put(t, dir, c.key, c.value) // it was left unlocked
		})
	}
}

func TestDamagedValue(t *testing.T) {
	dir := t.TempDir()
	s, err := pebblestore.Open(dir, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	put(t, dir, []byte("\x01secret"), []byte("short"))
	s, err = pebblestore.Open(dir, nil)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Get(t.Context(), []byte("secret"))
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.NotContains(t, err.Error(), "secret")
	var b store.Batch
	b.If([]byte("secret"), 0)
	_, err = s.Commit(t.Context(), &b)
	require.ErrorIs(t, err, store.ErrCorrupt)
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.ErrorIs(t, err, store.ErrCorrupt)
		require.Zero(t, e)
	}
}

// put writes past the store.
func put(t *testing.T, dir string, key, value []byte) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}})
	require.NoError(t, err)
	require.NoError(t, db.Set(key, value, pebble.Sync))
	require.NoError(t, db.Close())
}

type quiet struct{}

func (quiet) Infof(string, ...any) {}

func (quiet) Errorf(string, ...any) {}

func (quiet) Fatalf(text string, args ...any) { panic(fmt.Sprintf(text, args...)) }
