package subject

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// BenchmarkProve goes through a store of 100,000 entries of 300 bytes beside those of two people.
func BenchmarkProve(b *testing.B) {
	w := open(b, new(store.Memory), true)
	anna := w.person("anna", 0)
	w.person("berta", 20)
	w.sync(minute(100))
	rng := rand.New(rand.NewPCG(1, 2))
	bytes := 0
	for range 200 {
		batch := new(store.Batch)
		for range 500 {
			value := make([]byte, 0, 300)
			for len(value) < 280 {
				value = binary.LittleEndian.AppendUint64(value, rng.Uint64())
			}
			batch.Put(binary.LittleEndian.AppendUint64([]byte("z/"), rng.Uint64()), value)
			bytes += 10 + len(value)
		}
		_, err := w.s.Commit(b.Context(), batch)
		require.NoError(b, err)
	}
	e, err := w.subjects.Erase(b.Context(), minute(110), request(anna, "anna"))
	require.NoError(b, err)
	b.SetBytes(int64(bytes))
	for b.Loop() {
		p, err := w.subjects.Prove(b.Context(), minute(111), e)
		require.NoError(b, err)
		require.NoError(b, p.Err())
	}
}
