package profile

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// states makes the fact that an atom states the trait x.
func states(atom byte, source string, at int64, v customer.Value) fact {
	return fact{atom: atom, id: "e", time: at, learned: 1, source: source, values: []customer.Field{{Name: "x", Value: v}}}
}

func (f fact) with(change func(*fact)) fact {
	change(&f)
	return f
}

func verified(f *fact) { f.verified = true }

func TestPolicies(t *testing.T) {
	text, whole := customer.TextValue, customer.Int64Value
	labels := customer.LabelsValue
	decimal := customer.DecimalValue
	at := func(hours int64) customer.Value { return customer.TimeValue(time.UnixMicro(hours * hour)) }
	unset := customer.Value{}
	later := func(f *fact) { f.learned = 2 }
	second := func(f *fact) { f.id = "f" }
	trusted := []Source{{Name: "crm"}, {Name: "shop"}, {Name: "app"}}
	for _, c := range []struct {
		name   string
		trait  Trait
		facts  []fact
		want   customer.Value
		rule   Rule
		from   []byte // atoms
		losers []byte
	}{
		{"no policy is most recent", Trait{}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 2, text("b"))}, text("b"), MostRecent, []byte{2}, []byte{1}},
		{"one candidate", Trait{Policy: []Rule{Majority}}, []fact{states(1, "crm", 1, text("a"))}, text("a"), 0, []byte{1}, nil},
		{"all agreed", Trait{}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 2, text("a"))}, text("a"), 0, []byte{2}, []byte{1}},
		{"latest statement of an atom", Trait{}, []fact{states(1, "crm", 5, text("b")), states(1, "crm", 4, text("a")).with(second)}, text("b"), 0, []byte{1}, nil},
		{"one instant: learned last", Trait{}, []fact{states(1, "crm", 5, text("b")).with(later), states(1, "crm", 5, text("a")).with(second)}, text("b"), 0, []byte{1}, nil},
		{"one instant, learned at once: greater id", Trait{}, []fact{states(1, "crm", 5, text("a")), states(1, "crm", 5, text("b")).with(second)}, text("b"), 0, []byte{1}, nil},
		{"order: recently learned", Trait{}, []fact{states(1, "crm", 5, text("a")), states(2, "app", 5, text("b")).with(later)}, text("b"), 0, []byte{2}, []byte{1}},
		{"order: trusted source", Trait{}, []fact{states(1, "app", 5, text("a")), states(2, "crm", 5, text("b"))}, text("b"), 0, []byte{2}, []byte{1}},
		{"order: lowest atom", Trait{}, []fact{states(1, "crm", 5, text("a")), states(2, "crm", 5, text("b"))}, text("a"), 0, []byte{1}, []byte{2}},
		{"taken back", Trait{}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 2, text("b")), states(2, "app", 3, unset).with(second)}, text("a"), 0, []byte{1}, nil},
		{"stated again", Trait{}, []fact{states(1, "crm", 1, text("a")), states(1, "crm", 2, unset).with(second), states(1, "crm", 3, text("b")).with(func(f *fact) { f.id = "g" })}, text("b"), 0, []byte{1}, nil},
		{"retracted", Trait{}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 2, text("b")).with(func(f *fact) { f.retracted = 3 })}, text("a"), 0, []byte{1}, nil},

		{"oldest", Trait{Policy: []Rule{Oldest}}, []fact{states(1, "crm", 2, text("a")), states(1, "crm", 9, text("c")).with(second), states(2, "app", 3, text("b"))}, text("a"), Oldest, []byte{1}, []byte{2}},
		{"oldest: unset is no first statement", Trait{Policy: []Rule{Oldest}}, []fact{states(1, "crm", 1, unset), states(1, "crm", 4, text("a")).with(second), states(2, "app", 3, text("b"))}, text("b"), Oldest, []byte{2}, []byte{1}},
		{"oldest: taken back", Trait{Policy: []Rule{Oldest}}, []fact{states(1, "crm", 2, text("a")), states(1, "crm", 9, unset).with(second), states(2, "app", 3, text("b"))}, text("b"), 0, []byte{2}, nil},
		{"oldest: taken back and stated again", Trait{Policy: []Rule{Oldest}}, []fact{states(1, "crm", 2, text("a")), states(1, "crm", 4, unset).with(second), states(1, "crm", 5, text("c")).with(func(f *fact) { f.id = "g" }), states(2, "app", 3, text("b"))}, text("a"), Oldest, []byte{1}, []byte{2}},

		{"source priority", Trait{Policy: []Rule{SourcePriority}}, []fact{states(1, "app", 9, text("a")), states(2, "shop", 1, text("b"))}, text("b"), SourcePriority, []byte{2}, []byte{1}},
		{"own order of sources", Trait{Policy: []Rule{SourcePriority}, Sources: []string{"app", "shop"}}, []fact{states(1, "app", 1, text("a")), states(2, "shop", 9, text("b")), states(3, "crm", 9, text("c"))}, text("a"), SourcePriority, []byte{1}, []byte{2}},
		{"source not believed", Trait{Sources: []string{"shop"}}, []fact{states(1, "shop", 1, text("a")), states(2, "crm", 9, text("b"))}, text("a"), 0, []byte{1}, nil},
		{"source not believed hides nothing", Trait{Sources: []string{"shop"}}, []fact{states(1, "shop", 1, text("a")), states(1, "crm", 9, text("b")).with(second)}, text("a"), 0, []byte{1}, nil},
		{"source not believed takes nothing back", Trait{Sources: []string{"shop"}}, []fact{states(1, "shop", 1, text("a")), states(1, "crm", 9, unset).with(second)}, text("a"), 0, []byte{1}, nil},

		{"one atom: source priority", Trait{Policy: []Rule{SourcePriority}}, []fact{states(1, "crm", 1, text("a")), states(1, "app", 9, text("b")).with(second)}, text("a"), SourcePriority, []byte{1}, []byte{1}},
		{"one atom: most recent", Trait{}, []fact{states(1, "crm", 1, text("a")), states(1, "app", 9, text("b")).with(second)}, text("b"), MostRecent, []byte{1}, []byte{1}},
		{"one atom: verified first", Trait{Policy: []Rule{VerifiedFirst}}, []fact{states(1, "crm", 1, text("a")).with(verified), states(1, "app", 9, text("b")).with(second)}, text("a"), VerifiedFirst, []byte{1}, []byte{1}},
		{
			"one atom: majority",
			Trait{Policy: []Rule{Majority}},
			[]fact{states(1, "crm", 1, text("a")), states(1, "app", 9, text("b")).with(second), states(1, "shop", 2, text("a")).with(func(f *fact) { f.id = "g" })},
			text("a"), Majority,
			[]byte{1},
			[]byte{1, 1},
		},
		{
			"one atom: unset takes back what its source states",
			Trait{},
			[]fact{states(1, "crm", 1, text("a")), states(1, "app", 2, text("b")).with(second), states(1, "app", 3, unset).with(func(f *fact) { f.id = "g" })},
			text("a"), 0,
			[]byte{1},
			nil,
		},
		{
			"one atom: oldest",
			Trait{Policy: []Rule{Oldest}},
			[]fact{
				states(1, "crm", 3, text("a")), states(1, "crm", 4, text("b")).with(second), states(1, "app", 1, text("c")).with(func(f *fact) { f.id = "g" }),
				states(1, "app", 2, unset).with(func(f *fact) { f.id = "h" }),
			},
			text("a"), 0,
			[]byte{1},
			nil,
		},
		{"one atom, one instant: trusted source", Trait{}, []fact{states(1, "app", 5, text("a")).with(second), states(1, "crm", 5, text("b"))}, text("b"), 0, []byte{1}, []byte{1}},
		{"one atom: union", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}}, []fact{states(1, "crm", 1, labels("a")), states(1, "app", 2, labels("b")).with(second)}, labels("a", "b"), Union, []byte{1, 1}, nil},
		{"one atom: total", Trait{Kind: customer.KindInt64, Policy: []Rule{Total}}, []fact{states(1, "crm", 1, whole(5)), states(1, "app", 2, whole(7)).with(second)}, whole(12), Total, []byte{1, 1}, nil},

		{"verified first", Trait{Policy: []Rule{VerifiedFirst}}, []fact{states(1, "crm", 1, text("a")).with(verified), states(2, "app", 9, text("b"))}, text("a"), VerifiedFirst, []byte{1}, []byte{2}},
		{"verified first: none is", Trait{Policy: []Rule{VerifiedFirst}}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 9, text("b"))}, text("b"), 0, []byte{2}, []byte{1}},
		{
			"verified, then source, then time",
			Trait{Policy: []Rule{VerifiedFirst, SourcePriority, MostRecent}},
			[]fact{
				states(1, "crm", 99, text("a")), states(2, "shop", 1, text("b")).with(verified),
				states(3, "shop", 2, text("c")).with(verified), states(4, "app", 3, text("d")).with(verified),
			},
			text("c"), MostRecent,
			[]byte{3},
			[]byte{1, 4, 2},
		},
		{
			"the last rule that left some out",
			Trait{Policy: []Rule{VerifiedFirst, SourcePriority, MostRecent}},
			[]fact{states(1, "crm", 9, text("a")), states(2, "shop", 1, text("b")).with(verified), states(3, "app", 2, text("c")).with(verified)},
			text("b"), SourcePriority,
			[]byte{2},
			[]byte{1, 3},
		},

		{"most complete: characters, not bytes", Trait{Policy: []Rule{MostComplete}}, []fact{states(1, "crm", 1, text("abcd")), states(2, "app", 2, text("张伟"))}, text("abcd"), MostComplete, []byte{1}, []byte{2}},
		{"most complete: labels", Trait{Kind: customer.KindLabels, Policy: []Rule{MostComplete}}, []fact{states(1, "crm", 1, labels("a", "b")), states(2, "app", 2, labels("longer"))}, labels("a", "b"), MostComplete, []byte{1}, []byte{2}},
		{"majority", Trait{Policy: []Rule{Majority}}, []fact{states(1, "crm", 1, text("a")), states(2, "app", 9, text("b")), states(3, "shop", 2, text("a"))}, text("a"), Majority, []byte{3}, []byte{2, 1}},
		{
			"majority: several such",
			Trait{Policy: []Rule{Majority}},
			[]fact{
				states(1, "crm", 1, text("a")), states(2, "app", 4, text("b")), states(3, "shop", 2, text("a")),
				states(4, "app", 3, text("b")), states(5, "app", 9, text("c")),
			},
			text("b"), Majority,
			[]byte{2},
			[]byte{5, 4, 3, 1},
		},
		{"smallest", Trait{Kind: customer.KindInt64, Policy: []Rule{Smallest}}, []fact{states(1, "crm", 1, whole(-5)), states(2, "app", 2, whole(3))}, whole(-5), Smallest, []byte{1}, []byte{2}},
		{"largest decimal", Trait{Kind: customer.KindDecimal, Policy: []Rule{Largest}}, []fact{states(1, "crm", 1, decimal(95, 1)), states(2, "app", 2, decimal(949, 2))}, decimal(95, 1), Largest, []byte{1}, []byte{2}},
		{"largest time", Trait{Kind: customer.KindTime, Policy: []Rule{Largest}}, []fact{states(1, "crm", 1, at(8)), states(2, "app", 2, at(7))}, at(8), Largest, []byte{1}, []byte{2}},

		{"union", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}}, []fact{states(1, "crm", 1, labels("b", "a")), states(2, "app", 2, labels("c", "a"))}, labels("a", "b", "c"), Union, []byte{2, 1}, nil},
		{"union of texts", Trait{Policy: []Rule{Union}}, []fact{states(1, "crm", 1, text("b")), states(2, "app", 2, text("")), states(3, "app", 3, text("a"))}, labels("a", "b"), Union, []byte{3, 2, 1}, nil},
		{"union of nothing", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}}, []fact{states(1, "crm", 1, labels())}, labels(), Union, []byte{1}, nil},
		{"union whose cap leaves one out", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}, Cap: 2}, []fact{states(1, "crm", 1, labels("x", "y")), states(2, "app", 3, labels("a", "x")), states(3, "app", 2, labels("z"))}, labels("a", "x"), Union, []byte{2, 1}, []byte{3}},
		{"union whose cap leaves texts out", Trait{Policy: []Rule{Union}, Cap: 1}, []fact{states(1, "crm", 1, text("x")), states(2, "app", 3, text("y")), states(3, "app", 2, text(""))}, labels("y"), Union, []byte{2, 3}, []byte{1}},
		{"union with a cap of nothing", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}, Cap: 2}, []fact{states(1, "crm", 1, labels())}, labels(), Union, []byte{1}, nil},
		{"union with a cap", Trait{Kind: customer.KindLabels, Policy: []Rule{Union}, Cap: 3}, []fact{states(1, "crm", 1, labels("x")), states(2, "app", 3, labels("d", "a")), states(3, "app", 2, labels("z", "d", "b"))}, labels("a", "b", "d"), Union, []byte{2, 3}, []byte{1}},
		{"union of the verified", Trait{Kind: customer.KindLabels, Policy: []Rule{VerifiedFirst, Union}}, []fact{states(1, "crm", 1, labels("b")).with(verified), states(2, "app", 2, labels("c"))}, labels("b"), Union, []byte{1}, []byte{2}},

		{"total", Trait{Kind: customer.KindInt64, Policy: []Rule{Total}}, []fact{states(1, "crm", 1, whole(5)), states(2, "app", 2, whole(-7))}, whole(-2), Total, []byte{2, 1}, nil},
		{"total that fits though a part does not", Trait{Kind: customer.KindInt64, Policy: []Rule{Total}}, []fact{states(1, "crm", 3, whole(math.MaxInt64)), states(2, "app", 2, whole(math.MaxInt64)), states(3, "app", 1, whole(-math.MaxInt64))}, whole(math.MaxInt64), Total, []byte{1, 2, 3}, nil},
		{"total that does not fit", Trait{Kind: customer.KindInt64, Policy: []Rule{Total}}, []fact{states(1, "crm", 2, whole(math.MaxInt64)), states(2, "app", 1, whole(1))}, unset, Total, []byte{1, 2}, nil},
		{"total of decimals", Trait{Kind: customer.KindDecimal, Policy: []Rule{Total}}, []fact{states(1, "crm", 2, decimal(15, 1)), states(2, "app", 1, decimal(250, 2))}, decimal(4, 0), Total, []byte{1, 2}, nil},
		{"total of decimals of any size", Trait{Kind: customer.KindDecimal, Policy: []Rule{Total}}, []fact{states(1, "crm", 3, decimal(math.MaxInt64, 0)), states(2, "app", 2, decimal(1, 18)), states(3, "app", 1, decimal(-1, 18))}, decimal(math.MaxInt64, 0), Total, []byte{1, 2, 3}, nil},
		{"total of decimals that does not fit", Trait{Kind: customer.KindDecimal, Policy: []Rule{Total}}, []fact{states(1, "crm", 2, decimal(math.MaxInt64, 0)), states(2, "app", 1, decimal(1, 18))}, unset, Total, []byte{1, 2}, nil},

		{"custom", Trait{Policy: []Rule{Custom}, Custom: "last of order"}, []fact{states(1, "crm", 2, text("a")), states(2, "app", 1, text("b"))}, text("b"), Custom, []byte{1, 2}, nil},
		{"custom of another kind", Trait{Policy: []Rule{Custom}, Custom: "wrong kind"}, []fact{states(1, "crm", 2, text("a"))}, unset, Custom, []byte{1}, nil},
		{"custom that is not valid", Trait{Policy: []Rule{Custom}, Custom: "not valid"}, []fact{states(1, "crm", 2, text("a"))}, unset, Custom, []byte{1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.trait.Name = "x"
			if c.trait.Kind == 0 {
				c.trait.Kind = customer.KindText
			}
			s := &Schema{Location: "UTC", Sources: trusted, Traits: []Trait{c.trait}}
			require.NoError(t, s.Validate())
			b, m := bindFor(t, s, testCustom), moment{at: 100, known: never}
			for range 2 {
				require.Equal(t, c.want, b.fold(atomsOf(b, c.facts), m).traits[0])
				p := b.explain(atomsOf(b, c.facts), m)
				require.Len(t, p.Traits, 1)
				require.Equal(t, c.want, p.Traits[0].Value)
				require.Equal(t, c.rule, p.Traits[0].Rule)
				atoms := func(cs []Candidate) (atoms []byte) {
					for i := range cs {
						atoms = append(atoms, cs[i].Atom[15])
					}
					return atoms
				}
				require.Equal(t, c.from, atoms(p.Traits[0].From))
				require.Equal(t, c.losers, atoms(p.Traits[0].Losers))
				slices.Reverse(c.facts)
			}
		})
	}
}

