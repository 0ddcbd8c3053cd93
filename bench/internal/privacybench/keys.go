package privacybench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// service is a wrapper that is far away. Safe for concurrent use.
type service struct {
	seal.Wrapper

	takes time.Duration
}

func (s *service) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	time.Sleep(s.takes)
	return s.Wrapper.Unwrap(ctx, wrapped, binding)
}

// keys asks a service that is far away for the keys of a customer of many atoms.
func (u *suite) keys(ctx context.Context) error {
	const n = 64
	name := fmt.Sprintf("privacy: %d keys from a service of %v a call", n, u.options.Service)
	if !u.session.Wants(name) {
		return nil
	}
	s := new(store.Memory)
	_, atoms, err := newVault(ctx, s, n, nil)
	if err != nil {
		return err
	}
	local, err := seal.NewLocal(secret(0))
	if err != nil {
		return err
	}
	v, err := seal.NewVault(s, &service{local, u.options.Service}, &seal.Options{Cache: -1})
	if err != nil {
		return err
	}
	var keys []*seal.Key
	answer := func() (sum [32]byte, err error) {
		var all []byte
		for _, k := range keys {
			all = append(all, k.Commitment(nil, fieldName)...)
		}
		return sha256.Sum256(all), nil
	}
	clock := func(f func() error) func(context.Context) (harness.Cost, error) {
		return func(context.Context) (harness.Cost, error) {
			keys = keys[:0]
			return harness.Clock(f)
		}
	}
	return harness.Measure(ctx, u.session, &harness.Task[[32]byte]{
		Name: name, Compare: equal[[32]byte], Targets: []harness.Target{{Peer: libraryName + ", one after the other", Ratio: 8}},
		Peers: []harness.Peer[[32]byte]{
			&harness.Way[[32]byte]{Label: libraryName, Result: answer, Do: clock(func() error {
				found, err := v.Keys(ctx, atoms...)
				for _, f := range found {
					if f.Err != nil {
						return f.Err
					}
					keys = append(keys, f.Key)
				}
				return err
			})},
			&harness.Way[[32]byte]{Label: libraryName + ", one after the other", Result: answer, Do: clock(func() error {
				for _, atom := range atoms {
					k, err := v.Key(ctx, atom)
					if err != nil {
						return err
					}
					keys = append(keys, k)
				}
				return nil
			})},
		},
	})
}
