package profile

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

var defaultPolicy = []Rule{MostRecent}

// resolve returns the value that trait t follows from its candidates, at least one, and the
// rule that decided. It leaves those that the value is made of at the front, left of them,
// in no order.
func (f *folder) resolve(t int, cs []candidate, atoms []atom) (v customer.Value, decided Rule, left int) {
	trait := &f.Traits[t]
	left = len(cs)
	policy := trait.Policy
	if len(policy) == 0 {
		policy = defaultPolicy
	}
	for _, rule := range policy {
		switch rule {
		case Union:
			v, left = f.union(cs[:left], trait.Cap)
			return v, rule, left
		case Total:
			return total(cs[:left], trait.Kind), rule, left
		case Custom:
			slices.SortFunc(cs[:left], order)
			v = f.custom[trait.Custom](f.present(make([]Candidate, left), cs[:left], atoms))
			if v.Kind() != trait.Kind || v.Validate() != nil {
				v = customer.Value{}
			}
			return v, rule, left
		}
		if kept := f.narrow(rule, cs[:left]); kept < left {
			left, decided = kept, rule
		}
	}
	best := 0
	for i := 1; i < left; i++ {
		if before(&cs[i], &cs[best]) {
			best = i
		}
	}
	cs[0], cs[best] = cs[best], cs[0]
	return *cs[0].value, decided, 1
}

// narrow brings the candidates that are best by a rule to the front and returns how many
// they are.
func (f *folder) narrow(rule Rule, cs []candidate) (kept int) {
	if len(cs) == 1 {
		return 1
	}
	if rule == Majority {
		f.vote(cs)
	}
	for i := range cs {
		c := &cs[i]
		switch rule {
		case MostRecent:
			c.weight = c.time
		case Oldest:
			c.weight = ^c.time
		case SourcePriority:
			c.weight = -int64(c.rank)
		case VerifiedFirst:
			c.weight = 0
			if c.verified {
				c.weight = 1
			}
		case MostComplete:
			c.weight = length(*c.value)
		}
	}
	kept = 1
	for i := 1; i < len(cs); i++ {
		var by int
		switch rule {
		case Smallest:
			by = compareValues(*cs[0].value, *cs[i].value)
		case Largest:
			by = compareValues(*cs[i].value, *cs[0].value)
		default:
			by = cmp.Compare(cs[i].weight, cs[0].weight)
		}
		switch {
		case by > 0:
			cs[0], cs[i] = cs[i], cs[0]
			kept = 1
		case by == 0:
			cs[kept], cs[i] = cs[i], cs[kept]
			kept++
		}
	}
	return kept
}

// vote has each candidate weigh how many have its value.
func (f *folder) vote(cs []candidate) {
	const few = 16
	if len(cs) > few {
		clear(f.count)
		for i := range cs {
			f.count[*cs[i].value]++
		}
		for i := range cs {
			cs[i].weight = f.count[*cs[i].value]
		}
		return
	}
	for i := range cs {
		cs[i].weight = 1
		for j := range cs[:i] {
			if *cs[j].value == *cs[i].value {
				cs[i].weight++
				cs[j].weight++
			}
		}
	}
}

// before tells whether a comes before b in the total order of candidates. No two are of
// the same atom and source, so the ids of the entries are not looked at.
func before(a, b *candidate) bool {
	switch {
	case a.time != b.time:
		return a.time > b.time
	case a.learned != b.learned:
		return a.learned > b.learned
	case a.rank != b.rank:
		return a.rank < b.rank
	}
	return a.atom < b.atom
}

func order(a, b candidate) int {
	switch {
	case before(&a, &b):
		return -1
	case before(&b, &a):
		return 1
	}
	return 0
}

// length is that of a text in characters, of labels their number.
func length(v customer.Value) (n int64) {
	if s, ok := v.Text(); ok {
		return int64(utf8.RuneCountInString(s))
	}
	for range v.Labels() {
		n++
	}
	return n
}

