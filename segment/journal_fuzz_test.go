package segment

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func asJSON(t testing.TB, v any) string {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// inputs returns what the steps of the history were given.
func inputs(t testing.TB) (all [][]byte) {
	s := &store.Memory{}
	l := openJournal(t, s, journalOptions(&clockAt{now: journalStart}))
	for _, step := range journalHistory() {
		_, err := step(t.Context(), l)
		require.NoError(t, err)
	}
	require.NoError(t, readLog(t.Context(), s, 1, l.journal.head.step, func(_ uint64, data []byte) error {
		all = append(all, data)
		return nil
	}))
	return all
}

// FuzzStep reads what may be a step: it is refused, or written again as it was read.
func FuzzStep(f *testing.F) {
	for _, data := range inputs(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := readInput(data)
		if err != nil {
			return
		}
		again, err := in.encode()
		require.NoError(t, err)
		same, err := readInput(again)
		require.NoError(t, err)
		require.Equal(t, asJSON(t, in.definitions), asJSON(t, same.definitions))
		require.Equal(t, in.tags, same.tags)
		require.Equal(t, in.batch, same.batch)
		require.Equal(t, in.merged, same.merged)
		require.Equal(t, []any{in.what, in.at, in.actor, in.drop}, []any{same.what, same.at, same.actor, same.drop})
		last, err := same.encode()
		require.NoError(t, err)
		require.Equal(t, again, last)
	})
}

// FuzzJournal reads what may be a value of any key.
func FuzzJournal(f *testing.F) {
	s := &store.Memory{}
	l := openJournal(f, s, journalOptions(&clockAt{now: journalStart}))
	_, err := journalHistory()[0](f.Context(), l)
	require.NoError(f, err)
	for _, e := range storedEntries(f, s) {
		f.Add(e.Key, e.Value, true)
		if n := len(e.Value) - 5; n > 0 {
			f.Add(e.Key, e.Value[:n], false)
		}
	}
	f.Fuzz(func(t *testing.T, key, value []byte, whole bool) {
		if !whole { // with the right checksum, so that what is inside is looked at
			value = sealed(wire.Onto(slices.Clone(value)), string(key))
		}
		e := store.Entry{Key: key, Value: value, Version: 1}
		if h, err := readHead(e); err == nil && string(key) == keyHead {
			require.Equal(t, value, h.encode())
		}
		if x, err := readTerm(e); err == nil && string(key) == keyTerm {
			require.Equal(t, value, x.encode())
		}
		if until, err := readLease(e); err == nil && string(key) == keyLease {
			require.Equal(t, value, encodeLease(until))
		}
		if len(key) == 0 || len(key) > 500 {
			return
		}
		var b store.Batch
		b.Put(key, value)
		s := &store.Memory{}
		if _, err := s.Commit(t.Context(), &b); err != nil {
			return
		}
		_ = readLog(t.Context(), s, 1, 3, func(uint64, []byte) error { return nil })
	})
}

// TestStepOfOddBatches writes and reads batches of writes that do nothing, or are at an end of what there is.
func TestStepOfOddBatches(t *testing.T) {
	var b Batch
	id := customer.FromInt64(1)
	b.Clear(id, "no \xff tag")
	b.Clear(id, "")
	b.Set(id, "x", customer.LabelsValue())
	b.Set(id, "x", customer.TextValue(""))
	b.Set(customer.FromInt64(2), "x", customer.Float64Value(math.Copysign(0, -1)))
	b.Row(customer.Row{ID: id, Values: []customer.Field{{Name: "y", Value: customer.BoolValue(true)}, {Name: "z", Value: customer.DecimalValue(-5, 3)}}})
	b.RemoveLabels(id, "x")
	b.Delete(id)
	b.SetIfNewer(id, "t", customer.TimeValue(journalStart.Add(1)), journalStart.Add(-1))
	for _, batch := range []*Batch{&b, {}} {
		in := &input{what: stepBatch, at: journalStart, batch: batch}
		data, err := in.encode()
		require.NoError(t, err)
		read, err := readInput(data)
		require.NoError(t, err)
		require.Len(t, read.batch.writes, len(batch.writes))
		for i, w := range batch.writes {
			w.row = i
			require.Equal(t, w, read.batch.writes[i])
		}
		for n := range data {
			_, err := readInput(data[:n])
			require.Error(t, err)
		}
	}
}
