package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// rowOf is Row without an error.
func rowOf(t testing.TB, s *Snapshot, id customer.ID) []customer.Field {
	t.Helper()
	row, err := s.Row(t.Context(), id)
	require.NoError(t, err)
	return row
}

// valueIn is Value without an error.
func valueIn(t testing.TB, s *Snapshot, id customer.ID, tag string) customer.Value {
	t.Helper()
	v, err := s.Value(t.Context(), id, tag)
	require.NoError(t, err)
	return v
}

// customersOf collects Customers.
func customersOf(t testing.TB, s *Snapshot) (ids []customer.ID) {
	t.Helper()
	for id, err := range s.Customers(t.Context()) {
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// hasIn is Has without an error.
func hasIn(t testing.TB, s *Snapshot, id customer.ID) bool {
	t.Helper()
	ok, err := s.Has(t.Context(), id)
	require.NoError(t, err)
	return ok
}

// coverageOf is Coverage without an error.
func coverageOf(t testing.TB, s *Snapshot, at time.Time) []Coverage {
	t.Helper()
	list, err := s.Coverage(t.Context(), at)
	require.NoError(t, err)
	return list
}
