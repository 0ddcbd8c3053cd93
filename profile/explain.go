package profile

import "slices"

// explain is fold with the provenance of every value. It fills the profile but for Customer.
func (b *bound) explain(atoms []atom, m moment) *Profile {
	f := b.folder()
	p := &Profile{At: microTime(m.at), Known: microTime(m.known), Schema: b.version, Computed: make([]Result, len(b.Computed))}
	next, at := never, f.asOf(m)
	for i := range atoms {
		own := make([]state, len(b.Computed))
		if paged := atoms[i].paged; paged != nil {
			pour(own, paged.computed)
		}
		next = min(next, f.read(atoms, i, m, own))
		for c, s := range own {
			if s == nil {
				continue
			}
			if n := s.result(at).events; n > 0 {
				p.Computed[c].From = append(p.Computed[c].From, Contribution{Atom: atoms[i].id, Events: n})
			}
		}
		pour(f.states, own)
	}
	for t := range f.stated {
		if cs := f.candidates(t); len(cs) > 0 {
			p.Traits = append(p.Traits, f.trace(t, cs, atoms))
		}
	}
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

// trace is resolve with the provenance of the value.
func (f *folder) trace(t int, cs []candidate, atoms []atom) Resolved {
	agreed := !slices.ContainsFunc(cs, func(c candidate) bool { return *c.value != *cs[0].value })
	value, rule, left := f.resolve(t, cs, atoms)
	if agreed && rule != Union && rule != Total && rule != Custom {
		rule = 0
	}
	slices.SortFunc(cs[:left], order)
	slices.SortFunc(cs[left:], order)
	return Resolved{
		Name: f.Traits[t].Name, Value: value, Rule: rule,
		From: f.present(cs[:left], atoms), Losers: f.present(cs[left:], atoms),
	}
}
