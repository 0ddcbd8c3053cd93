package profile_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

var worldZones = []string{"Europe/Berlin", "Asia/Shanghai", "America/New_York", "Asia/Beirut", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"}

var allKinds = []customer.Kind{
	customer.KindBool, customer.KindInt64, customer.KindFloat64, customer.KindDecimal, customer.KindTime, customer.KindText, customer.KindLabels,
}

var worldCustom = map[string]profile.CustomRule{
	"last": func(c []profile.Candidate) customer.Value { return c[len(c)-1].Value },
	"odd": func(c []profile.Candidate) customer.Value {
		if len(c)%2 == 0 {
			return customer.TextValue("even")
		}
		return c[0].Value
	},
}

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func oneIn(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// randomValue is a value of a kind, of which there are few, so that they meet again.
func randomValue(r *rand.Rand, k customer.Kind, now time.Time) customer.Value {
	switch k {
	case customer.KindBool:
		return customer.BoolValue(oneIn(r, 2))
	case customer.KindInt64:
		if oneIn(r, 30) {
			return customer.Int64Value(oneOf(r, int64(math.MaxInt64), math.MinInt64, math.MaxInt64/2))
		}
		return customer.Int64Value(r.Int64N(30) - 5)
	case customer.KindFloat64:
		return customer.Float64Value(oneOf(r, 0, 0.5, -1.25, 3e7, 1.0/3, float64(r.IntN(9))))
	case customer.KindDecimal:
		if oneIn(r, 30) {
			return customer.DecimalValue(math.MaxInt64, oneOf(r, 0, 18))
		}
		return customer.DecimalValue(r.Int64N(400)-50, r.IntN(4))
	case customer.KindTime:
		return customer.TimeValue(now.Add(time.Duration(r.IntN(9)-6) * 12 * time.Hour))
	case customer.KindText:
		if oneIn(r, 60) {
			return customer.TextValue(strings.Repeat("long ", 500))
		}
		return customer.TextValue(oneOf(r, "", "a", "b", "ab", "广州", "zoé", "ü", "bb"))
	case customer.KindLabels:
		var labels []string
		for _, l := range []string{"x", "y", "z", "东"} {
			if oneIn(r, 3) {
				labels = append(labels, l)
			}
		}
		return customer.LabelsValue(labels...)
	}
	return customer.Value{}
}

// randomCheck is a check that some values do not pass.
func randomCheck(r *rand.Rand, k customer.Kind) (c profile.Check) {
	if !oneIn(r, 4) {
		return c
	}
	switch k {
	case customer.KindInt64, customer.KindDecimal:
		c.Least, c.Most = customer.Int64Value(0), customer.Int64Value(20)
		if k == customer.KindDecimal {
			c.Scale = 2
		}
	case customer.KindText:
		c.In = []string{"a", "b", "ab", "广州"}
	case customer.KindLabels:
		c.Pattern = "[x-z]"
	}
	return c
}

// valid repeats until what was made passes.
func valid[T any](make func() T, check func(T) error) T {
	for {
		if x := make(); check(x) == nil {
			return x
		}
	}
}

func randomTrait(r *rand.Rand, s *profile.Schema, name string) profile.Trait {
	return valid(func() profile.Trait {
		t := profile.Trait{
			Name: name, Kind: oneOf(r, append(allKinds, customer.KindText, customer.KindLabels, customer.KindInt64)...),
			Sensitivity: oneOf(r, profile.Public, profile.Internal, profile.Personal),
		}
		t.Check = randomCheck(r, t.Kind)
		for range r.IntN(4) {
			t.Policy = append(t.Policy, profile.Rule(1+r.IntN(int(profile.Custom))))
		}
		if slices.Contains(t.Policy, profile.Custom) {
			t.Custom = oneOf(r, "last", "odd")
		}
		if slices.Contains(t.Policy, profile.Union) && oneIn(r, 2) {
			t.Cap = 1 + r.IntN(4)
		}
		if oneIn(r, 3) {
			for _, i := range r.Perm(len(s.Sources))[:1+r.IntN(len(s.Sources))] {
				t.Sources = append(t.Sources, s.Sources[i].Name)
			}
		}
		return t
	}, func(t profile.Trait) error {
		return (&profile.Schema{Location: "UTC", Sources: s.Sources, Traits: []profile.Trait{t}}).Validate()
	})
}

func randomEvents(r *rand.Rand) []profile.Event {
	amount := oneOf(r, customer.KindInt64, customer.KindDecimal)
	names := [][]string{
		{"order", "amount", "sku", "cats", "paid", "by"},
		{"visit", "amount", "sku", "when"},
		{"opened", "by", "rating"},
		{"solved", "by", "rating", "paid"},
	}
	kinds := map[string]customer.Kind{
		"amount": amount, "sku": customer.KindText, "cats": customer.KindLabels, "paid": customer.KindBool,
		"by": oneOf(r, customer.KindText, customer.KindInt64), "when": customer.KindTime, "rating": customer.KindFloat64,
	}
	var events []profile.Event
	for _, n := range names {
		e := profile.Event{Name: n[0]}
		for _, f := range n[1:] {
			e.Fields = append(e.Fields, profile.Field{Name: f, Kind: kinds[f], Required: oneIn(r, 12), Check: randomCheck(r, kinds[f])})
		}
		events = append(events, e)
	}
	return events
}

func randomComputed(r *rand.Rand, s *profile.Schema, name string) profile.Computed {
	of := profile.Aggregate(1 + r.IntN(int(profile.Affinity)))
	return valid(func() profile.Computed {
		c := profile.Computed{Name: name, Of: of, Sensitivity: oneOf(r, profile.Public, profile.Internal, profile.Personal)}
		for _, i := range r.Perm(len(s.Events))[:1+r.IntN(min(2, len(s.Events)))] {
			c.Events = append(c.Events, s.Events[i].Name)
		}
		fields := []string{"amount", "sku", "cats", "paid", "by", "when", "rating", "@time", "@source", "@channel", "@event"}
		if c.Of != profile.Count && c.Of != profile.Lifecycle {
			c.Field = oneOf(r, fields...)
		}
		if oneIn(r, 4) {
			c.Field, c.Pair = "", &profile.Pair{By: "by"}
			for _, e := range s.Events {
				if !slices.Contains(c.Events, e.Name) && oneIn(r, 2) {
					c.Pair.Until = append(c.Pair.Until, e.Name)
				}
			}
		} else if c.Of != profile.Lifecycle && c.Of != profile.Affinity {
			switch r.IntN(3) {
			case 0:
				c.Window.Days = 1 + r.IntN(5)
			case 1:
				c.Window.Hours = 1 + r.IntN(60)
			}
		}
		if oneIn(r, 3) {
			c.Where = append(c.Where, profile.Condition{Field: "amount", AtLeast: customer.Int64Value(r.Int64N(9))})
		}
		if oneIn(r, 4) {
			w := profile.Condition{Field: oneOf(r, fields...)}
			for range 1 + r.IntN(2) {
				v := oneOf(r, customer.TextValue("a"), customer.TextValue("x"), customer.TextValue("crm"), customer.TextValue("order"), customer.Int64Value(2), customer.BoolValue(true))
				if oneIn(r, 2) {
					w.In = append(w.In, v)
				} else {
					w.NotIn = append(w.NotIn, v)
				}
			}
			c.Where = append(c.Where, w)
		}
		switch c.Of {
		case profile.Quantile:
			c.Quantile = oneOf(r, 0.5, 0.25, 0.75, 0.03125)
		case profile.Top, profile.Affinity:
			c.Limit = r.IntN(4)
		case profile.Lifecycle:
			if oneIn(r, 2) {
				c.Stages = []profile.Stage{{Name: "new", First: 2}, {Name: "both", First: 6, Last: 3}, {Name: "old", Last: 5}}
			}
		}
		if c.Of == profile.Affinity && oneIn(r, 2) {
			c.Taste = &profile.Taste{HalfLife: 1 + r.IntN(9), Strength: oneOf(r, -1, 0, 1.5), Least: oneOf(r, 0, 0.2), Prior: map[string]float64{"a": 0.25, "x": 0.5}}
		}
		if (c.Of == profile.Distinct || c.Of == profile.Top || c.Of == profile.Affinity) && oneIn(r, 2) {
			c.Bands = []profile.Band{{Name: "low", Below: customer.Int64Value(3)}, {Name: "mid", Below: customer.Int64Value(9)}, {Name: "high"}}
			if oneIn(r, 3) {
				c.Bands = c.Bands[:2]
			}
		}
		return c
	}, func(c profile.Computed) error {
		return (&profile.Schema{Location: "UTC", Sources: s.Sources, Events: s.Events, Computed: []profile.Computed{c}}).Validate()
	})
}

func randomSchema(r *rand.Rand) *profile.Schema {
	s := &profile.Schema{
		Location: oneOf(r, worldZones...),
		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop", Channel: "web"}, {Name: "app", Channel: "web"}},
		Events:   randomEvents(r),
	}
	if oneIn(r, 3) {
		s.Retention = 3 + r.IntN(6)
	}
	for i := range 1 + r.IntN(5) {
		s.Traits = append(s.Traits, randomTrait(r, s, fmt.Sprint("t", i)))
	}
	for i := range 1 + r.IntN(9) {
		s.Computed = append(s.Computed, randomComputed(r, s, fmt.Sprint("c", i)))
	}
	return s
}

// changedSchema is a schema with something else in it.
func changedSchema(r *rand.Rand, old *profile.Schema) *profile.Schema {
	s := *old
	s.Sources, s.Traits, s.Computed = slices.Clone(s.Sources), slices.Clone(s.Traits), slices.Clone(s.Computed)
	s.Events = slices.Clone(s.Events)
	for i := range s.Events {
		s.Events[i].Fields = slices.Clone(s.Events[i].Fields)
	}
	for range 1 + r.IntN(3) {
		switch r.IntN(10) {
		case 0:
			if i := r.IntN(len(s.Traits)); i > 0 {
				s.Traits = slices.Delete(s.Traits, i, i+1)
			}
		case 1:
			name := fmt.Sprint("t", r.IntN(6))
			t := randomTrait(r, &s, name)
			if slices.ContainsFunc(s.Computed, func(c profile.Computed) bool { return c.Name == name }) {
				break
			}
			if i := slices.IndexFunc(s.Traits, func(t profile.Trait) bool { return t.Name == name }); i >= 0 {
				if oneIn(r, 2) {
					t.Kind, t.Policy, t.Check, t.Cap, t.Custom = s.Traits[i].Kind, s.Traits[i].Policy, s.Traits[i].Check, s.Traits[i].Cap, s.Traits[i].Custom
				}
				s.Traits[i] = t
			} else {
				s.Traits = append(s.Traits, t)
			}
		case 2:
			if i := r.IntN(len(s.Computed)); i > 0 {
				s.Computed = slices.Delete(s.Computed, i, i+1)
			}
		case 3:
			name := fmt.Sprint("c", r.IntN(9))
			c := randomComputed(r, &s, name)
			if i := slices.IndexFunc(s.Computed, func(c profile.Computed) bool { return c.Name == name }); i >= 0 {
				s.Computed[i] = c
			} else {
				s.Computed = append(s.Computed, c)
			}
		case 4:
			s.Retention = oneOf(r, 0, 2, 5, 9)
		case 5:
			if oneIn(r, 2) && len(s.Sources) > 1 {
				i := r.IntN(len(s.Sources))
				s.Sources = slices.Delete(s.Sources, i, i+1)
			} else {
				name := oneOf(r, "crm", "shop", "app", "call")
				if !slices.ContainsFunc(s.Sources, func(s profile.Source) bool { return s.Name == name }) {
					s.Sources = slices.Insert(s.Sources, r.IntN(len(s.Sources)+1), profile.Source{Name: name, Channel: oneOf(r, "", "web", "phone")})
				}
			}
		case 6:
			e := &s.Events[r.IntN(len(s.Events))]
			if i := r.IntN(len(e.Fields)); oneIn(r, 2) {
				e.Fields[i].Required = !e.Fields[i].Required
			} else if oneIn(r, 2) && len(e.Fields) > 1 {
				e.Fields = slices.Delete(e.Fields, i, i+1)
			}
		case 7:
			s.Events = randomEvents(r)
			if oneIn(r, 3) {
				s.Events = s.Events[:3]
			}
		case 8:
			s.Location = oneOf(r, worldZones...)
		case 9: // a trait becomes a computed one
			if i := r.IntN(len(s.Traits)); i > 0 {
				s.Computed = append(s.Computed, randomComputed(r, &s, s.Traits[i].Name))
				s.Traits = slices.Delete(s.Traits, i, i+1)
			}
		}
	}
	for i := range s.Traits {
		t := &s.Traits[i]
		t.Sources = slices.DeleteFunc(slices.Clone(t.Sources), func(name string) bool {
			return !slices.ContainsFunc(s.Sources, func(s profile.Source) bool { return s.Name == name })
		})
	}
	for i := 0; i < len(s.Computed); {
		one := s
		one.Computed = s.Computed[i : i+1]
		switch {
		case one.Validate() == nil:
			i++
		case s.Computed[i].Name == "c0":
			s.Computed[i] = randomComputed(r, &s, "c0")
		default:
			s.Computed = slices.Delete(s.Computed, i, i+1)
		}
	}
	if err := s.Validate(); err != nil {
		panic(err)
	}
	return &s
}
