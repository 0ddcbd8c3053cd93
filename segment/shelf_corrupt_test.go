package segment

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/store"
)

// savedTrial returns a store with an index and live segments of all sorts, saved several times.
func savedTrial(t testing.TB, seed uint64) *keptTrial {
	x := newKeptTrial(t, seed, 0, 1<<20)
	for i := range 60 {
		x.step()
		if i%20 == 19 {
			x.save()
		}
	}
	return x
}

// readAll reads everything that the store of a trial holds.
func (x *keptTrial) readAll(ctx context.Context) error {
	k := newShelf(x.s, 2)
	r, err := k.open(ctx)
	if err != nil {
		return err
	}
	if _, err := r.index.Snapshot().Has(ctx, customer.ID{}); err != nil { // reads hashes
		return err
	}
	if err := r.index.Snapshot().needAll(ctx); err != nil {
		return err
	}
	l := k.resume(r, &LiveOptions{Location: x.m.loc})
	if err := l.wake(ctx); err != nil {
		return err
	}
	for _, err := range l.Notices(ctx, r.root.first-1) {
		if err != nil {
			return err
		}
	}
	return k.recall(ctx)
}

// TestShelfFindsEveryFault changes each value of a store, one after the other, and leaves out each.
func TestShelfFindsEveryFault(t *testing.T) {
	x := savedTrial(t, 3)
	require.NoError(t, x.readAll(t.Context()))
	used := map[string]bool{rootKey: true}
	for _, b := range x.k.named() {
		if !slices.Contains(x.k.saved.replaced, b) {
			for part := range b.parts() {
				used[string(b.key(part))] = true
			}
		}
	}
	put := func(key, value []byte) {
		var b store.Batch
		if b.Put(key, value); value == nil {
			b = store.Batch{}
			b.Delete(key)
		}
		_, err := x.s.Commit(t.Context(), &b)
		require.NoError(t, err)
	}
	var entries []store.Entry
	for e, err := range x.s.Scan(t.Context(), store.Under([]byte("segment/"))) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	kinds := map[string]int{}
	for _, e := range entries {
		if !used[string(e.Key)] && !bytes.HasPrefix(e.Key, []byte(pageKeys)) {
			continue
		}
		for try := range 4 {
			altered := slices.Clone(e.Value)
			switch try {
			case 0:
				altered = altered[:x.rng.IntN(len(altered))]
			case 1:
				altered = append(altered, 0)
			default:
				altered[x.rng.IntN(len(altered))] ^= 1 << x.rng.IntN(8)
			}
			put(e.Key, altered)
			err := x.readAll(t.Context())
			require.ErrorIs(t, err, ErrCorrupt, "%q", e.Key)
			kinds[string(rough(err.Error()))]++
		}
		if string(e.Key) != rootKey {
			put(e.Key, nil)
			err := x.readAll(t.Context())
			require.ErrorIs(t, err, ErrCorrupt, "%q", e.Key)
			require.ErrorContains(t, err, "a part is missing")
		}
		put(e.Key, e.Value)
	}
	require.NoError(t, x.readAll(t.Context()))
	for _, kind := range []string{
		"root: checksum", "contents: checksum", "who exists: checksum", "ids of chunk _: checksum", "hashes of the ids of chunk _: checksum", "catalogue of tags: checksum",
		"tag _: chunk _: checksum", "tag _: times of chunk _: checksum", "tag _: texts: checksum", "catalogue of live segments: checksum",
		"definitions of live segments: checksum", "live segment _: members: checksum", "live segment _: records of chunk _: checksum",
		"notices from _: checksum", "list of what the root has replaced: checksum",
	} {
		require.NotZero(t, kinds["segment: snapshot is corrupt: "+kind], "%s\n%v", kind, kinds)
	}
}

// rough returns a text with _ for what stands between quotes, and for numbers.
func rough(text string) (out []byte) {
	quoted, number := false, false
	for _, c := range []byte(text) {
		digit := c >= '0' && c <= '9'
		switch {
		case c == '"':
			if quoted = !quoted; quoted {
				out = append(out, '_')
			}
		case quoted:
		case digit && !number:
			out = append(out, '_')
		case !digit:
			out = append(out, c)
		}
		number = digit
	}
	return out
}

// FuzzShelfValues: whatever is read without a fault is written again as the same bytes.
func FuzzShelfValues(f *testing.F) {
	x := savedTrial(f, 3)
	for e, err := range x.s.Scan(f.Context(), store.Under([]byte("segment/"))) {
		require.NoError(f, err)
		if data, ok := unsummed(e.Value); ok {
			f.Add(data)
		} else {
			f.Add(e.Value)
		}
	}
	rng := rand.New(rand.NewPCG(5, 6))
	f.Add(encodeCodes(0, 0, drawnEnums(kernel.Bits, func() uint16 { return uint16(1 + rng.IntN(9)) })))
	const chunks = 3
	s := x.l.Snapshot()
	f.Fuzz(func(t *testing.T, data []byte) {
		same := func(again []byte, err error) {
			if err == nil {
				require.Equal(t, data, again)
			}
		}
		if r, err := decodeRoot(data); err == nil {
			same(r.encode(), nil)
		}
		if c, err := decodeContents(data); err == nil {
			same(c.encode(), nil)
		}
		if list, err := decodeGone(data); err == nil {
			same(encodeGone(list), nil)
		}
		if tag, _, err := decodeTag(data, chunks); err == nil {
			same(tag.encode(), nil)
		}
		if g, err := decodeLive(data, chunks); err == nil {
			same(g.encode(), nil)
			_ = g.decodeDefinitions(data)
		}
		_ = (&savedLive{name: "a"}).decodeDefinitions(data)
		if records, err := decodeRecords(data, 0); err == nil {
			same(encodeRecords(0, records), nil)
		}
		if ids, err := decodeIDs(data, 0, 40); err == nil {
			require.Len(t, ids, 40)
		}
		if hashes, places, err := decodeHashes(data, 0, s.exists[0]); err == nil {
			require.Len(t, places, len(hashes))
		}
		if sets, err := decodeSets(nil, data, 0, 1, s.dense); err == nil {
			same(encodeSets(0, sets), nil)
		}
		if page, err := decodePage(summed(slices.Clone(data)), 1); err == nil && len(page) > 0 {
			again, n := encodePage(page)
			if n == len(page) && len(again) == len(data)+5 {
				require.Equal(t, page, mustPage(t, again))
			}
		}
		for i, tag := range s.tags.tags {
			of := &shelvedTag{dense: s.dense, tag: i, t: tag, last: 9, exist: s.exists}
			_ = (&shelved{of: of, n: 1}).take([][]byte{data})
			_ = (&shelved{of: of, n: 1, times: true}).take([][]byte{data})
			texts := &terms{kept: &shelvedTerms{of, []savedTerms{{n: 1}}}}
			_ = texts.take([][]byte{data})
		}
	})
}

func mustPage(t *testing.T, data []byte) []Notice {
	page, err := decodePage(data, 1)
	require.NoError(t, err)
	return page
}
