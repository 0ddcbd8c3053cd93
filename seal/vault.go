package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A Vault keeps the keys of atoms in a store, wrapped. Safe for concurrent use; so
// are several vaults on one store.
//
// The nil Vault is for development: nothing is stored, its keys seal nothing, and
// nothing can be destroyed.
type Vault struct {
	store   store.Store
	wrapper Wrapper
	options Options

	mu        sync.Mutex
	cache     map[customer.AtomID]*Key
	forgotten uint64 // calls of Forget
}

// Options of a vault. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Prefix begins the store's keys of the vault; the atom's 16 bytes follow. It
	// keeps them apart from other keys of the store. Nil: "key/".
	Prefix []byte
	// Tenant is bound into all that is sealed. Empty is a tenant like any other. It
	// must not change.
	Tenant string
	// Cache is the most keys kept unwrapped in memory. 0: 1024; negative: none. A
	// key in the cache works until it makes room for another, or Forget, also where
	// another process has destroyed it.
	Cache int
	// Backoff is how Rewrap tries again where another process changes the same keys. Nil: the
	// defaults of store.
	Backoff *store.Backoff
}

const (
	recordKind    = "key"
	recordVersion = 1
)

// NewVault returns a vault on s. Both s and w stay the caller's.
func NewVault(s store.Store, w Wrapper, opts *Options) (*Vault, error) {
	v := &Vault{store: s, wrapper: w, cache: map[customer.AtomID]*Key{}}
	if opts != nil {
		v.options = *opts
	}
	if v.options.Prefix = bytes.Clone(v.options.Prefix); v.options.Prefix == nil {
		v.options.Prefix = []byte("key/")
	}
	if v.options.Cache == 0 {
		v.options.Cache = 1024
	}
	if n := len(v.options.Prefix) + len(customer.AtomID{}); n > s.Limits().KeyBytes {
		return nil, fmt.Errorf("seal: Options.Prefix: keys of %d bytes, the store takes %d", n, s.Limits().KeyBytes)
	}
	return v, nil
}

// place is the store's key for an atom.
func (v *Vault) place(atom customer.AtomID) []byte {
	p := v.options.Prefix
	return append(p[:len(p):len(p)], atom[:]...)
}

// binding is what the wrapped key of an atom is bound to.
func (v *Vault) binding(atom customer.AtomID) []byte {
	w := wire.New("seal/key", 1)
	w.Text(v.options.Tenant)
	w.Bytes(atom[:])
	return w.Data()
}

// Create makes a key for an atom that has none, and adds its record to b, with the
// condition that there is none: the key holds once b is committed, together with
// what was sealed under it. Where the commit fails the key is to be dropped. The
// atom of a destroyed key never gets another: the commit is a conflict each time,
// so ask Key first. Errors are those of the wrapper.
// Cost: one call of the wrapper.
func (v *Vault) Create(ctx context.Context, b *store.Batch, atom customer.AtomID) (*Key, error) {
	if v == nil {
		return new(Key), nil
	}
	raw := random()
	wrapped, err := v.wrap(ctx, raw, atom)
	if err != nil {
		return nil, err
	}
	b.If(v.place(atom), 0)
	b.Put(v.place(atom), record(wrapped))
	return newKey(v.options.Tenant, atom, raw)
}

// wrap wraps the key of an atom. A wrapped key of no bytes would read as a destroyed one.
func (v *Vault) wrap(ctx context.Context, raw []byte, atom customer.AtomID) ([]byte, error) {
	wrapped, err := v.wrapper.Wrap(ctx, raw, v.binding(atom))
	if err == nil && len(wrapped) == 0 {
		err = errors.New("the wrapper returned nothing")
	}
	if err != nil {
		return nil, fmt.Errorf("seal: wrap: %w", err)
	}
	return wrapped, nil
}

// record is what the store has of a key; wrapped is nil where it was destroyed.
func record(wrapped []byte) []byte {
	w := wire.New(recordKind, recordVersion)
	if wrapped == nil {
		w.Null()
	} else {
		w.Bytes(wrapped)
	}
	return w.Data()
}

// readRecord returns the wrapped key of an entry, or why there is none.
func readRecord(e store.Entry) (wrapped []byte, err error) {
	if e.Version == 0 {
		return nil, ErrNoKey
	}
	r := wire.Read(e.Value)
	r.Expect(recordKind, recordVersion)
	destroyed := r.Null()
	if !destroyed {
		wrapped = r.Bytes()
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("seal: record: %w", err)
	}
	if destroyed {
		return nil, ErrDestroyed
	}
	return wrapped, nil
}

// plain is the key of a nil Vault.
var plain = new(Key)

// Key returns the key of an atom: ErrNoKey if it never had one, ErrDestroyed if
// that is gone. Other errors are those of the store and the wrapper. Cost: a lookup
// in memory, or one get and one call of the wrapper. For several atoms see [Vault.Keys].
func (v *Vault) Key(ctx context.Context, atom customer.AtomID) (*Key, error) {
	if v == nil {
		return plain, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v.mu.Lock()
	k, ok := v.cache[atom]
	forgotten := v.forgotten
	v.mu.Unlock()
	if ok {
		return k, nil
	}
	entries, err := v.store.Get(ctx, v.place(atom))
	if err != nil {
		return nil, err
	}
	if k, err = v.unwrap(ctx, entries[0], atom); err != nil {
		return nil, err
	}
	v.keep(atom, k, forgotten)
	return k, nil
}

// keep caches a key, unless keys were forgotten since it was read: it may be one of them.
func (v *Vault) keep(atom customer.AtomID, k *Key, forgotten uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.options.Cache < 0 || v.forgotten != forgotten {
		return
	}
	for other := range v.cache { // whichever comes first makes room
		if len(v.cache) < v.options.Cache {
			break
		}
		delete(v.cache, other)
	}
	v.cache[atom] = k
}

// Forget drops the keys of atoms from the memory of this vault. Call it after the
// commit that destroys them, and in other processes when they hear of it.
func (v *Vault) Forget(atoms ...customer.AtomID) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.forgotten++
	for _, atom := range atoms {
		delete(v.cache, atom)
	}
}

// Destroy adds to b the end of the keys of atoms: once b is committed, and after
// [Vault.Forget], nothing sealed under them can be opened. A mark stays, so that
// the atom never gets another key; atoms without a key get it as well.
func (v *Vault) Destroy(b *store.Batch, atoms ...customer.AtomID) {
	if v == nil {
		return
	}
	for _, atom := range atoms {
		b.Put(v.place(atom), record(nil))
	}
}
