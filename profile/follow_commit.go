package profile

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A following is a commit of steps in the making. The version of the position is the
// condition on which all of it depends: members and whereabouts are written by who follows
// only. Heads are written by others as well and have conditions of their own.
type following struct {
	taken     int // steps that the commit takes
	heads     map[customer.AtomID]*followed[*head]
	members   map[membership]*followed[*member]
	customers map[customer.ID]*followed[*whereabouts]
	lie       map[customer.AtomID]*sliceName // of the atoms that are slices
	slices    map[customer.AtomID]*followed[*slice]
	were      map[customer.AtomID]bool // of those that were looked at: somebody had them
	turned    map[customer.AtomID]bool // slices that somebody has and nobody had, or the reverse, or erased
	waiting   map[customer.ID]bool     // customers whose slices are longer or shorter
	costs     []int                    // operations of the steps, but for their slices
	read      []store.Entry
	marks     []customer.AtomID // atoms that were erased
	mergers   map[merger]bool
	at        *position   // as it was read
	learned   int64       // from when on the steps are known, in unix microseconds
	vault     *seal.Vault // that has the keys of the atoms
}

type merger struct{ survivor, loser customer.ID }

type membership struct {
	customer.ID
	customer.AtomID
}

// A followed value is one of several in a commit.
type followed[V any] struct {
	key     []byte
	index   int // in following.read
	value   V
	changed bool
}

const (
	// overhead is what a commit has room for beside its steps: the position, written and a
	// condition, and two more of a customer the rest of whose erasure comes later.
	overheadOperations = 4
	overheadBytes      = 4 << 10
	// growth is by how much a step makes a value longer at most, and its other writes.
	growth = 256
)

// following reads what as many of the steps as one commit takes need. It is errOvertaken if
// the position is no more what it was.
func (p *Profiles) following(ctx context.Context, learned int64, at *position, steps []step) (*following, error) {
	f := &following{
		heads: map[customer.AtomID]*followed[*head]{}, members: map[membership]*followed[*member]{},
		customers: map[customer.ID]*followed[*whereabouts]{}, at: at, learned: max(learned, at.learned), vault: p.o.Vault,
		lie: map[customer.AtomID]*sliceName{}, slices: map[customer.AtomID]*followed[*slice]{},
		were: map[customer.AtomID]bool{}, turned: map[customer.AtomID]bool{}, waiting: map[customer.ID]bool{},
		mergers: map[merger]bool{},
	}
	limits := p.s.Limits()
	keys := [][]byte{[]byte(followKey)}
	for operations := overheadOperations; f.taken < len(steps); f.taken++ {
		s := &steps[f.taken]
		cost := f.operations(s)
		if operations += cost; operations > limits.Operations {
			break
		}
		f.costs = append(f.costs, cost)
		keys = f.need(s, keys)
	}
	var err error
	if f.read, err = p.s.Get(ctx, keys...); err != nil {
		return nil, err
	}
	if f.read[0].Version != at.version {
		return nil, errOvertaken
	}
	if err := f.divide(ctx, p, steps); err != nil {
		return nil, err
	}
	f.cut(steps, limits.Operations-overheadOperations, limits.BatchBytes-overheadBytes)
	return f, nil
}

// operations is the most by which a step adds to those of the batch.
func (f *following) operations(s *step) (n int) {
	if f.customers[s.change.Customer] == nil {
		n += 2 // and its mark
		if s.change.Verb == customer.Erased {
			n += 2
		}
	}
	if s.ends() {
		switch s.change.Verb {
		case customer.Erased:
			n += 2 // where it was there for another reason before
		case customer.Merged:
			n++
		}
		return n
	}
	a := s.change.Atoms[s.atom]
	if f.heads[a] == nil {
		n += 2
	}
	if f.members[membership{s.change.Customer, a}] == nil {
		n++
	}
	if s.change.Verb == customer.Erased {
		n++
		if f.vault != nil {
			n++
		}
	}
	return n
}

// need adds the keys that a step reads.
func (f *following) need(s *step, keys [][]byte) [][]byte {
	id := s.change.Customer
	if f.customers[id] == nil {
		f.customers[id] = &followed[*whereabouts]{key: customerKey(id), index: len(keys)}
		keys = append(keys, f.customers[id].key)
	}
	if s.ends() {
		return keys
	}
	a := s.change.Atoms[s.atom]
	if f.heads[a] == nil {
		f.heads[a] = &followed[*head]{key: headKey(a), index: len(keys)}
		keys = append(keys, f.heads[a].key)
	}
	m := membership{id, a}
	if f.members[m] == nil {
		f.members[m] = &followed[*member]{key: memberKey(id, a), index: len(keys)}
		keys = append(keys, f.members[m].key)
	}
	return keys
}

