package subject

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// follow hands the rows of the profiles to live segments.
func (w *world) follow(live *segment.Live, at time.Time, told *customer.Cursor) (notices []segment.Notice) {
	for b, err := range w.profiles.Rows(w.t.Context(), *told) {
		require.NoError(w.t, err)
		some, err := live.ApplyRows(w.t.Context(), at, b)
		require.NoError(w.t, err)
		notices, *told = append(notices, some...), b.Cursor
	}
	return notices
}

// Live segments in the same store have the customer's id until they have followed the rows and written two checkpoints; then
// only their notices have it. An id is found also where it lies under two keys.
func TestProveSegments(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	w.sync(minute(100))
	columns, err := w.profiles.RowColumns(t.Context())
	require.NoError(t, err)
	tags := segment.TagsOf(columns)
	crowd, err := segment.New(&segment.Options{Tags: tags})
	require.NoError(t, err)
	var others segment.Batch
	const cut = 4094 // whose id lies across the end of the first 64 KiB
	for i := range int64(cut) {
		others.Set(customer.FromInt64(i+1), "orders", customer.Int64Value(1))
	}
	require.NoError(t, crowd.Apply(t.Context(), &others))
	live, err := segment.OpenLive(t.Context(), w.s, &segment.OpenOptions{
		Live: segment.LiveOptions{At: minute(100), Location: time.UTC, Definitions: []segment.Definition{{Name: "buyers", Rule: segment.Ge("orders", 3)}}},
		From: crowd.Snapshot(), Index: segment.Options{Tags: tags}, Clock: func() time.Time { return minute(100) },
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, live.Close(t.Context())) }()
	var told customer.Cursor
	require.Len(t, w.follow(live, minute(101), &told), 1)
	others = segment.Batch{}
	for i := range int64(10) {
		others.Set(customer.FromInt64(cut+i+1), "orders", customer.Int64Value(1))
	}
	_, err = live.Apply(t.Context(), minute(102), &others)
	require.NoError(t, err)
	checkpoints := func(at time.Time) {
		for n := range int64(2) {
			var step segment.Batch
			step.Set(customer.FromInt64(1), "orders", customer.Int64Value(at.Unix()%2+n))
			_, err = live.Apply(t.Context(), at, &step)
			require.NoError(t, err)
			require.NoError(t, live.Checkpoint(t.Context()))
		}
	}
	checkpoints(minute(103))

	e, err := w.subjects.Erase(t.Context(), minute(110), request(anna, "anna"))
	require.NoError(t, err)
	left := func() (kinds map[string]string, err error) {
		p, err := w.subjects.Prove(t.Context(), minute(120), e)
		require.NoError(t, err)
		kinds = map[string]string{}
		for _, l := range p.Left {
			if strings.HasPrefix(l.Kind, "segment/") {
				require.Equal(t, "customer", l.Name)
				kinds[l.Kind] = l.Reason
			}
		}
		return kinds, p.Err()
	}
	whole := 0
	for e, err := range w.s.Scan(t.Context(), store.Under([]byte("segment/k/"))) {
		require.NoError(t, err)
		if bytes.Contains(e.Value, anna[:]) {
			whole++
		}
	}
	require.Zero(t, whole, "the id is cut")
	kinds, err := left()
	require.ErrorIs(t, err, ErrLeft)
	require.Equal(t, map[string]string{"segment/": inSegments, "segment/notices": notices}, kinds)

	require.Len(t, w.follow(live, minute(121), &told), 1)
	kinds, err = left()
	require.ErrorIs(t, err, ErrLeft)
	require.Equal(t, map[string]string{"segment/": inSegments, "segment/log": inSegments, "segment/notices": notices}, kinds)

	checkpoints(minute(130))
	kinds, err = left()
	require.NoError(t, err)
	require.Equal(t, map[string]string{"segment/notices": notices}, kinds)
}