func TestTakenBackByAllIsNotStated(t *testing.T) {
	s := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}, Traits: []Trait{{Name: "x", Kind: customer.KindText}}}
	b, m := bindFor(t, s, nil), moment{at: 100, known: never}
	facts := []fact{states(1, "crm", 1, customer.TextValue("a")), states(1, "crm", 2, customer.Value{}).with(func(f *fact) { f.id = "f" })}
	require.True(t, b.fold(atomsOf(b, facts), m).traits[0].IsUnset())
	require.Empty(t, b.explain(atomsOf(b, facts), m).Traits)
	require.Equal(t, customer.TextValue("a"), b.fold(atomsOf(b, facts), moment{at: 1, known: never}).traits[0], "before")
}

func TestRuleText(t *testing.T) {
	for r := MostRecent; r <= Custom; r++ {
		text, err := r.MarshalText()
		require.NoError(t, err)
		var back Rule
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, r, back)
	}
	for _, r := range []Rule{0, Custom + 1, 255} {
		require.Equal(t, "invalid", r.String())
		_, err := r.MarshalText()
		require.ErrorIs(t, err, ErrSchema)
	}
	r := Oldest
	require.ErrorIs(t, r.UnmarshalText([]byte("newest")), ErrSchema)
	require.ErrorIs(t, r.UnmarshalText(nil), ErrSchema)
	require.Equal(t, Oldest, r)
}