// cut takes no more steps than fit into operations and bytes, and ends them where no change was followed
// on one side only, or at least at the end of one, if there is such a place.
func (f *following) cut(steps []step, operations, bytes int) {
	seen := make([]bool, len(f.read))
	whole, end, fit := 0, 0, 0
	for i := range steps[:f.taken] {
		s := &steps[i]
		id := s.change.Customer
		size := growth + f.size(seen, f.customers[id].key, f.customers[id].index)
		if !s.ends() {
			a := s.change.Atoms[s.atom]
			h, m := f.heads[a], f.members[membership{id, a}]
			size += f.size(seen, h.key, h.index) + f.size(seen, m.key, m.index)
			if n := f.lie[a]; n != nil {
				sl, h := f.slices[a], f.heads[n.stream]
				for _, index := range []int{sl.index, h.index} {
					if !seen[index] {
						operations -= sliceOperations
					}
				}
				size += growth + f.size(seen, sl.key, sl.index) + f.size(seen, h.key, h.index)
			}
		}
		operations -= f.costs[i]
		if bytes -= size; bytes < 0 || operations < 0 {
			break
		}
		fit = i + 1
		if s.ends() {
			end = fit
		}
		if s.whole {
			whole = fit
		}
	}
	switch {
	case whole > 0:
		f.taken = whole
	case end > 0:
		f.taken = end
	default:
		f.taken = fit
	}
}

// size is what the value that was read counts in a batch, the first time.
func (f *following) size(seen []bool, key []byte, index int) int {
	if seen[index] {
		return 0
	}
	seen[index] = true
	return 2*len(key) + len(f.read[index].Value)
}

func (f *following) head(a customer.AtomID) (*followed[*head], error) {
	h := f.heads[a]
	if h.value == nil {
		var err error
		if h.value, err = decodeHead(f.read[h.index]); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (f *following) member(id customer.ID, a customer.AtomID) (*followed[*member], error) {
	m := f.members[membership{id, a}]
	if m.value != nil {
		return m, nil
	}
	m.value = &member{}
	if e := f.read[m.index]; e.Version != 0 {
		var err error
		if m.value, err = readMember(e.Value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (f *following) customer(id customer.ID) (*followed[*whereabouts], error) {
	w := f.customers[id]
	if w.value != nil {
		return w, nil
	}
	w.value = &whereabouts{}
	if e := f.read[w.index]; e.Version != 0 {
		var err error
		if w.value, err = readWhereabouts(e.Value); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// apply makes a step. To make it again changes nothing.
func (f *following) apply(s *step) error {
	c, micros := s.change, s.change.At.UnixMicro()
	w, err := f.customer(c.Customer)
	if err != nil {
		return err
	}
	comes := c.Customer == c.To
	t := turn{since: f.learned}
	switch {
	case comes:
		t.now = live
	case c.Verb == customer.Erased:
		t.now, t.at = erased, micros
	case c.Verb == customer.Merged && c.Part == c.Parts && s.ends():
		t.now, t.into = merged, c.To
	}
	become := w.value.become
	if comes && c.Verb == customer.Split {
		become = w.value.again
	}
	if t.now != 0 && become(t) {
		w.changed = true
		if t.now == merged {
			f.mergers[merger{c.To, c.Customer}] = true
		}
	}
	if s.ends() {
		return nil
	}
	a := c.Atoms[s.atom]
	h, err := f.head(a)
	if err != nil {
		return err
	}
	m, err := f.member(c.Customer, a)
	if err != nil {
		return err
	}
	if c.Verb == customer.Erased && !h.value.erased {
		if h.value.keyed && f.vault == nil { // the key would stay
			return noKey(seal.ErrNoKey)
		}
		f.marks = append(f.marks, a)
		h.value.erase()
		h.changed = true
		if err := f.eraseSlice(a, micros); err != nil {
			return err
		}
	}
	since := max(f.learned, m.value.last())
	if !m.value.turn(f.learned, comes) {
		return nil
	}
	if m.value.retracted = c.To == (customer.ID{}); m.value.retracted {
		m.value.left = micros
	}
	m.changed, w.changed = true, true
	place, claimed := slices.BinarySearchFunc(h.value.claims, c.Customer, compareIDs)
	switch {
	case comes:
		w.value.atoms++
		if !claimed {
			h.value.claims = slices.Insert(h.value.claims, place, c.Customer)
		}
	default:
		w.value.atoms--
		if claimed {
			h.value.claims = slices.Delete(h.value.claims, place, place+1)
		}
	}
	h.changed = true
	return f.shift(h.value, a, since, micros, comes)
}

// batch is the commit that makes the steps and moves the position.
func (f *following) batch(next *position) *store.Batch {
	b := &store.Batch{}
	b.If([]byte(followKey), f.at.version)
	b.Put([]byte(followKey), next.data())
	for _, h := range f.heads {
		if h.changed {
			b.If(h.key, h.value.version)
			b.Put(h.key, h.value.encode())
		}
	}
	for _, m := range f.members {
		switch {
		case !m.changed:
		case len(m.value.bounds) == 0 && !m.value.retracted:
			b.Delete(m.key)
		default:
			b.Put(m.key, m.value.data())
		}
	}
	for _, s := range f.slices {
		if s.changed {
			b.Put(s.key, s.value.data())
		}
	}
	for id, w := range f.customers {
		if !w.changed {
			continue
		}
		b.Put(w.key, w.value.data())
		f.waiting[id] = true
		if w.value.erased() {
			b.Put(erasingKey(id), erasing)
		}
	}
	for id := range f.waiting {
		b.Put(waitKey(id), waitMark)
	}
	for _, a := range f.marks {
		b.Put(purgeKey(a), erasing)
	}
	f.vault.Destroy(b, f.marks...)
	for m := range f.mergers {
		b.Put(mergedKey(m.survivor, m.loser), mergedMark)
	}
	return b
}
