package profile

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Profiles are the profiles of all customers in a store: evidence, the schema, and what
// follows from both. Any number of them, in any number of processes, may be open on one
// store. Safe for concurrent use.
type Profiles struct {
	s       store.Store
	o       Options
	schema  atomic.Pointer[inForce]
	telling sync.Mutex // of Options.Progress
}

// progress tells Options.Progress how many customers are done.
func (p *Profiles) progress(done int64) {
	if p.o.Progress == nil {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.o.Progress(done, -1)
}

// inForce is the schema as it was last read; its version in the store is the condition of
// every commit that depends on it.
type inForce struct {
	*bound
	read store.Version
}

// Options of profiles. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Custom are the functions that traits name. They are code and not kept in the store:
	// all on one store need the same.
	Custom map[string]CustomRule
	// Rows are the names of the traits and computed traits that row batches have. Nil:
	// all that are Public or Internal. All on one store need the same.
	Rows []string
	// Workers is the most goroutines of work on many customers. 0: GOMAXPROCS. Results do
	// not depend on it.
	Workers int
	// Progress, if not nil, is told how many customers are done by what goes through all
	// of them (All and what exports them, Table, Events, Quality, Shares, Preview), and how many Sync
	// has folded anew. Of several calls at once it is told of each by itself. total is -1. By
	// one goroutine at a time; it must not use the Profiles.
	Progress func(done, total int64)
	// Backoff says how often to try again where others have changed the same meanwhile.
	// Nil is the defaults of package store.
	Backoff *store.Backoff
	// Vault seals what the schema says is Personal or Sensitive, and what is set aside, under a
	// key for each atom: see Storage in the comment of the package. It is on the same store, where
	// its Options.Prefix is not pf/ or part of that, and may be that of package identity. All on one
	// store need the same keys. What was added before there was one is sealed by Profiles.Reseal.
	// Nil: nothing is sealed, and what others sealed is not readable: to read it, to add to it and to
	// erase it are seal.ErrNoKey. Not nil: Index is mandatory.
	Vault *seal.Vault
	// Index computes the blind indexes by which values of traits with Trait.Searchable are
	// found, and digests of rows that have values that are to be sealed. Nil: they are hashes without a
	// key, which hide nothing.
	Index *seal.Index
}

// Open returns the profiles in a store. In an empty store the schema begins to hold; nil
// is an error there. Where there is a schema already, nil takes it, and another is
// ErrSchema: Profiles.Apply changes it. Options that name what the schema does not have, and
// a schema that names a function that is not in Options.Custom, are ErrSchema too. The
// store stays the caller's. schema is not kept.
func Open(ctx context.Context, s store.Store, schema *Schema, o *Options) (*Profiles, error) {
	p := &Profiles{s: s}
	if o != nil {
		p.o = *o
		p.o.Custom, p.o.Rows = maps.Clone(o.Custom), slices.Clone(o.Rows)
	}
	if p.o.Workers < 0 {
		return nil, &InputError{Row: -1, Field: "workers", Reason: "is negative"}
	}
	if p.o.Vault != nil && p.o.Index == nil {
		return nil, &InputError{Row: -1, Field: "index", Reason: "is missing, and there is a vault"}
	}
	var want []byte
	if schema != nil {
		if err := schema.Validate(); err != nil {
			return nil, err
		}
		var err error
		if want, err = schema.data(); err != nil {
			return nil, err
		}
	}
	err := p.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		present, _, err := loadSchema(ctx, s, 0)
		switch {
		case err != nil:
			return nil, err
		case present != nil && schema != nil && !bytes.Equal(present.json, want):
			return nil, fmt.Errorf("%w: another is in force", ErrSchema)
		case present != nil:
			return nil, nil
		case schema == nil:
			return nil, fmt.Errorf("%w: the store has none", ErrSchema)
		}
		first := &storedSchema{version: 1, json: want}
		f, err := p.bind(first)
		if err != nil {
			return nil, err
		}
		first.names = f.names
		b := new(store.Batch)
		b.If([]byte(schemaKey), 0)
		return b, first.put(b)
	})
	if err != nil {
		return nil, err
	}
	if _, err := p.reread(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Schema returns the schema in force, which the caller may change, and its version: 1 for
// the first. Cost: it is read from the store.
func (p *Profiles) Schema(ctx context.Context) (schema *Schema, version uint64, err error) {
	stored, _, err := loadSchema(ctx, p.s, 0)
	if err == nil && stored == nil {
		err = errNoSchema
	}
	if err != nil {
		return nil, 0, err
	}
	schema, err = stored.schema()
	return schema, stored.version, err
}

var errNoSchema = fmt.Errorf("%w: the schema is gone", store.ErrCorrupt)

// current returns the schema in force as it was last read. Where that is not the present
// one, commits under the condition of its version in the store fail, and reread helps;
// who only reads has to compare it with that of schemaKey.
func (p *Profiles) current(context.Context) (*inForce, error) {
	return p.schema.Load(), nil
}

// reread returns the schema in force as it is in the store. Cost: a Get of a small key, and
// where that has changed, the schema.
func (p *Profiles) reread(ctx context.Context) (*inForce, error) {
	old, known := p.schema.Load(), store.Version(0)
	if old != nil {
		known = old.read
	}
	stored, version, err := loadSchema(ctx, p.s, known)
	switch {
	case err != nil:
		return nil, err
	case version == 0:
		return nil, errNoSchema
	case stored == nil:
		return old, nil
	}
	b, err := p.bind(stored)
	if err != nil {
		return nil, err
	}
	// Another goroutine may have read a newer one meanwhile.
	for f := (&inForce{b, version}); old == nil || old.version <= f.version; old = p.schema.Load() {
		if p.schema.CompareAndSwap(old, f) {
			return f, nil
		}
	}
	return p.schema.Load(), nil
}

// bind makes a stored schema ready under the options.
func (p *Profiles) bind(stored *storedSchema) (*bound, error) {
	schema, err := stored.schema()
	if err != nil {
		return nil, err
	}
	b, err := bind(schema, stored.version, stored.names, p.o.Custom)
	if err != nil {
		return nil, err
	}
	for i, name := range p.o.Rows {
		if !schema.has(name) {
			return nil, fmt.Errorf("%w: Options.Rows names %q, which it does not have", ErrSchema, name)
		}
		if slices.Contains(p.o.Rows[:i], name) {
			return nil, fmt.Errorf("%w: Options.Rows names %q twice", ErrSchema, name)
		}
	}
	return b, nil
}
