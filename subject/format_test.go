package subject

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// TestFormatIsFixed keeps the stored form from changing.
func TestFormatIsFixed(t *testing.T) {
	one := &task{
		id: "DSR-1", customer: customer.FromInt64(1), actor: "office", ticket: "T", at: noon, present: customer.FromInt64(2),
		cursor: customer.Cursor{0, 3}, requested: []customer.AtomID{{1}, {2}}, phase: done, done: minute(1),
	}
	require.Equal(t, "6c7375626a6563742f7461736b01654453522d315000000000000080808000000000000001666f66666963656154821a69a97040005000000000"+
		"00008080800000000000000263302c3302821a69a9707c00825001000000000000000000000000000000500200000000000000000000000000"+
		"0000", hex.EncodeToString(one.data())) // CBOR of the items that docs/storage.md has; 0x69a97040 is noon
	back, err := readTask(store.Entry{Value: one.data(), Version: 1})
	require.NoError(t, err)
	back.version = 0
	require.Equal(t, one, back)
}

func FuzzTask(f *testing.F) {
	one := &task{id: "x", customer: customer.FromInt64(1), actor: "a", at: noon, present: customer.FromInt64(1), requested: []customer.AtomID{{1}}}
	f.Add(one.data())
	one.phase, one.done = done, noon
	f.Add(one.data())
	w := wire.New("subject/names", 1)
	w.List(1)
	w.Bytes(make([]byte, 16))
	w.List(0)
	f.Add(w.Data())
	f.Fuzz(func(t *testing.T, data []byte) {
		if one, err := readTask(store.Entry{Value: data, Version: 1}); err == nil {
			require.Equal(t, data, one.data(), "there is one form")
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		if n, err := readNames(data); err == nil {
			require.LessOrEqual(t, 16*(len(n.customers)+len(n.atoms)), len(data))
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		// Whatever is in a store is looked at, and nothing of it is an error.
		s := newSearch(&Erasure{ID: "x", Customer: customer.FromInt64(1), Customers: []customer.ID{customer.FromInt64(1)}, Atoms: []customer.AtomID{{1, 2, 3}}})
		id, atom := customer.FromInt64(1), customer.AtomID{1, 2, 3}
		s.entry(store.Entry{Key: append([]byte("pf/a/"), atom[:]...), Value: data})
		s.entry(store.Entry{Key: append(data, id[:]...), Value: append(data, atom[:]...)})
		for _, l := range s.proof().Left {
			require.NotEmpty(t, l.Kind)
			require.NotEmpty(t, l.Reason)
		}
	})
}
