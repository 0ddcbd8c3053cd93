package profile

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func bindShop(t testing.TB) *bound {
	t.Helper()
	b, err := bind(shopSchema(), 3, nil, shopCustom)
	require.NoError(t, err)
	return b
}

func TestBindNumbersEveryName(t *testing.T) {
	b := bindShop(t)
	seen := map[uint32]bool{0: true}
	for i, e := range b.Events {
		for j, f := range e.Fields {
			n := b.field(b.event(e.Name), f.Name)
			require.False(t, seen[n])
			seen[n] = true
			require.Equal(t, role{aField, int32(i), int32(j)}, b.role(n))
			require.Equal(t, n, b.fieldNumbers[i][j])
		}
		require.Equal(t, role{anEvent, int32(i), 0}, b.role(b.event(e.Name)))
		seen[b.event(e.Name)] = true
	}
	for i, s := range b.Sources {
		require.Equal(t, role{aSource, int32(i), 0}, b.role(b.source(s.Name)))
		seen[b.source(s.Name)] = true
		seen[uint32(slices.Index(b.names, channelName(&s)))] = true
	}
	for i, tr := range b.Traits {
		require.Equal(t, role{aTrait, int32(i), 0}, b.role(b.trait(tr.Name)))
		seen[b.trait(tr.Name)] = true
	}
	for i, n := range b.computedNumbers {
		require.Equal(t, role{aComputed, int32(i), 0}, b.role(n))
		seen[n] = true
	}
	require.Len(t, seen, len(b.names))
	require.Equal(t, "field\tint64\torder\tamount", b.names[b.field(b.event("order"), "amount")])

	for _, n := range []uint32{0, uint32(len(b.names)), math.MaxUint32} {
		require.Equal(t, role{}, b.role(n))
		_, reason := b.accept(n, customer.TextValue("x"))
		require.Equal(t, Undeclared, reason)
		require.Equal(t, int32(-1), b.rank(0, n))
	}
	require.Zero(t, b.trait("orders"))
	require.Zero(t, b.field(b.event("visit"), "price"))
	require.Zero(t, b.field(b.source("crm"), "price"))
	require.Equal(t, customer.KindLabels, b.traitKinds[1])
	require.Equal(t, []int32{1, -1, -1, 0}, b.ranks[2])
	require.Equal(t, []int32{0, 1, 2, 3}, b.ranks[0])
	require.Equal(t, int32(0), b.rank(2, b.source("desk")))
}

func TestComputedKinds(t *testing.T) {
	b := bindShop(t)
	kinds := map[string]customer.Kind{}
	for i, c := range b.Computed {
		kinds[c.Name] = b.computedKinds[i]
	}
	require.Equal(t, map[string]customer.Kind{
		"orders": customer.KindInt64, "spent": customer.KindInt64, "average": customer.KindFloat64, "last": customer.KindTime,
		"first_source": customer.KindText, "heaviest": customer.KindFloat64, "brands": customer.KindInt64, "top_tags": customer.KindLabels,
		"median": customer.KindFloat64, "gifts": customer.KindFloat64, "stage": customer.KindText, "bands": customer.KindLabels,
		"solving": customer.KindFloat64,
	}, kinds)
	require.Equal(t, customer.KindText, b.computed[11].kind)
	require.Equal(t, customer.KindInt64, b.computed[1].kind)
	require.Equal(t, customer.KindUnset, b.computed[12].kind)
}

// What is computed is of the kind that is told beforehand.
func TestComputedKindsAreTrue(t *testing.T) {
	schema := shopSchema()
	for _, of := range []Aggregate{Count, Min, Max, Quantile, Share} {
		c := Computed{Name: "pair " + of.String(), Of: of, Events: []string{"opened"}, Pair: &Pair{Until: []string{"solved"}, By: "ticket"}}
		if of == Quantile {
			c.Quantile = 0.5
		}
		schema.Computed = append(schema.Computed, c)
	}
	for _, field := range schema.Events[0].Fields {
		for of := First; of <= Distinct; of++ {
			if of.takes(field.Kind) {
				schema.Computed = append(schema.Computed, Computed{Name: field.Name + of.String(), Of: of, Events: []string{"order"}, Field: field.Name})
			}
		}
	}
	schema.Traits = nil
	require.NoError(t, schema.Validate())
	b, err := bind(schema, 1, nil, nil)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(5, 6))
	one := atom{}
	for i := range 200 {
		event := b.Events[r.IntN(len(b.Events))]
		e := entry{id: strings.Repeat("i", i+1), time: int64(1e15) + int64(i), event: b.event(event.Name), source: b.source("shop")}
		for _, f := range event.Fields {
			e.values = append(e.values, numbered{number: b.field(e.event, f.Name), value: randomValue(r, f.Kind)})
		}
		one.entries = append(one.entries, e)
	}
	folded := b.fold([]atom{one}, moment{at: 1e15 + 1e9, known: never})
	for i, v := range folded.computed {
		require.Equal(t, b.computedKinds[i].String(), v.Kind().String(), b.Computed[i].Name)
	}
}

