//go:build long

package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

// TestManyHistories checks random histories, alone and concurrent, from many seeds.
func TestManyHistories(t *testing.T) {
	for seed := range uint64(500) {
		report, err := storetest.Check(t.Context(), func(context.Context, string) (store.Store, error) {
			return store.Prefixed(new(store.Memory), []byte("p/"))
		}, &storetest.Options{Seed: seed + 1, Select: func(r storetest.Rule) bool {
			return strings.HasPrefix(r.Name, "history/") || strings.HasPrefix(r.Name, "concurrent/")
		}})
		require.NoError(t, err)
		require.NoError(t, report.Err(), "seed %d", seed+1)
		require.Positive(t, report.Count(storetest.Kept))
	}
}
