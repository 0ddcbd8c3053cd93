package segment

import (
	"cmp"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// groupTable counts groups. Not safe for concurrent use.
type groupTable struct {
	*grouper
	f     *frame
	list  []groupEntry        // by number of the combination, if there are at most maxFew
	many  map[uint64]int      // otherwise the place in list of each number; else nil
	codes []uint32            // by code, where customers are counted by one Enum alone
	at    [kernel.Bits]uint16 // customers of a chunk
	combo [kernel.Bits]uint64 // numbers of the combinations by position
}

// groupEntry is what is known of a group.
type groupEntry struct {
	number        uint64
	count, summed int
	whole         int128
	floats        floatSum
}

// maxFew is the largest number of combinations for which there are entries in advance.
const maxFew = 1 << 16

func (g *grouper) table(f *frame) *groupTable {
	t := &groupTable{grouper: g, f: f}
	if g.size > maxFew {
		t.many = map[uint64]int{}
		return t
	}
	t.list = make([]groupEntry, g.size)
	for i := range t.list {
		t.list[i].number = uint64(i)
	}
	return t
}

// entry returns the entry of a combination. It is valid until the next is asked for.
func (t *groupTable) entry(number uint64) *groupEntry {
	if t.many == nil {
		return &t.list[number]
	}
	at, ok := t.many[number]
	if !ok {
		at = len(t.list)
		t.many[number] = at
		t.list = append(t.list, groupEntry{number: number})
	}
	return &t.list[at]
}

// chunk counts a chunk.
func (t *groupTable) chunk(c int) {
	w := t.f.scrap()
	defer t.f.give(w)
	chosen := t.f.selected(c, w)
	if chosen == nil {
		return
	}
	if len(t.by) == 1 && (t.by[0].labels || t.sum == nil) {
		t.alone(c, chosen)
		return
	}
	at := t.at[:kernel.Extract(t.at[:], chosen)]
	for _, p := range at {
		t.combo[p] = 0
	}
	for i := range t.by {
		t.place(&t.by[i], c, at)
	}
	for _, p := range at {
		t.entry(t.combo[p]).count++
	}
	t.add(c, chosen, func(p uint16) uint64 { return t.combo[p] })
}

// alone counts by one tag, with a sum only by labels.
func (t *groupTable) alone(c int, chosen *kernel.Words) {
	left := 0 // without a value
	switch col := t.by[0].d.column(c).(type) {
	case *enumColumn:
		if t.codes == nil {
			t.codes = make([]uint32, t.by[0].d.last+1)
		}
		if t.f.program.root.isEveryone() {
			for i, code := range col.codes {
				t.codes[code] += uint32(col.sets[i].Len())
			}
		} else {
			col.count(t.codes, chosen)
		}
		if col.set.Len() < t.f.s.existing(c).Len() {
			left = col.set.AndNotCount(chosen)
		}
	case *flagColumn:
		yes, set := col.yes.AndCount(chosen), col.set.AndCount(chosen)
		t.entry(1).count += set - yes
		t.entry(2).count += yes
		left = kernel.Count(chosen) - set
	case *labelsColumn:
		w := t.f.scrap()
		defer t.f.give(w)
		for i, code := range col.codes {
			n := col.sets[i].AndCount(chosen)
			if n == 0 {
				continue
			}
			t.entry(uint64(code)).count += n
			if t.sum != nil {
				*w = *chosen
				col.sets[i].And(w)
				t.add(c, w, func(uint16) uint64 { return uint64(code) })
			}
		}
		if *w = *chosen; col.set.AndNot(w) {
			t.entry(0).count += kernel.Count(w)
			t.add(c, w, func(uint16) uint64 { return 0 })
		}
		return
	default:
		left = kernel.Count(chosen)
	}
	if left > 0 {
		t.entry(0).count += left
		t.add(c, chosen, func(uint16) uint64 { return 0 }) // with a sum: labels that nobody of the chunk has
	}
}

// place adds what one tag contributes to the numbers of the combinations of the customers at some positions.
func (t *groupTable) place(by *dimension, c int, at []uint16) {
	switch col := by.d.column(c).(type) {
	case *enumColumn:
		if col.bytes8 != nil {
			for _, p := range at {
				t.combo[p] += by.weight[col.bytes8[p]]
			}
			return
		}
		for _, p := range at {
			t.combo[p] += by.weight[col.words[p]]
		}
	case *flagColumn: // set is 1, yes one more
		w := t.f.scrap()
		defer t.f.give(w)
		for _, set := range []bitset.Set{col.set, col.yes} {
			set.Load(w)
			for _, p := range at {
				t.combo[p] += by.stride & -(w[p>>6] >> (p & 63) & 1)
			}
		}
	}
}

// add sums the values of the customers in w.
func (t *groupTable) add(c int, w *kernel.Words, number func(p uint16) uint64) {
	if t.sum == nil {
		return
	}
	col, ok := t.sum.column(c).(numeric)
	if !ok {
		return
	}
	scratch := t.f.scrap()
	defer t.f.give(scratch)
	if w, n := t.f.having(c, w, col.members(), scratch); n > 0 {
		float := t.sumTag.Kind == Float
		gather(col, w, func(at []uint16, keys []uint64) {
			for i, p := range at {
				e := t.entry(number(p))
				e.summed++
				if float {
					e.floats.add(keyFloat(keys[i]))
				} else {
					e.whole.add(keyInt(keys[i]))
				}
			}
		})
	}
}

// merge adds what another table found. Floats are summed by one table alone.
func (t *groupTable) merge(u *groupTable) {
	for i := range u.list {
		from := &u.list[i]
		e := t.entry(from.number)
		e.count += from.count
		e.summed += from.summed
		e.whole = e.whole.plus(from.whole)
	}
	if t.codes == nil {
		t.codes = u.codes
		return
	}
	for code, n := range u.codes {
		t.codes[code] += n
	}
}

// groups returns the groups that are not empty, in order.
func (t *groupTable) groups() ([]Group, error) {
	for code, n := range t.codes {
		if code > 0 && n > 0 { // customers without code have been counted
			t.entry(t.by[0].numberOf(code)).count += int(n)
		}
	}
	var list []Group
	for i := range t.list {
		e := &t.list[i]
		if e.count == 0 {
			continue
		}
		g := Group{Count: e.count, Summed: e.summed}
		for _, by := range t.by {
			g.Values = append(g.Values, by.values[e.number/by.stride%uint64(len(by.values))])
		}
		if t.sum != nil {
			var err error
			if t.sumTag.Kind == Float {
				g.Sum, err = e.floats.value(t.sumTag)
			} else {
				g.Sum, err = e.whole.value(t.sumTag)
			}
			if err != nil {
				return nil, err
			}
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), slices.CompareFunc(a.Values, b.Values, compareValues))
	})
	return list, nil
}

// compareValues orders what groups are named by: unset, false, true, texts by their bytes.
func compareValues(a, b customer.Value) int {
	x, _ := a.Text()
	y, _ := b.Text()
	if order := cmp.Or(cmp.Compare(a.Kind(), b.Kind()), cmp.Compare(x, y)); order != 0 || a == b {
		return order
	}
	if yes, _ := b.Bool(); yes {
		return -1
	}
	return 1
}
