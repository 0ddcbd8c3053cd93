package seal

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// together is the most calls of a wrapper that one call of a vault has under way: a
// service that takes 100 ms a call unwraps 160 keys a second.
const together = 16

// Found is what a vault has for an atom: a key, or why there is none. Safe for
// concurrent reads.
type Found struct {
	Key *Key  // nil if and only if there is an Err
	Err error // ErrNoKey or ErrDestroyed, as of [Vault.Key]; nil with a key
}

// Keys returns what [Vault.Key] would for each of the atoms, in their order; an atom
// may be given twice. That there is no key is said for each atom; any other error, of
// the store or the wrapper, is that of the first atom that has one, and then nothing
// is returned. No atoms are no error. Of the nil Vault, all have its key.
// Cost: a lookup in memory for each; for those that are not there, all in one get (one
// for every Limits().Operations of the store) and one call of the wrapper each, up to
// 16 at once, those of a [Local] one after the other.
func (v *Vault) Keys(ctx context.Context, atoms ...customer.AtomID) ([]Found, error) {
	found := make([]Found, len(atoms))
	if v == nil {
		for i := range found {
			found[i].Key = new(Key)
		}
		return found, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var missing []int // the first place of each atom that is not at hand
	v.mu.Lock()
	forgotten := v.forgotten
	for i, atom := range atoms {
		if found[i].Key = v.cache[atom]; found[i].Key == nil {
			missing = append(missing, i)
		}
	}
	v.mu.Unlock()
	if missing == nil {
		return found, nil
	}
	first := make(map[customer.AtomID]int, len(missing))
	distinct := make([]customer.AtomID, 0, len(missing))
	for _, i := range missing {
		if _, ok := first[atoms[i]]; !ok {
			first[atoms[i]] = len(distinct)
			distinct = append(distinct, atoms[i])
		}
	}
	read, err := v.read(ctx, distinct)
	if err != nil {
		return nil, err
	}
	for i, f := range read {
		if f.Key != nil {
			v.keep(distinct[i], f.Key, forgotten)
		}
	}
	for _, i := range missing {
		found[i] = read[first[atoms[i]]]
	}
	return found, nil
}

// read reads and unwraps the keys of atoms, each given once.
func (v *Vault) read(ctx context.Context, atoms []customer.AtomID) ([]Found, error) {
	entries, err := v.entries(ctx, atoms)
	if err != nil {
		return nil, err
	}
	found := make([]Found, len(atoms))
	return found, v.each(len(atoms), func(i int) error {
		k, err := v.unwrap(ctx, entries[i], atoms[i])
		switch {
		case errors.Is(err, ErrNoKey) || errors.Is(err, ErrDestroyed):
			found[i].Err = err
		case err != nil:
			return err
		}
		found[i].Key = k
		return nil
	})
}

// entries returns the records of atoms, in as few gets as the store allows.
func (v *Vault) entries(ctx context.Context, atoms []customer.AtomID) ([]store.Entry, error) {
	places := make([][]byte, len(atoms))
	for i, atom := range atoms {
		places[i] = v.place(atom)
	}
	most := v.store.Limits().Operations
	if len(places) <= most {
		return v.store.Get(ctx, places...)
	}
	all := make([]store.Entry, 0, len(places))
	for len(places) > 0 {
		n := min(most, len(places))
		entries, err := v.store.Get(ctx, places[:n]...)
		if err != nil {
			return nil, err
		}
		all, places = append(all, entries...), places[n:]
	}
	return all, nil
}

// each calls f for 0 to n-1, which calls the wrapper, and returns the error of the lowest
// that has one. Those after an error may be left out.
func (v *Vault) each(n int, f func(i int) error) error {
	workers := together
	if _, ok := v.wrapper.(*Local); ok {
		workers = 1 // it takes less time than another goroutine
	}
	var lowest atomic.Int64 // of those with an error; those before it are still called
	lowest.Store(int64(n))
	errs := make([]error, n)
	parallel.For(workers, n, func(i int) {
		if int64(i) > lowest.Load() {
			return
		}
		if errs[i] = f(i); errs[i] == nil {
			return
		}
		for at := lowest.Load(); int64(i) < at && !lowest.CompareAndSwap(at, int64(i)); {
			at = lowest.Load()
		}
	})
	if at := int(lowest.Load()); at < n {
		return errs[at]
	}
	return nil
}

// unwrap returns the key of an atom that an entry holds.
func (v *Vault) unwrap(ctx context.Context, e store.Entry, atom customer.AtomID) (*Key, error) {
	wrapped, err := readRecord(e)
	if err != nil {
		return nil, err
	}
	raw, err := v.raw(ctx, wrapped, atom)
	if err != nil {
		return nil, err
	}
	return newKey(v.options.Tenant, atom, raw)
}

// raw unwraps the key of an atom.
func (v *Vault) raw(ctx context.Context, wrapped []byte, atom customer.AtomID) ([]byte, error) {
	raw, err := v.wrapper.Unwrap(ctx, wrapped, v.binding(atom))
	if err != nil {
		return nil, fmt.Errorf("seal: unwrap: %w", err)
	}
	return raw, nil
}
