package store_test

import (
	"context"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

func TestConformance(t *testing.T) {
	for name, wrap := range map[string]func(store.Store) (store.Store, error){
		"memory":   func(s store.Store) (store.Store, error) { return s, nil },
		"prefixed": func(s store.Store) (store.Store, error) { return store.Prefixed(s, []byte("tenant\xff")) },
		"limited":  func(s store.Store) (store.Store, error) { return store.Limited(s, store.MinLimits), nil },
		"observed": func(s store.Store) (store.Store, error) {
			return store.Observed(s, func(context.Context, store.Call) func(store.Outcome) { return nil }), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(context.Context, string) (store.Store, error) { return wrap(new(store.Memory)) })
		})
	}
}

func BenchmarkMemory(b *testing.B) {
	storetest.Bench(b, func(context.Context, string) (store.Store, error) { return new(store.Memory), nil })
}
