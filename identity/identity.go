package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A Graph is evidence in a store, and who is one customer by it. Any number of graphs,
// in any number of processes, may be open on one store. Safe for concurrent use.
type Graph struct {
	s     store.Store
	o     Options
	feed  *feed
	rules atomic.Pointer[rules]
	sorts sync.Map // of identifiers, as Index.Blind takes them

	log func(c []customer.Change) // if not nil, is told of all changes made
}

// Options of a graph. Nil is the defaults, which are for development: nothing is
// encrypted, and hashes are without a key. Safe for concurrent reads.
type Options struct {
	// Index hashes identifiers, under which they are found. Nil hashes without a key,
	// which hides nothing: set it wherever real people are observed. The newest key of
	// an index is used, and a store keeps to the one it began with: Open refuses
	// another, so the key of a graph cannot be replaced, and belongs where it is safe for good. Package
	// profile, whose index can, is given another seal.Index then: with the new key and the old.
	Index *seal.Index
	// Vault seals the identifiers and ids of observations under a key for each record.
	// Nil keeps them as they are.
	Vault *seal.Vault
	// Normalizers bring the values of a type into one form, or refuse them; those of
	// package identity/normalize, or your own. They are code and not kept in the store:
	// all graphs on one store need the same. A type without one takes values as they
	// are.
	Normalizers map[string]normalize.Normalizer
	// Backoff says how often to try again where others have changed the same
	// customers meanwhile. Nil is the defaults of package store.
	Backoff *store.Backoff

	bounds bounds
}

// rules are the policy in force, as it is in the store.
type rules struct {
	policy  *Policy
	epoch   []byte        // names the policy
	version store.Version // of the epoch's key
}

// Open returns the graph in a store. In an empty store the policy begins to hold; nil is
// [DefaultPolicy]. Where there is a policy already, nil takes it, and another is
// ErrPolicy: [Graph.Apply] changes it. So is another key of the index than the store
// began with. The store stays the caller's.
func Open(ctx context.Context, s store.Store, policy *Policy, o *Options) (*Graph, error) {
	if policy != nil {
		if err := policy.Validate(); err != nil {
			return nil, err
		}
	}
	g := &Graph{s: s, feed: newFeed(s)}
	if o != nil {
		g.o = *o
	}
	_, err := store.Update(ctx, s, g.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		err := g.loadRules(ctx)
		if !errors.Is(err, errNoPolicy) {
			return nil, err
		}
		first := policy
		if first == nil {
			first = DefaultPolicy()
		}
		data := first.data()
		b := &store.Batch{}
		b.Put([]byte(policyKey), data)
		b.Put([]byte(epochKey), epochData(epochOf(data)))
		b.Put([]byte(indexKey), g.indexData())
		b.If([]byte(epochKey), 0)
		return b, nil
	})
	if err != nil && !errors.Is(err, store.ErrUnknownOutcome) {
		return nil, err
	}
	if err := g.loadRules(ctx); err != nil {
		return nil, err
	}
	entries, err := s.Get(ctx, []byte(indexKey))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(entries[0].Value, g.indexData()) {
		return nil, fmt.Errorf("%w: what is in the store is hashed under another key", ErrPolicy)
	}
	if policy != nil && !bytes.Equal(policy.data(), g.rules.Load().policy.data()) {
		return nil, fmt.Errorf("%w: the store has another; Apply changes it", ErrPolicy)
	}
	return g, nil
}

// indexData tells one key of the index from another.
func (g *Graph) indexData() []byte {
	w := wire.New("identity/index", 1)
	h := g.blind("index", "")
	w.Bytes(h[:])
	return w.Data()
}

// Policy returns the policy in force when this graph last looked, which it does whenever
// it changes something. It belongs to the caller.
func (g *Graph) Policy() *Policy { return g.rules.Load().policy.clone() }

// Changes implements [customer.Feed].
func (g *Graph) Changes(ctx context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return g.feed.Changes(ctx, after)
}

// Head implements [customer.Feed].
func (g *Graph) Head(ctx context.Context) (customer.Cursor, error) { return g.feed.Head(ctx) }

// Trim drops the changes before a cursor: followers that are behind it begin anew.
func (g *Graph) Trim(ctx context.Context, before customer.Cursor) error {
	return g.feed.Trim(ctx, before)
}

var errNoPolicy = errors.New("identity: no policy in the store")

// loadRules reads the policy. Where an erasure is not finished it finishes that first:
// nothing else is changed meanwhile.
func (g *Graph) loadRules(ctx context.Context) error {
	entries, err := g.s.Get(ctx, []byte(epochKey), []byte(policyKey), []byte(erasingKey))
	if err != nil {
		return err
	}
	if entries[2].Version != 0 {
		if err := g.finishErasure(ctx); err != nil {
			return err
		}
		return g.loadRules(ctx)
	}
	if entries[0].Version == 0 {
		return errNoPolicy
	}
	epoch, err := readEpoch(entries[0].Value)
	if err != nil {
		return err
	}
	policy, err := readPolicy(entries[1].Value)
	if err != nil {
		return err
	}
	g.rules.Store(&rules{policy: policy, epoch: epoch, version: entries[0].Version})
	return nil
}

// epochOf names a policy.
func epochOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:8]
}
