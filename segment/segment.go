package segment

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

// DefaultDense is the default of Options.Dense.
const DefaultDense = 1.0 / 64

// Options are the settings of an index. nil is all defaults. Safe for concurrent reads.
type Options struct {
	// ID tells this index from others: sets of another index are refused. uuid.Nil draws one by chance (crypto/rand). An
	// index that is made anew with an ID used before takes no sets of the one before, as every index begins an epoch of
	// its own.
	ID uuid.UUID
	// Tags are the tags the index begins with; more can be declared later.
	Tags []Tag
	// Infer declares a tag that a write names and the index does not know, by the kind of the value written: bool is a
	// Flag, int64 an Integer, decimal a Decimal of its digits, float64 a Float, time a Time to the second, text an Enum,
	// labels Labels. false makes such a write an error.
	Infer bool
	// Dense is the share of a chunk of 65,536 customers from which a set is kept as a bitmap of 8 KiB, though a list of two
	// bytes a member would be smaller: the lower, the faster and the larger. 0 means DefaultDense; at least 1/65,536, and
	// 1/16 is where the list is no smaller and the most.
	Dense float64
	// Workers is the number of goroutines a batch is applied with; 0 means GOMAXPROCS.
	Workers int
}

// members returns Dense as a number of members.
func (o *Options) members() (int, error) {
	dense := o.Dense
	if dense == 0 {
		dense = DefaultDense
	}
	if !(dense >= 1.0/kernel.Bits && dense <= 1.0/16) {
		return 0, fmt.Errorf("%w: Dense must be 0 or 1/65,536 to 1/16", ErrOptions)
	}
	return int(dense * kernel.Bits), nil
}

// Index holds what customers have. One goroutine at a time writes, others wait; whoever reads takes a Snapshot and waits
// for nobody. Safe for concurrent use.
type Index struct {
	mu      sync.Mutex // held by the writer
	infer   bool
	workers int
	ids     *dictionary
	current atomic.Pointer[Snapshot]
}

// New returns an index without customers.
func New(o *Options) (*Index, error) {
	if o == nil {
		o = &Options{}
	}
	dense, err := o.members()
	if err != nil {
		return nil, err
	}
	tags, err := NewCatalogue(o.Tags...)
	if err != nil {
		return nil, err
	}
	id := o.ID
	if id == uuid.Nil {
		if id, err = uuid.NewRandomFromReader(rand.Reader); err != nil {
			return nil, fmt.Errorf("segment: no id for the index: %w", err)
		}
	}
	ix := &Index{infer: o.Infer, workers: o.Workers}
	ix.ids = newDictionary(byChance())
	s := &Snapshot{index: id, epoch: byChance(), dense: dense, tags: &Catalogue{}, ids: ix.ids.view()}
	ix.current.Store(s.declared(tags))
	return ix, nil
}

// Snapshot returns the index as it is after the last batch. Cost: an atomic load.
func (ix *Index) Snapshot() *Snapshot { return ix.current.Load() }

// Declare adds tags. One that is there already, equal in all fields, is no error; another of the same name is.
func (ix *Index) Declare(tags ...Tag) error {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	next, err := ix.declare(tags)
	if err == nil && next != nil {
		ix.current.Store(next)
	}
	return err
}

// declare returns the snapshot after Declare, nil if all tags are there already.
func (ix *Index) declare(tags []Tag) (*Snapshot, error) {
	s := ix.Snapshot()
	var fresh []Tag
	for _, t := range tags {
		if old, ok := s.tags.Tag(t.Name); (!ok || old != t) && !slices.Contains(fresh, t) {
			fresh = append(fresh, t)
		}
	}
	cat, err := s.tags.with(fresh)
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	next := s.declared(cat)
	next.version++
	return next, nil
}

// declared returns the snapshot with the tags of a catalogue that begins with its own.
func (s *Snapshot) declared(cat *Catalogue) *Snapshot {
	next := *s
	next.tags = cat
	next.data = slices.Clone(s.data)
	for _, t := range cat.tags[len(s.data):] {
		var d tagData
		if t.Kind == Enum || t.Kind == Labels {
			d.terms = newTerms()
		}
		next.data = append(next.data, d)
	}
	return &next
}

// ApplyRows carries out a batch of rows, as Profile and other feeds hand them on: Deletes go, Upserts are set.
func (ix *Index) ApplyRows(ctx context.Context, rows customer.RowBatch) error {
	b, err := batchOf(rows)
	if err != nil {
		return err
	}
	return ix.apply(ctx, b, -len(rows.Deletes)) // only upserts can be at fault
}

// batchOf returns the writes of rows: Deletes first.
func batchOf(rows customer.RowBatch) (*Batch, error) {
	if err := rows.Validate(); err != nil {
		return nil, err
	}
	b := &Batch{}
	for _, id := range rows.Deletes {
		b.Delete(id)
	}
	for _, row := range rows.Upserts {
		b.Row(row)
	}
	return b, nil
}
