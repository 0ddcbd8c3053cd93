package seal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// empty is a wrapper that wraps into nothing, once it is told to.
type empty struct {
	seal.Wrapper
	on bool
}

func (e *empty) Wrap(ctx context.Context, key, binding []byte) ([]byte, error) {
	if e.on {
		return nil, nil
	}
	return e.Wrapper.Wrap(ctx, key, binding)
}

// A wrapper that returns nothing destroys no keys.
func TestEmptyWrapper(t *testing.T) {
	var s store.Memory
	w := &empty{Wrapper: local(t, 1)}
	v := vault(t, &s, w, nil)
	create(t, &s, v, customer.AtomID{1})
	w.on = true
	require.Error(t, v.Rewrap(t.Context(), nil))
	_, err := v.Create(t.Context(), new(store.Batch), customer.AtomID{2})
	require.Error(t, err)
	v.Forget(customer.AtomID{1})
	_, err = v.Key(t.Context(), customer.AtomID{1})
	require.NoError(t, err)
}
