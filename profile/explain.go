package profile

import (
	"cmp"
	"slices"
)

// explain is fold with the provenance of every value. It fills the profile but for Customer.
func (b *bound) explain(atoms []atom, m moment) *Profile {
	f := b.folder()
	p := &Profile{At: microTime(m.at), Known: microTime(m.known), Schema: b.version, Computed: make([]Result, len(b.Computed))}
	next, at := never, f.asOf(m)
	for i := range atoms {
		if paged := atoms[i].paged; paged != nil {
			pour(f.own, paged.computed)
		}
		next = min(next, f.read(atoms, i, m, f.own))
		f.contribute(i, at)
	}
	f.share(p, atoms)
	f.traits(p, atoms)
	for c := range b.Computed {
		r, change := f.ask(c, f.states[c], at)
		to := &p.Computed[c]
		to.Name, to.Value, to.Items, to.Events = b.Computed[c].Name, r.value, r.items, r.events
		next = min(next, change)
	}
	p.Next = microTime(within(next))
	f.release()
	return p
}

// contribute notes how many events of atom i count in its own states, and takes those into the
// states of the customer.
func (f *folder) contribute(i int, at asOf) {
	for c, s := range f.own {
		if s == nil {
			continue
		}
		f.own[c] = nil
		if n := s.result(at).events; n > 0 {
			f.given = append(f.given, contributed{c, i, n})
		}
		if f.states[c] == nil {
			f.states[c] = s
			f.spare[c], f.second[c] = f.second[c], nil
			continue
		}
		f.states[c].merge(s)
		s.reset()
		f.spare[c] = s
	}
}

// share fills in of which atoms the events are. All contributions lie in one array.
func (f *folder) share(p *Profile, atoms []atom) {
	if len(f.given) == 0 {
		return
	}
	slices.SortStableFunc(f.given, func(x, y contributed) int { return cmp.Compare(x.computed, y.computed) })
	all := make([]Contribution, len(f.given))
	for i, end := 0, 0; i < len(all); i = end {
		c := f.given[i].computed
		for ; end < len(all) && f.given[end].computed == c; end++ {
			all[end] = Contribution{Atom: atoms[f.given[end].atom].id, Events: f.given[end].events}
		}
		p.Computed[c].From = all[i:end:end]
	}
}

// traits fills in the traits with the provenance of their values. All candidates lie in one
// array.
func (f *folder) traits(p *Profile, atoms []atom) {
	traits, most := 0, 0
	for _, s := range f.stated {
		most += len(s)
		traits += min(len(s), 1)
	}
	if traits == 0 {
		return
	}
	p.Traits = make([]Resolved, 0, traits)
	room := make([]Candidate, 0, most)
	for t := range f.stated {
		if cs := f.candidates(t); len(cs) > 0 {
			p.Traits = append(p.Traits, f.trace(t, cs, atoms, room[len(room):len(room)+len(cs)]))
			room = room[:len(room)+len(cs)]
		}
	}
	if len(p.Traits) == 0 {
		p.Traits = nil
	}
}

// trace is resolve with the provenance of the value, which is put into dst.
func (f *folder) trace(t int, cs []candidate, atoms []atom, dst []Candidate) Resolved {
	agreed := !slices.ContainsFunc(cs, func(c candidate) bool { return *c.value != *cs[0].value })
	value, rule, left := f.resolve(t, cs, atoms)
	if agreed && rule != Union && rule != Total && rule != Custom {
		rule = 0
	}
	slices.SortFunc(cs[:left], order)
	slices.SortFunc(cs[left:], order)
	return Resolved{
		Name: f.Traits[t].Name, Value: value, Rule: rule,
		From: f.present(dst[:left:left], cs[:left], atoms), Losers: f.present(dst[left:len(cs):len(cs)], cs[left:], atoms),
	}
}
