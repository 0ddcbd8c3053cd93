package profile

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// Reseal brings what is stored up to the schema in force and to the keys of Options, and returns
// how many logs of atoms and rows it has changed. It is to be called after a change of the schema that
// makes traits or fields Personal or Sensitive, or traits Searchable or not; after Options
// have got a Vault; and where keys of Options.Index are replaced.
//
//   - Values that the schema protects, and what was set aside, are sealed where they lie in the
//     clear, as they do if they were added before. With them the sums by which evidence that is
//     added again is known are made with the key; those of events that were set aside as a whole
//     before there was a vault stay as they are.
//   - Values of searchable traits are put into the index under its newest key. What is there
//     under keys that Options.Index does not have, of traits that are not searchable, or of
//     statements whose adding was broken off, is deleted.
//   - Rows that have protected values are replaced by digests, and these made with the newest key.
//
// All is in use meanwhile, by others as by this process, and nothing of what Profiles answer
// changes. It can be broken off, and called again: it then finds what is left to do. So keys
// are replaced without a pause:
//
//  1. All processes get an Index with the old key and the new one, the old one first.
//  2. All get one with the new key first.
//  3. Reseal, and Vault.Rewrap for the keys that wrap those of atoms.
//  4. All get an Index without the old key, and then a Reseal deletes what is left of it.
//
// Without a Vault nothing is sealed. What was sealed stays so. progress, if not nil, is told how
// many atoms and rows are done, by one goroutine at a time, and a total of -1: it is not known.
//
// Errors: those of the store, of the vault's wrapper, seal.ErrOpen where something was tampered
// with, and store.ErrTooLarge where evidence of thousands of small values has no room when they
// are sealed. Cost: all evidence is read, twice where traits are searchable, when the keys of all
// atoms are needed too, on Options.Workers goroutines; a commit for each atom that is changed, for 4 of
// its pages, and for 150 keys of its index.
func (p *Profiles) Reseal(ctx context.Context, progress func(done, total int64)) (changed int64, err error) {
	x := &resealing{Profiles: p, progress: progress}
	if err := x.walk(ctx, key('a'), x.logs); err != nil {
		return x.changed.Load(), err
	}
	rest, err := x.reindexRest(ctx)
	if x.changed.Add(rest); err != nil {
		return x.changed.Load(), err
	}
	err = x.walk(ctx, key('r'), x.rows)
	return x.changed.Load(), err
}

// A resealing is a call of Reseal. Safe for concurrent use.
type resealing struct {
	*Profiles
	progress func(done, total int64)
	done     int64
	changed  atomic.Int64
}

// walk calls do with all entries under a prefix, some at a time.
func (x *resealing) walk(ctx context.Context, prefix []byte, do func(context.Context, []store.Entry) error) error {
	const most = 128
	r := store.Under(prefix)
	r.Limit = most
	for more := true; more; {
		var page []store.Entry
		for e, err := range x.s.Scan(ctx, r) {
			if err != nil {
				return err
			}
			if len(e.Key) != len(prefix)+len(customer.ID{}) {
				return fmt.Errorf("%w: profile: key of an atom or a row", store.ErrCorrupt)
			}
			page = append(page, e)
		}
		if more = len(page) == most; len(page) == 0 {
			break
		}
		r.From = append(slices.Clip(page[len(page)-1].Key), 0)
		if err := do(ctx, page); err != nil {
			return err
		}
		if x.done += int64(len(page)); x.progress != nil {
			x.progress(x.done, -1)
		}
	}
	return nil
}

// logs brings some logs up to date.
func (x *resealing) logs(ctx context.Context, page []store.Entry) error {
	f, err := x.reread(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(page))
	parallel.For(parallel.Workers(x.o.Workers), len(page), func(i int) {
		errs[i] = x.log(ctx, f, customer.AtomID(page[i].Key[len(key('a')):]))
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *resealing) log(ctx context.Context, f *inForce, a customer.AtomID) error {
	l := &logResealing{Profiles: x.Profiles, id: a}
	if err := l.run(ctx); err != nil {
		return err
	}
	changed := l.changed
	if f.searchable {
		indexed, err := x.reindex(ctx, a)
		if err != nil {
			return err
		}
		changed = changed || indexed
	}
	if changed {
		x.changed.Add(1)
	}
	return nil
}
