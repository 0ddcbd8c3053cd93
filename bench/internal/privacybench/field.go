package privacybench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

const (
	fieldKeys   = 1000
	valueBytes  = 16
	together    = 100 // values of a key after each other
	fieldName   = "phone"
	fieldSchema = 3
)

// values are n values one after the other.
func values(n int) []byte {
	all := make([]byte, n*valueBytes)
	for i := range n {
		copy(all[i*valueBytes:], fmt.Sprintf("+86139%010d", i))
	}
	return all
}

// keyOf is the number of the key of the i-th value.
func keyOf(i int) int { return i / together % fieldKeys }

func atomOf(i int) (atom customer.AtomID) {
	binary.BigEndian.PutUint64(atom[8:], uint64(i)+1)
	return atom
}

// secret is a key that is the same in each run.
func secret(i int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("bench"), uint64(i)))
	return sum[:]
}

// newVault returns a vault with the keys of n atoms.
func newVault(ctx context.Context, s store.Store, n int, o *seal.Options) (*seal.Vault, []customer.AtomID, error) {
	w, err := seal.NewLocal(secret(0))
	if err != nil {
		return nil, nil, err
	}
	v, err := seal.NewVault(s, w, o)
	if err != nil {
		return nil, nil, err
	}
	atoms := make([]customer.AtomID, n)
	var b store.Batch
	for i := range atoms {
		atoms[i] = atomOf(i)
		if _, err := v.Create(ctx, &b, atoms[i]); err != nil {
			return nil, nil, err
		}
		if len(b.Writes) == 256 || i == n-1 {
			if _, err := s.Commit(ctx, &b); err != nil {
				return nil, nil, err
			}
			b = store.Batch{}
		}
	}
	return v, atoms, nil
}

// sealer seals and opens values under many keys, into the end of a piece of memory.
type sealer struct {
	name, version string
	prepare       func(ctx context.Context) error
	seal          func(dst, value []byte, key int) ([]byte, error)
	open          func(dst, sealed []byte, key int) ([]byte, error)
}

func (u *suite) sealers() []sealer {
	var (
		keys   = make([]*seal.Key, fieldKeys)
		places = make([][]byte, fieldKeys)
		tinks  = make([]tink.AEAD, fieldKeys)
		gcms   = make([]cipher.AEAD, fieldKeys)
	)
	for i := range places {
		atom := atomOf(i)
		places[i] = append([]byte("seal shop "+fieldName+" 3 "), atom[:]...)
	}
	return []sealer{
		{
			libraryName, "",
			func(ctx context.Context) error {
				v, atoms, err := newVault(ctx, new(store.Memory), fieldKeys, &seal.Options{Tenant: "shop"})
				if err != nil {
					return err
				}
				found, err := v.Keys(ctx, atoms...)
				for i, f := range found {
					if f.Err != nil {
						return f.Err
					}
					keys[i] = f.Key
				}
				return err
			},
			func(dst, value []byte, key int) ([]byte, error) {
				return keys[key].Seal(dst, value, fieldName, fieldSchema), nil
			},
			func(dst, sealed []byte, key int) ([]byte, error) {
				return keys[key].Open(dst, sealed, fieldName, fieldSchema)
			},
		},
		{
			tinkName, tinkVersion,
			func(context.Context) error {
				for i := range tinks {
					handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
					if err != nil {
						return err
					}
					if tinks[i], err = aead.New(handle); err != nil {
						return err
					}
				}
				return nil
			},
			func(_, value []byte, key int) ([]byte, error) { return tinks[key].Encrypt(value, places[key]) },
			func(_, sealed []byte, key int) ([]byte, error) { return tinks[key].Decrypt(sealed, places[key]) },
		},
		{
			standardName, "",
			func(context.Context) error {
				for i := range gcms {
					block, err := aes.NewCipher(secret(i))
					if err != nil {
						return err
					}
					if gcms[i], err = cipher.NewGCMWithRandomNonce(block); err != nil {
						return err
					}
				}
				return nil
			},
			func(dst, value []byte, key int) ([]byte, error) {
				return gcms[key].Seal(dst, nil, value, places[key]), nil
			},
			func(dst, sealed []byte, key int) ([]byte, error) {
				return gcms[key].Open(dst, nil, sealed, places[key])
			},
		},
	}
}

// fields seals many short values, and opens them.
func (u *suite) fields(ctx context.Context) error {
	n := u.options.Values
	sealing, opening := fmt.Sprintf("privacy: seal %d fields", n), fmt.Sprintf("privacy: open %d fields", n)
	if !u.session.Wants(sealing) && !u.session.Wants(opening) {
		return nil
	}
	plain := values(n)
	var sealTime, openTime time.Duration
	seals := &harness.Task[[32]byte]{Name: sealing, Compare: equal[[32]byte], Targets: []harness.Target{{Peer: tinkName, Ratio: 1}}}
	opens := &harness.Task[[32]byte]{Name: opening, Compare: equal[[32]byte], Targets: []harness.Target{{Peer: tinkName, Ratio: 1}}}
	for i, p := range u.sealers() {
		sealed, opened := make([][]byte, n), make([]byte, 0, n*valueBytes)
		memory := make([]byte, 0, n*(valueBytes+64))
		sealAll := func() error {
			memory = memory[:0]
			for i := range n {
				start := len(memory)
				s, err := p.seal(memory[start:start], plain[i*valueBytes:(i+1)*valueBytes], keyOf(i))
				if err != nil {
					return err
				}
				if sealed[i] = s; cap(s) > 0 && &s[:1][0] == &memory[:start+1][start] {
					memory = memory[:start+len(s)]
				}
			}
			return nil
		}
		openAll := func() error {
			opened = opened[:0]
			for i := range n {
				start := len(opened)
				v, err := p.open(opened[start:start], sealed[i], keyOf(i))
				if err != nil {
					return err
				}
				opened = append(opened, v...)
			}
			return nil
		}
		answer := func() ([32]byte, error) { return sha256.Sum256(opened), nil }
		sealBest, openBest := new(time.Duration), new(time.Duration)
		if i == 0 {
			sealBest, openBest = &sealTime, &openTime
		}
		seals.Peers = append(seals.Peers, &way[[32]byte]{version: p.version, Way: harness.Way[[32]byte]{
			Label: p.name, Before: p.prepare,
			Do: func(context.Context) (harness.Cost, error) {
				return least(sealBest, func() (harness.Cost, error) { return harness.Clock(sealAll) })
			},
			Result: func() ([32]byte, error) {
				if err := openAll(); err != nil {
					return [32]byte{}, err
				}
				return answer()
			},
		}})
		opens.Peers = append(opens.Peers, &way[[32]byte]{version: p.version, Way: harness.Way[[32]byte]{
			Label: p.name,
			Before: func(ctx context.Context) error {
				if err := p.prepare(ctx); err != nil {
					return err
				}
				return sealAll()
			},
			Do: func(context.Context) (harness.Cost, error) {
				return least(openBest, func() (harness.Cost, error) { return harness.Clock(openAll) })
			},
			Result: answer,
		}})
	}
	if err := harness.Measure(ctx, u.session, seals); err != nil {
		return err
	}
	if err := harness.Measure(ctx, u.session, opens); err != nil {
		return err
	}
	if err := u.figure("A field sealed", sealTime, n, time.Microsecond, 0.4); err != nil {
		return err
	}
	return u.figure("A field opened", openTime, n, time.Microsecond, 0.4)
}
