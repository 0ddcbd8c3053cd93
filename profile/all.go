package profile

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// pageCustomers is how many customers are read and folded together.
const pageCustomers = 512

// A holding is a customer and the atoms the customer has, ascending.
type holding struct {
	id    customer.ID
	atoms []customer.AtomID
}

// A loading is a customer and what fold is given of each atom.
type loading struct {
	id    customer.ID
	atoms []atom
}

// walk goes through all customers, ascending by id, in pages. Several goroutines read pages
// and call work, which must not change what they share; emit is called with what work made
// of each page, in the order of the pages, by the goroutine that called walk. So the result
// does not depend on the number of goroutines. Options.Progress is told. The first error in that order ends it, that
// of emit too. There are at most about twice as many pages at a time as goroutines.
func walk[T any](
	ctx context.Context, p *Profiles, f *inForce, m moment,
	work func(page []loading) (T, error), emit func(T) error,
) error {
	return walkHoldings(ctx, p, m, func(ctx context.Context, page []holding) (T, error) {
		loaded, err := p.loadPage(ctx, f, page, m)
		if err != nil {
			var none T
			return none, err
		}
		return work(loaded)
	}, emit)
}

// walkHoldings is walk for work that does not need the evidence, or needs it in another way.
func walkHoldings[T any](
	ctx context.Context, p *Profiles, m moment,
	work func(ctx context.Context, page []holding) (T, error), emit func(T) error,
) error {
	type made struct {
		value     T
		customers int
		err       error
	}
	type job struct {
		page []holding
		err  error // there is no page
		made chan made
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	workers := parallel.Workers(p.o.Workers)
	jobs, order := make(chan job), make(chan chan made, workers)
	wg.Go(func() {
		defer close(order)
		defer close(jobs)
		for after := (customer.ID{}); ; {
			page, last, err := p.holdings(ctx, after, pageCustomers, m.known)
			if len(page) > 0 || err != nil {
				j := job{page, err, make(chan made, 1)}
				select {
				case order <- j.made:
				case <-ctx.Done():
					return
				}
				select {
				case jobs <- j:
				case <-ctx.Done():
					return
				}
			}
			if err != nil || last == (customer.ID{}) {
				return
			}
			after = last
		}
	})
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				out := made{customers: len(j.page), err: j.err}
				if j.err == nil {
					out.value, out.err = work(ctx, j.page)
				}
				j.made <- out
			}
		})
	}
	done := int64(0)
	for c := range order {
		select {
		case out := <-c:
			if out.err != nil {
				return out.err
			}
			if err := emit(out.value); err != nil {
				return err
			}
			done += int64(out.customers)
			p.progress(done)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// holdings returns the customers after one, ascending, of whom there are some as known at
// a time, with their atoms, and where to go on; that is zero at the end. It looks at most
// at n customers.
func (p *Profiles) holdings(ctx context.Context, after customer.ID, n int, known int64) (page []holding, last customer.ID, err error) {
	r := store.Under(key('c'))
	r.From, r.Limit = append(customerKey(after), 0), n
	counts := make([]int, 0, n)
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return nil, last, err
		}
		n--
		copy(last[:], e.Key[len(key('c')):])
		w, err := readWhereabouts(e.Value)
		if err != nil {
			return nil, last, err
		}
		t, ok := w.at(known)
		if ok && t.now == live && !w.erased() && (w.atoms > 0 || known != never) {
			page, counts = append(page, holding{id: last}), append(counts, w.atoms)
		}
	}
	if n > 0 {
		last = customer.ID{}
	}
	if err := p.hold(ctx, page, known); err != nil {
		return nil, last, err
	}
	for i := range page {
		if known == never && len(page[i].atoms) != counts[i] { // changed between the two scans
			id, atoms, err := p.members(ctx, page[i].id, moment{known: known})
			switch {
			case errors.Is(err, ErrUnknown) || errors.Is(err, ErrErased) || err == nil && id != page[i].id:
				atoms = nil // gone; who has the atoms now may have been passed
			case err != nil:
				return nil, last, err
			}
			page[i].atoms = atoms
		}
	}
	return slices.DeleteFunc(page, func(h holding) bool { return len(h.atoms) == 0 }), last, nil
}

// hold reads the atoms of customers, ascending, as known at a time, in one scan.
func (p *Profiles) hold(ctx context.Context, page []holding, known int64) error {
	if len(page) == 0 {
		return nil
	}
	r := store.Range{From: key('m', page[0].id[:]), To: store.Under(key('m', page[len(page)-1].id[:])).To}
	i := 0
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return err
		}
		id, a, err := memberName(e.Key)
		if err != nil {
			return err
		}
		for i < len(page) && compareIDs(page[i].id, id) < 0 {
			i++
		}
		if i == len(page) || page[i].id != id {
			continue
		}
		of, err := readMember(e.Value)
		if err != nil {
			return err
		}
		if of.at(known) {
			page[i].atoms = append(page[i].atoms, a)
		}
	}
	return nil
}

// loadPage loads all atoms of a page at once.
func (p *Profiles) loadPage(ctx context.Context, f *inForce, page []holding, m moment) ([]loading, error) {
	var ids []customer.AtomID
	for i := range page {
		ids = append(ids, page[i].atoms...)
	}
	atoms, err := p.load(ctx, f, ids, m)
	if err != nil {
		return nil, err
	}
	loaded := make([]loading, len(page))
	for i := range page {
		n := len(page[i].atoms)
		loaded[i] = loading{page[i].id, atoms[:n:n]}
		atoms = atoms[n:]
	}
	return loaded, nil
}

// All yields the profiles of all customers at a moment, ascending by id, with provenance;
// where Moment.Known is set, of those that were known then, who may have been merged
// since. An error is the last element.
//
// It is no snapshot: a customer who is there all the time is yielded once, as it was at
// some time of the walk; one who begins, ends or is merged meanwhile is yielded or not, and
// of one who is erased meanwhile something may be missing.
//
// Cost: two scans and some Gets for 512 customers, and their folding, on Options.Workers
// goroutines; memory for a few times as many profiles. The sequence can be used again, and
// then reads anew.
func (p *Profiles) All(ctx context.Context, m Moment) iter.Seq2[*Profile, error] {
	return func(yield func(*Profile, error) bool) {
		err := p.each(ctx, m, func(page []*Profile) error {
			for _, one := range page {
				if !yield(one, nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// errEnough ends a walk whose caller has left the loop.
var errEnough = errors.New("profile: enough")

func (p *Profiles) each(ctx context.Context, m Moment, emit func([]*Profile) error) error {
	at, err := m.bind()
	if err != nil {
		return err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return err
	}
	return walk(ctx, p, f, at, func(page []loading) ([]*Profile, error) {
		all := make([]*Profile, len(page))
		for i := range page {
			all[i] = f.explain(page[i].atoms, at)
			all[i].Customer = page[i].id
		}
		return all, nil
	}, emit)
}
