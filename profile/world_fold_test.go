package profile_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// believed are the sources of a trait, the most trusted first.
func (m *model) believed(t *profile.Trait) []string {
	if len(t.Sources) > 0 {
		return t.Sources
	}
	var all []string
	for _, s := range m.schema.Sources {
		all = append(all, s.Name)
	}
	return all
}

// candidates are what sources state of a trait, in the total order.
func (m *model) candidates(t *profile.Trait, parts []part) []profile.Candidate {
	first := slices.Contains(t.Policy, profile.Oldest)
	trusted := m.believed(t)
	var out []profile.Candidate
	for _, p := range parts {
		for _, source := range trusted {
			var stated []profile.Candidate // with those that take back
			for _, s := range p.said {
				for _, k := range s.kept {
					if s.Event == "" && s.Source == source && k.name == t.Name && k.kind == t.Kind {
						stated = append(stated, profile.Candidate{
							Atom: p.atom, Evidence: s.ID, Source: source, Time: s.Time, Learned: s.learned, Verified: s.Verified, Value: k.value,
						})
					}
				}
			}
			slices.SortFunc(stated, func(a, b profile.Candidate) int {
				return cmp.Or(a.Time.Compare(b.Time), a.Learned.Compare(b.Learned), strings.Compare(a.Evidence, b.Evidence))
			})
			if len(stated) == 0 || stated[len(stated)-1].Value.IsUnset() {
				continue
			}
			chosen := stated[len(stated)-1]
			if first {
				chosen = stated[slices.IndexFunc(stated, func(c profile.Candidate) bool { return !c.Value.IsUnset() })]
			}
			out = append(out, chosen)
		}
	}
	slices.SortFunc(out, func(a, b profile.Candidate) int {
		return cmp.Or(b.Time.Compare(a.Time), b.Learned.Compare(a.Learned),
			cmp.Compare(slices.Index(trusted, a.Source), slices.Index(trusted, b.Source)),
			compareAtoms(a.Atom, b.Atom), strings.Compare(a.Evidence, b.Evidence))
	})
	return out
}

// best are the candidates that are best by a rule.
func best(r profile.Rule, left []profile.Candidate, trusted []string) []profile.Candidate {
	score := func(c profile.Candidate) *big.Rat {
		whole := func(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }
		switch r {
		case profile.MostRecent:
			return whole(c.Time.UnixMicro())
		case profile.Oldest:
			return whole(-c.Time.UnixMicro())
		case profile.SourcePriority:
			return whole(int64(-slices.Index(trusted, c.Source)))
		case profile.VerifiedFirst:
			if c.Verified {
				return whole(1)
			}
		case profile.MostComplete:
			s, _ := c.Value.Text()
			return whole(int64(utf8.RuneCountInString(s) + len(slices.Collect(c.Value.Labels()))))
		case profile.Majority:
			n := 0
			for _, d := range left {
				if d.Value == c.Value {
					n++
				}
			}
			return whole(int64(n))
		case profile.Smallest, profile.Largest:
			v := number(c.Value)
			if t, ok := c.Value.Time(); ok {
				v = new(big.Rat).SetFrac(new(big.Int).Add(new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9)), big.NewInt(int64(t.Nanosecond()))), big.NewInt(1))
			}
			if r == profile.Smallest {
				v = new(big.Rat).Neg(v)
			}
			return v
		}
		return new(big.Rat)
	}
	var most *big.Rat
	for _, c := range left {
		if s := score(c); most == nil || s.Cmp(most) > 0 {
			most = s
		}
	}
	return slices.DeleteFunc(slices.Clone(left), func(c profile.Candidate) bool { return score(c).Cmp(most) != 0 })
}

// resolve makes one value of what is stated; ok is false if nothing is.
func (m *model) resolve(t *profile.Trait, parts []part) (r profile.Resolved, ok bool) {
	all := m.candidates(t, parts)
	if len(all) == 0 {
		return r, false
	}
	policy := t.Policy
	if len(policy) == 0 {
		policy = []profile.Rule{profile.MostRecent}
	}
	r.Name = t.Name
	left := all
	var decided profile.Rule
	made := false
	for _, rule := range policy {
		switch rule {
		case profile.Union:
			r.Value, made, r.Rule = union(t, left), true, rule
			if t.Cap > 0 { // those of which it took nothing are losers
				left = slices.DeleteFunc(slices.Clone(left), func(c profile.Candidate) bool {
					of := texts(c.Value)
					return len(of) > 0 && !slices.ContainsFunc(texts(r.Value), func(s string) bool { return slices.Contains(of, s) })
				})
			}
		case profile.Total:
			sum := new(big.Rat)
			for _, c := range left {
				sum.Add(sum, number(c.Value))
			}
			r.Value, made, r.Rule = exact(sum, t.Kind), true, rule
		case profile.Custom:
			r.Value, made, r.Rule = m.custom[t.Custom](slices.Clone(left)), true, rule
			if r.Value.Kind() != t.Kind || r.Value.Validate() != nil {
				r.Value = customer.Value{}
			}
		default:
			kept := best(rule, left, m.believed(t))
			if len(kept) < len(left) {
				decided = rule
			}
			left = kept
		}
	}
	if !made {
		left = left[:1]
		r.Value = left[0].Value
		if slices.ContainsFunc(all, func(c profile.Candidate) bool { return c.Value != r.Value }) {
			r.Rule = decided
		}
	}
	r.From = left
	for _, c := range all {
		if !slices.Contains(left, c) {
			r.Losers = append(r.Losers, c)
		}
	}
	return r, true
}

// union is all labels or texts of candidates, of which the first fill the cap first.
func union(t *profile.Trait, left []profile.Candidate) customer.Value {
	var labels []string
	for _, c := range left {
		some := slices.Collect(c.Value.Labels())
		if s, ok := c.Value.Text(); ok && s != "" {
			some = append(some, s)
		}
		slices.Sort(some)
		for _, s := range some {
			if !slices.Contains(labels, s) && (t.Cap == 0 || len(labels) < t.Cap) {
				labels = append(labels, s)
			}
		}
	}
	return customer.LabelsValue(labels...)
}

// exact is a number as a value of a kind, unset where it does not fit.
func exact(x *big.Rat, k customer.Kind) customer.Value {
	if k == customer.KindInt64 {
		if !x.IsInt() || !x.Num().IsInt64() {
			return customer.Value{}
		}
		return customer.Int64Value(x.Num().Int64())
	}
	for scale := range 19 {
		scaled := new(big.Rat).Mul(x, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		if scaled.IsInt() {
			if !scaled.Num().IsInt64() {
				return customer.Value{}
			}
			return customer.DecimalValue(scaled.Num().Int64(), scale)
		}
	}
	return customer.Value{}
}

// near tells whether two numbers differ by no more than a part of the first, or hardly at all.
func near(want, got, part float64) bool {
	return math.Abs(want-got) <= part*math.Abs(want)+1e-12
}
