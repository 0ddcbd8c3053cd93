package profile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/internal/civil"
)

// A tally is what Quality counts of some customers. All of it adds up.
type tally struct {
	customers, atoms int64
	sources          []sourceTally // by index of Schema.Sources
	traits           []traitTally  // by index of Schema.Traits
	rejected         map[asideCount]int64
}

type sourceTally struct {
	customers, atoms, evidence, repeated, values int64
	newest                                       int64
	events                                       []int64             // by index of Schema.Events
	ages                                         map[civil.Day]int64 // of atoms, by days
	traits                                       []sourceTraitTally
}

type sourceTraitTally struct{ stated, stale, agreed, compared int64 }

type traitTally struct{ known, stated, stale, consistent, compared int64 }

// mostRejected is how many rows of what was set aside have names.
const mostRejected = 4096

func (b *bound) newTally() *tally {
	t := &tally{sources: make([]sourceTally, len(b.Sources)), traits: make([]traitTally, len(b.Traits)), rejected: map[asideCount]int64{}}
	for i := range t.sources {
		t.sources[i] = sourceTally{
			newest: -never, events: make([]int64, len(b.Events)), ages: map[civil.Day]int64{}, traits: make([]sourceTraitTally, len(b.Traits)),
		}
	}
	return t
}

func (t *tally) merge(o *tally) {
	t.customers += o.customers
	t.atoms += o.atoms
	for i := range t.sources {
		s, o := &t.sources[i], &o.sources[i]
		s.customers += o.customers
		s.atoms += o.atoms
		s.evidence += o.evidence
		s.repeated += o.repeated
		s.values += o.values
		s.newest = max(s.newest, o.newest)
		for j := range s.events {
			s.events[j] += o.events[j]
		}
		for age, n := range o.ages {
			s.ages[age] += n
		}
		for j := range s.traits {
			s, o := &s.traits[j], &o.traits[j]
			s.stated += o.stated
			s.stale += o.stale
			s.agreed += o.agreed
			s.compared += o.compared
		}
	}
	for i := range t.traits {
		t, o := &t.traits[i], &o.traits[i]
		t.known += o.known
		t.stated += o.stated
		t.stale += o.stale
		t.consistent += o.consistent
		t.compared += o.compared
	}
	for _, key := range slices.SortedFunc(maps.Keys(o.rejected), compareCounts) {
		t.reject(key, o.rejected[key])
	}
}

func (t *tally) reject(key asideCount, n int64) {
	if _, found := t.rejected[key]; !found && len(t.rejected) >= mostRejected {
		key.name = ""
	}
	t.rejected[key] += n
}

// quality makes numbers of what was counted.
func (t *tally) quality(b *bound, m moment) *Quality {
	q := &Quality{At: microTime(m.at), Schema: b.version, Customers: t.customers, Atoms: t.atoms}
	lost := map[string]int64{} // by source
	for _, key := range slices.SortedFunc(maps.Keys(t.rejected), compareCounts) {
		q.Rejected = append(q.Rejected, Rejection{key.source, key.name, key.reason, t.rejected[key]})
		lost[key.source] += t.rejected[key]
	}
	for i, s := range t.sources {
		name := b.Sources[i].Name
		out := SourceQuality{
			Source: name, Channel: cmp.Or(b.Sources[i].Channel, name), Customers: s.customers, Atoms: s.atoms, Evidence: s.evidence,
			Valid:    Portion{s.values, s.values + lost[name]},
			Age:      agesOf(s.ages, s.atoms),
			Surplus:  Portion{s.atoms - s.customers, s.atoms},
			Repeated: Portion{s.repeated, s.evidence},
		}
		if s.evidence > 0 {
			out.Newest = microTime(s.newest)
		}
		for j, n := range s.events {
			if n > 0 {
				if out.Events == nil {
					out.Events = map[string]int64{}
				}
				out.Events[b.Events[j].Name] = n
			}
		}
		for j, c := range s.traits {
			trait := SourceTrait{Trait: b.Traits[j].Name, Stated: Portion{c.stated, s.atoms}, Agreed: Portion{c.agreed, c.compared}}
			if b.Traits[j].Refresh > 0 {
				trait.Stale = Portion{c.stale, c.stated}
			}
			out.Traits = append(out.Traits, trait)
		}
		q.Sources = append(q.Sources, out)
	}
	for j, c := range t.traits {
		trait := TraitQuality{Trait: b.Traits[j].Name, Known: Portion{c.known, t.customers}, Consistent: Portion{c.consistent, c.compared}}
		if b.Traits[j].Refresh > 0 {
			trait.Stale = Portion{c.stale, c.stated}
		}
		q.Traits = append(q.Traits, trait)
	}
	return q
}

// agesOf returns quantiles of n ages.
func agesOf(ages map[civil.Day]int64, n int64) (a Ages) {
	before := int64(0)
	for _, age := range slices.Sorted(maps.Keys(ages)) {
		if 2*before < n {
			a.Median = int(age)
		}
		if 10*before < 9*n {
			a.P90 = int(age)
		}
		a.Oldest = int(age)
		before += ages[age]
	}
	return a
}