func TestBindNeedsCustomFunction(t *testing.T) {
	_, err := bind(shopSchema(), 1, nil, nil)
	require.EqualError(t, err, `profile: schema: traits[2].custom: Options.Custom has no function "first"`)
	require.ErrorIs(t, err, ErrSchema)
}

// Whatever schemas follow each other, a name with its kind keeps its number, the table only
// grows, and no two names share one.
func TestNumbersAreForEver(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		var names []string
		ever := map[string]uint32{}
		for version := range uint64(20) {
			s := randomSchema(r)
			require.NoError(t, s.Validate())
			before := slices.Clone(names)
			b, err := bind(s, version+1, names, nil)
			require.NoError(t, err)
			require.True(t, slices.Equal(before, names), "the table that was passed in")
			require.True(t, slices.Equal(before, b.names[:len(before)]))
			names = b.names
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
			check := func(name string, number uint32) {
				if first, ok := ever[name]; ok && first != number || number == 0 {
					t.Fatalf("%q was %d and is %d", name, first, number)
				}
				ever[name] = number
			}
			for _, tr := range s.Traits {
				check("t "+tr.Kind.String()+tr.Name, b.trait(tr.Name))
			}
			for _, e := range s.Events {
				check("e "+e.Name, b.event(e.Name))
				for _, f := range e.Fields {
					check("f "+f.Kind.String()+e.Name+" "+f.Name, b.field(b.event(e.Name), f.Name))
				}
			}
			for _, source := range s.Sources {
				check("s "+source.Name, b.source(source.Name))
			}
			for i, c := range s.Computed {
				check("c "+b.computedKinds[i].String()+c.Name, b.computedNumbers[i])
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	names := bindShop(t).names
	of := func(change func(s *Schema)) [8]byte {
		s := shopSchema()
		change(s)
		require.NoError(t, s.Validate())
		b, err := bind(s, 9, names, shopCustom)
		require.NoError(t, err)
		return b.fingerprint
	}
	same := of(func(*Schema) {})
	require.Equal(t, bindShop(t).fingerprint, same)
	for name, change := range map[string]func(s *Schema){
		"labels":                       func(s *Schema) { s.Traits[0].Label.EN, s.Computed[0].Label.ZH, s.Events[0].Label.EN = "x", "y", "z" },
		"sensitivity":                  func(s *Schema) { s.Traits[3].Sensitivity, s.Computed[0].Sensitivity = Sensitive, Internal },
		"order of trust":               func(s *Schema) { s.Sources[0], s.Sources[3] = s.Sources[3], s.Sources[0] },
		"a new source":                 func(s *Schema) { s.Sources = append(s.Sources, Source{Name: "new", Channel: "phone"}) },
		"a trait's own order of trust": func(s *Schema) { s.Traits[2].Sources = []string{"crm", "desk"} },
		"a computed trait's name":      func(s *Schema) { s.Computed[0].Name = "n" },
		"what is made of states": func(s *Schema) {
			s.Computed[7].Limit, s.Computed[8].Quantile, s.Computed[10].Stages = 9, 0.1, nil
			s.Computed[11].Taste = &Taste{HalfLife: 3}
		},
		"window of a pair": func(s *Schema) { s.Computed[12].Window.Days = 5 },
		"policy":           func(s *Schema) { s.Traits[0].Policy = []Rule{Majority} },
		"check":            func(s *Schema) { s.Traits[1].Check = Check{} },
		"a new field": func(s *Schema) {
			s.Events[1].Fields = append(s.Events[1].Fields, Field{Name: "n", Kind: customer.KindBool})
		},
		"order of fields": func(s *Schema) { f := s.Events[0].Fields; f[0], f[1] = f[1], f[0] },
		"order of events": func(s *Schema) { s.Events[0], s.Events[1] = s.Events[1], s.Events[0] },
	} {
		require.Equal(t, same, of(change), name)
	}
	different := map[[8]byte]string{same: "as it was"}
	for name, change := range map[string]func(s *Schema){
		"location":          func(s *Schema) { s.Location = "UTC" },
		"retention":         func(s *Schema) { s.Retention = 10 },
		"order of traits":   func(s *Schema) { s.Traits[0], s.Traits[1] = s.Traits[1], s.Traits[0] },
		"a trait less":      func(s *Schema) { s.Traits = s.Traits[:8] },
		"a trait's kind":    func(s *Schema) { s.Traits[8].Kind = customer.KindText },
		"oldest":            func(s *Schema) { s.Traits[0].Policy = []Rule{Oldest} },
		"believed sources":  func(s *Schema) { s.Traits[0].Sources = []string{"crm"} },
		"a source less":     func(s *Schema) { s.Sources = slices.Delete(s.Sources, 1, 2) },
		"channel":           func(s *Schema) { s.Sources[1].Channel = "phone" },
		"order of computed": func(s *Schema) { s.Computed[0], s.Computed[1] = s.Computed[1], s.Computed[0] },
		"where":             func(s *Schema) { s.Computed[1].Where = s.Computed[1].Where[:2] },
		"window":            func(s *Schema) { s.Computed[0].Window.Days = 91 },
		"end of a pair": func(s *Schema) {
			s.Events[1].Fields = append(s.Events[1].Fields, s.Events[2].Fields[0])
			s.Computed[12].Pair.Until = []string{"visit"}
		},
		"bands":          func(s *Schema) { s.Computed[11].Bands[0].Name = "lowest" },
		"a field's kind": func(s *Schema) { s.Events[0].Fields[1].Kind = customer.KindDecimal },
	} {
		f := of(change)
		require.NotContains(t, different, f, name)
		different[f] = name
	}

	// A source that has its first channel again.
	moved := shopSchema()
	moved.Sources[1].Channel = "phone"
	b, err := bind(moved, 10, names, shopCustom)
	require.NoError(t, err)
	back, err := bind(shopSchema(), 11, b.names, shopCustom)
	require.NoError(t, err)
	require.Equal(t, same, back.fingerprint)
	again, err := bind(moved, 12, back.names, shopCustom)
	require.NoError(t, err)
	require.Equal(t, b.fingerprint, again.fingerprint)
}

func TestAcceptScale(t *testing.T) {
	b, err := bindCheck(&Check{Scale: 2}, customer.KindDecimal)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		in     customer.Value
		reason Reason
	}{
		"fewer digits":        {customer.DecimalValue(15, 1), 0},
		"as many":             {customer.DecimalValue(-125, 2), 0},
		"zeros are none":      {customer.DecimalValue(12500, 4), 0},
		"more":                {customer.DecimalValue(1255, 3), OutOfRange},
		"whole":               {customer.Int64Value(7), 0},
		"unset":               {customer.Value{}, 0},
		"largest":             {customer.DecimalValue(math.MaxInt64, 2), 0},
		"largest whole":       {customer.Int64Value(math.MaxInt64 / 100), 0},
		"one more":            {customer.Int64Value(math.MaxInt64/100 + 1), OutOfRange},
		"least whole":         {customer.Int64Value(-math.MaxInt64 / 100), 0},
		"one less":            {customer.Int64Value(-math.MaxInt64/100 - 1), OutOfRange},
		"least that there is": {customer.Int64Value(math.MinInt64), OutOfRange},
	} {
		t.Run(name, func(t *testing.T) {
			_, reason := b.accept(test.in)
			require.Equal(t, test.reason, reason)
		})
	}
}

func TestAccept(t *testing.T) {
	b := bindShop(t)
	text, number, decimal, labels := customer.TextValue, customer.Int64Value, customer.DecimalValue, customer.LabelsValue
	field := func(name string) uint32 { return b.field(b.event("order"), name) }
	for name, test := range map[string]struct {
		number uint32
		in     customer.Value
		out    customer.Value
		reason Reason
	}{
		"text":                   {b.trait("name"), text("Li"), text("Li"), 0},
		"empty text":             {b.trait("name"), text(""), text(""), 0},
		"unset takes back":       {b.trait("phone"), customer.Value{}, customer.Value{}, 0},
		"number for text":        {b.trait("name"), number(1), customer.Value{}, WrongKind},
		"text not UTF-8":         {b.trait("name"), text("\xff"), customer.Value{}, WrongKind},
		"undeclared":             {b.trait("nickname"), text("Li"), customer.Value{}, Undeclared},
		"an event's number":      {b.event("order"), text("Li"), customer.Value{}, Undeclared},
		"a source's number":      {b.source("crm"), text("Li"), customer.Value{}, Undeclared},
		"a computed's number":    {b.computedNumbers[0], number(1), customer.Value{}, Undeclared},
		"pattern":                {b.trait("phone"), text("+8613800138000"), text("+8613800138000"), 0},
		"pattern matches part":   {b.trait("phone"), text("tel 13800138000"), customer.Value{}, NoMatch},
		"pattern and line":       {b.trait("phone"), text("13800138000\n"), customer.Value{}, NoMatch},
		"label of the list":      {b.trait("likes"), labels("tea"), labels("tea"), 0},
		"one label of the list":  {b.trait("likes"), labels("tea", "milk"), customer.Value{}, NoMatch},
		"no labels":              {b.trait("likes"), labels(), labels(), 0},
		"an empty label":         {b.trait("likes"), labels(""), customer.Value{}, WrongKind},
		"at least":               {b.trait("points"), number(0), number(0), 0},
		"below least":            {b.trait("points"), number(-1), customer.Value{}, OutOfRange},
		"at most":                {b.trait("points"), number(1_000_000), number(1_000_000), 0},
		"above most":             {b.trait("points"), number(1_000_001), customer.Value{}, OutOfRange},
		"whole for decimal":      {b.trait("limit"), number(17), decimal(17, 0), 0},
		"whole above most":       {b.trait("limit"), number(10_000), customer.Value{}, OutOfRange},
		"decimal at most":        {b.trait("limit"), decimal(9999500, 3), decimal(99995, 1), 0},
		"decimal above most":     {b.trait("limit"), decimal(9999500000000001, 12), customer.Value{}, OutOfRange},
		"decimal of scale 19":    {b.trait("limit"), decimal(1, 19), customer.Value{}, WrongKind},
		"decimal for whole":      {b.trait("points"), decimal(17, 0), customer.Value{}, WrongKind},
		"NaN":                    {b.trait("score"), customer.Float64Value(math.NaN()), customer.Value{}, WrongKind},
		"whole for float":        {b.trait("score"), number(1), customer.Value{}, WrongKind},
		"zero time":              {b.trait("born"), customer.TimeValue(time.Time{}), customer.Value{}, WrongKind},
		"bool":                   {b.trait("member"), customer.BoolValue(false), customer.BoolValue(false), 0},
		"field":                  {field("amount"), number(3), number(3), 0},
		"field below least":      {field("amount"), number(-3), customer.Value{}, OutOfRange},
		"field whole as decimal": {field("price"), number(3), decimal(3, 0), 0},
	} {
		t.Run(name, func(t *testing.T) {
			out, reason := b.accept(test.number, test.in)
			require.Equal(t, test.reason, reason)
			require.Equal(t, test.out, out)
			if reason == 0 { // what was accepted once is accepted as it is
				again, reason := b.accept(test.number, out)
				require.Zero(t, reason)
				require.Equal(t, out, again)
			}
		})
	}
}

// A pattern made to match whole texts matches as the longest match of it says.
func FuzzCompileWhole(f *testing.F) {
	for _, seed := range [][2]string{
		{`a|ab`, "ab"},
		{`(?i)A`, "a"},
		{`a$`, "a\n"},
		{`(?m)^a$`, "a\nb"},
		{`\Qa.b`, "a.b"},
		{`\Qa\E*`, "aa"},
		{`^`, ""},
		{`(?s).`, "\n"},
		{`x{2,3}?`, "xxx"},
		{`\bäb`, "äb"},
		{`[^a]`, "b"},
		{`(?U)a+`, "aaa"},
		{`\z`, ""},
		{`a\`, "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		plain, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 64 {
			return
		}
		whole, err := compileWhole(pattern)
		if err != nil {
			return // too large with what is around it
		}
		// Leftmost-longest: if anything matches as a whole, that is what is found.
		plain.Longest()
		at := plain.FindStringIndex(s)
		require.Equal(t, at != nil && at[0] == 0 && at[1] == len(s), whole.MatchString(s))
	})
}

func TestCompareValues(t *testing.T) {
	text, number, decimal, labels, instant := customer.TextValue, customer.Int64Value, customer.DecimalValue, customer.LabelsValue, customer.TimeValue
	at := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	ascending := []customer.Value{
		{},
		customer.BoolValue(false), customer.BoolValue(true),
		number(math.MinInt64), number(-1), number(0), number(math.MaxInt64),
		customer.Float64Value(-math.MaxFloat64), customer.Float64Value(-0.5), customer.Float64Value(0), customer.Float64Value(math.SmallestNonzeroFloat64),
		decimal(math.MinInt64, 0), decimal(math.MinInt64, 1), decimal(-1, 0), decimal(-1, 18), decimal(0, 0), decimal(1, 18), decimal(math.MaxInt64, 18),
		decimal(10, 0), decimal(1001, 2), decimal(math.MaxInt64, 1), decimal(math.MaxInt64, 0),
		instant(at), instant(at.Add(1)), text(""), text("B"), text("a"), text("ä"), labels(), labels("a"), labels("a", "b"), labels("b"),
	}
	for i, v := range ascending {
		for j, w := range ascending {
			require.Equal(t, min(max(i-j, -1), 1), compareValues(v, w), "%d %d", i, j)
		}
	}
}

// read agrees with the words of Computed, taken slowly.
func TestReadAgainstSlow(t *testing.T) {
	b := bindShop(t)
	r := rand.New(rand.NewPCG(3, 4))
	room := b.reader()
	day := func(micros int64) civil.Day { return civil.DayOf(time.UnixMicro(micros), b.loc) }
	counted := make([]int, len(b.Computed))
	for range 2000 {
		event := b.Events[r.IntN(len(b.Events))]
		source := b.Sources[r.IntN(len(b.Sources))]
		e := entry{id: "e", time: r.Int64N(4e15) - 2e15, event: b.event(event.Name), source: b.source(source.Name)}
		values := map[string]customer.Value{"@source": customer.TextValue(source.Name), "@channel": customer.TextValue(source.Channel), "@event": customer.TextValue(event.Name)}
		values["@time"] = customer.TimeValue(time.UnixMicro(e.time))
		if source.Channel == "" {
			values["@channel"] = values["@source"]
		}
		for _, f := range event.Fields {
			if r.IntN(4) > 0 {
				values[f.Name] = randomValue(r, f.Kind)
				e.values = append(e.values, numbered{number: b.field(e.event, f.Name), value: values[f.Name]})
			}
		}
		slices.SortFunc(e.values, func(v, w numbered) int { return int(v.number) - int(w.number) })
		got := map[int]occurrence{}
		last := -1
		b.read(&e, room, func(computed int, o *occurrence) {
			if computed <= last {
				t.Fatal("out of order")
			}
			last = computed
			got[computed] = *o
			counted[computed]++
		})
		for i := range b.Computed {
			c := &b.Computed[i]
			want, ok := slowRead(c, event.Name, values)
			if ok {
				want.id, want.time, want.day = e.id, e.time, day(e.time)
			}
			o, read := got[i]
			if ok != read || want != o {
				require.Equal(t, want, o, c.Name)
				require.Equal(t, ok, read, c.Name)
			}
		}
	}
	for i, n := range counted {
		require.Positive(t, n, b.Computed[i].Name)
	}
}

func slowRead(c *Computed, event string, values map[string]customer.Value) (o occurrence, ok bool) {
	if c.Pair != nil {
		o.by = values[c.Pair.By]
		o.ends = slices.Contains(c.Pair.Until, event)
		if o.by.IsUnset() {
			return occurrence{}, false
		}
	}
	if o.ends {
		return o, true
	}
	if !slices.Contains(c.Events, event) {
		return occurrence{}, false
	}
	for _, w := range c.Where {
		v := values[w.Field]
		is := func(x customer.Value) bool {
			s, _ := x.Text()
			return v == x || v.Kind() == customer.KindLabels && slices.Contains(slices.Collect(v.Labels()), s)
		}
		n, d := w.AtLeast, w.Below
		low, _ := n.Int64()
		if v.IsUnset() || w.In != nil && !slices.ContainsFunc(w.In, is) || slices.ContainsFunc(w.NotIn, is) ||
			!n.IsUnset() && compareValues(v, customer.DecimalValue(low, 0)) < 0 || !d.IsUnset() && compareValues(v, d) >= 0 {
			return occurrence{}, false
		}
	}
	if c.Field != "" {
		if o.value = values[c.Field]; o.value.IsUnset() {
			return occurrence{}, false
		}
	}
	if c.Bands != nil {
		coefficient, scale, _ := o.value.Decimal()
		x := float64(coefficient) / math.Pow10(scale)
		switch {
		case x < 10:
			o.value = customer.TextValue("low")
		case x < 99.5:
			o.value = customer.TextValue("middle")
		default:
			o.value = customer.TextValue("high")
		}
	}
	return o, true
}

func randomValue(r *rand.Rand, kind customer.Kind) customer.Value {
	switch kind {
	case customer.KindBool:
		return customer.BoolValue(r.IntN(2) == 0)
	case customer.KindInt64:
		return customer.Int64Value(r.Int64N(200))
	case customer.KindFloat64:
		return customer.Float64Value(r.Float64())
	case customer.KindDecimal:
		return customer.DecimalValue(r.Int64N(12000), 2)
	case customer.KindTime:
		return customer.TimeValue(time.UnixMicro(r.Int64N(1e15)))
	case customer.KindText:
		return customer.TextValue(string(rune('a' + r.IntN(4))))
	}
	return customer.LabelsValue([]string{"test", "a", "b"}[r.IntN(3):]...)
}

// What an entry's type or source is not in the schema, counts for nothing.
func TestReadOfUnknown(t *testing.T) {
	b := bindShop(t)
	room := b.reader()
	for _, e := range []entry{
		{event: b.event("order"), source: 0},
		{event: 0, source: b.source("crm")},
		{event: 9999, source: b.source("crm")},
		{event: b.trait("name"), source: b.source("crm")},
		{event: b.event("order"), source: b.event("order")},
	} {
		b.read(&e, room, func(int, *occurrence) { t.Fatal("read") })
	}
}

func TestReadOfManyValues(t *testing.T) {
	s := shopSchema()
	var in []customer.Value
	for i := range 100 {
		in = append(in, customer.TextValue(strings.Repeat("x", i)))
	}
	s.Computed = []Computed{{Name: "a", Of: Count, Events: []string{"order"}, Where: []Condition{{Field: "brand", In: in}, {Field: "tags", NotIn: in[1:]}}}}
	b, err := bind(s, 1, nil, shopCustom)
	require.NoError(t, err)
	room := b.reader()
	count := func(brand string, tags ...string) (n int) {
		e := entry{event: b.event("order"), source: b.source("crm"), values: []numbered{
			{number: b.field(b.event("order"), "brand"), value: customer.TextValue(brand)}, {number: b.field(b.event("order"), "tags"), value: customer.LabelsValue(tags...)},
		}}
		b.read(&e, room, func(int, *occurrence) { n++ })
		return n
	}
	require.Equal(t, 1, count("xxxx", "y"))
	require.Equal(t, 1, count("xxxx"))
	require.Equal(t, 0, count("xxxx", "y", "xxx"))
	require.Equal(t, 0, count("y", "y"))
}

func shopOrder(b *bound) *entry {
	order := b.event("order")
	e := &entry{id: "o-1", time: 1_772_000_000_000_000, event: order, source: b.source("shop"), values: []numbered{
		{number: b.field(order, "id"), value: customer.TextValue("o-1")},
		{number: b.field(order, "amount"), value: customer.Int64Value(1999)},
		{number: b.field(order, "price"), value: customer.DecimalValue(1999, 2)},
		{number: b.field(order, "brand"), value: customer.TextValue("acme")},
		{number: b.field(order, "tags"), value: customer.LabelsValue("new", "sale")},
		{number: b.field(order, "gift"), value: customer.BoolValue(true)},
	}}
	slices.SortFunc(e.values, func(v, w numbered) int { return int(v.number) - int(w.number) })
	return e
}

func TestReadAllocatesNothing(t *testing.T) {
	b := bindShop(t)
	room := b.reader()
	e := shopOrder(b)
	n := 0
	f := func(int, *occurrence) { n++ }
	require.Zero(t, testing.AllocsPerRun(100, func() { b.read(e, room, f) }))
	require.Equal(t, 101*11, n)
}

func BenchmarkRead(b *testing.B) {
	shop := bindShop(b)
	room := shop.reader()
	e := shopOrder(shop)
	n := 0
	for b.Loop() {
		shop.read(e, room, func(int, *occurrence) { n++ })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/reading")
}

func BenchmarkAccept(b *testing.B) {
	shop := bindShop(b)
	number := shop.trait("phone")
	v := customer.TextValue("+8613800138000")
	for b.Loop() {
		shop.accept(number, v)
	}
}