// union returns the labels of all candidates, of texts too; at most limit, those of the
// candidates that come first and of one candidate the least. It leaves those candidates at
// the front, left of them, of whose labels not all were cut off.
func (f *folder) union(cs []candidate, limit int) (v customer.Value, left int) {
	if limit > 0 {
		slices.SortFunc(cs, order)
	}
	f.labels = f.labels[:0]
	most, labels := 0, -1 // of the candidate that has most labels its index and their number
	for i := range cs {
		before := len(f.labels)
		if s, ok := cs[i].value.Text(); ok && s != "" {
			f.labels = append(f.labels, s)
		}
		for label := range cs[i].value.Labels() {
			f.labels = append(f.labels, label)
		}
		if n := len(f.labels) - before; n > labels && cs[i].value.Kind() == customer.KindLabels {
			most, labels = i, n
		}
	}
	if limit > 0 {
		f.labels = f.first(limit)
	} else {
		slices.Sort(f.labels)
		f.labels = slices.Compact(f.labels)
	}
	if limit == 0 {
		if labels == len(f.labels) { // which has them all
			return *cs[most].value, len(cs)
		}
		return customer.LabelsValue(f.labels...), len(cs)
	}
	for i := range cs {
		if f.gave(*cs[i].value) {
			cs[left], cs[i] = cs[i], cs[left]
			left++
		}
	}
	return customer.LabelsValue(f.labels...), left
}

// gave tells whether one of the labels of a value was taken, or it has none.
func (f *folder) gave(v customer.Value) bool {
	if s, ok := v.Text(); ok {
		return s == "" || f.taken[s]
	}
	none := true
	for label := range v.Labels() {
		if f.taken[label] {
			return true
		}
		none = false
	}
	return none
}

// first returns the first labels that differ, so many.
func (f *folder) first(limit int) []string {
	clear(f.taken)
	return slices.DeleteFunc(f.labels, func(label string) bool {
		if f.taken[label] || len(f.taken) == limit {
			return true
		}
		f.taken[label] = true
		return false
	})
}

// total returns the sum of whole numbers or decimals, unset where it does not fit.
func total(cs []candidate, kind customer.Kind) customer.Value {
	if kind == customer.KindInt64 {
		sum := new(big.Int)
		for i := range cs {
			n, _ := cs[i].value.Int64()
			sum.Add(sum, big.NewInt(n))
		}
		if !sum.IsInt64() {
			return customer.Value{}
		}
		return customer.Int64Value(sum.Int64())
	}
	most := 0
	for i := range cs {
		_, scale, _ := cs[i].value.Decimal()
		most = max(most, scale)
	}
	sum, term := new(big.Int), new(big.Int)
	for i := range cs {
		coefficient, scale, _ := cs[i].value.Decimal()
		sum.Add(sum, term.Mul(big.NewInt(coefficient), big.NewInt(int64(math.Pow10(most-scale)))))
	}
	for ten, digit := big.NewInt(10), new(big.Int); most > 0; most-- {
		if term.QuoRem(sum, ten, digit); digit.Sign() != 0 {
			break
		}
		sum, term = term, sum
	}
	if !sum.IsInt64() {
		return customer.Value{}
	}
	return customer.DecimalValue(sum.Int64(), most)
}

// present returns candidates as they are shown, in dst, which is as long.
func (f *folder) present(dst []Candidate, cs []candidate, atoms []atom) []Candidate {
	if len(cs) == 0 {
		return nil
	}
	for i := range cs {
		c := &cs[i]
		dst[i] = Candidate{
			Atom: atoms[c.atom].id, Evidence: c.id, Source: f.Sources[f.roles[c.source].index].Name,
			Time: microTime(c.time), Learned: microTime(c.learned), Verified: c.verified, Value: *c.value,
		}
	}
	return dst
}
