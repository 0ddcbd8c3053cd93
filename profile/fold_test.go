package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// A fact is an entry of an atom, in names.
type fact struct {
	atom                     byte
	id                       string
	time, learned, retracted int64
	source, event            string // no event: it states traits
	verified                 bool
	values                   []customer.Field
}

func atomNamed(n byte) customer.AtomID { return customer.AtomID{15: n} }

func bindFor(t testing.TB, s *Schema, custom map[string]CustomRule) *bound {
	b, err := bind(s, 7, nil, custom)
	require.NoError(t, err)
	return b
}

// entry is the fact as an atom keeps it.
func (f *fact) entry(b *bound) entry {
	e := entry{
		id: f.id, time: f.time, learned: f.learned, retracted: f.retracted,
		source: b.source(f.source), event: b.event(f.event), verified: f.verified,
	}
	for _, v := range f.values {
		number := b.trait(v.Name)
		if f.event != "" {
			number = b.field(e.event, v.Name)
		}
		e.values = append(e.values, numbered{number: number, value: v.Value})
	}
	slices.SortFunc(e.values, func(x, y numbered) int { return cmp.Compare(x.number, y.number) })
	return e
}

// atomsOf are the atoms of facts, with all entries.
func atomsOf(b *bound, facts []fact) (atoms []atom) {
	byAtom := map[byte][]entry{}
	for i := range facts {
		byAtom[facts[i].atom] = append(byAtom[facts[i].atom], facts[i].entry(b))
	}
	for n := range 256 {
		if entries, ok := byAtom[byte(n)]; ok {
			atoms = append(atoms, atom{id: atomNamed(byte(n)), entries: entries})
		}
	}
	return atoms
}

// sealedAtomsOf are the atoms of facts, with some of the entries that count in a partial.
func sealedAtomsOf(t *testing.T, b *bound, facts []fact, m moment, r *rand.Rand) []atom {
	atoms := atomsOf(b, facts)
	for i := range atoms {
		p, room := b.newPartial(), b.reader()
		var tail []entry
		for j := range atoms[i].entries {
			if e := &atoms[i].entries[j]; e.counts(m) && r.IntN(3) > 0 {
				p.add(b, e, room)
			} else {
				tail = append(tail, *e)
			}
		}
		atoms[i].entries = tail
		if r.IntN(4) > 0 {
			p = reread(t, b, p)
		}
		atoms[i].paged = p
	}
	return atoms
}

// reread is p, written and read.
func reread(t *testing.T, b *bound, p *partial) *partial {
	w := wire.New("partial", 1)
	p.encode(w)
	r := wire.Read(w.Data())
	q := b.readPartial(r)
	require.NoError(t, r.Close())
	return q
}

// slowTrait is the value of a trait as the documentation of Rule says it.
func slowTrait(s *Schema, t *Trait, facts []fact, m moment, custom map[string]CustomRule) customer.Value {
	trusted := t.Sources
	if trusted == nil {
		for _, source := range s.Sources {
			trusted = append(trusted, source.Name)
		}
	}
	type stated struct {
		fact
		value customer.Value
	}
	type speaker struct {
		atom   byte
		source string
	}
	bySpeaker := map[speaker][]stated{}
	for _, f := range facts {
		holds := f.time <= m.at && f.learned <= m.known && (f.retracted == 0 || f.retracted > m.known)
		for _, v := range f.values {
			if holds && f.event == "" && v.Name == t.Name && slices.Contains(trusted, f.source) {
				by := speaker{f.atom, f.source}
				bySpeaker[by] = append(bySpeaker[by], stated{f, v.Value})
			}
		}
	}
	var left []stated
	for _, statements := range bySpeaker {
		slices.SortFunc(statements, func(x, y stated) int {
			return cmp.Or(cmp.Compare(x.time, y.time), cmp.Compare(x.learned, y.learned), cmp.Compare(x.id, y.id))
		})
		c := statements[len(statements)-1]
		if c.value.IsUnset() {
			continue
		}
		if slices.Contains(t.Policy, Oldest) {
			c = statements[slices.IndexFunc(statements, func(s stated) bool { return !s.value.IsUnset() })]
		}
		left = append(left, c)
	}
	if len(left) == 0 {
		return customer.Value{}
	}
	slices.SortFunc(left, func(x, y stated) int {
		return cmp.Or(cmp.Compare(y.time, x.time), cmp.Compare(y.learned, x.learned),
			cmp.Compare(slices.Index(trusted, x.source), slices.Index(trusted, y.source)),
			cmp.Compare(x.atom, y.atom), cmp.Compare(x.id, y.id))
	})
	number := func(v customer.Value) *big.Rat {
		switch v.Kind() {
		case customer.KindInt64:
			n, _ := v.Int64()
			return new(big.Rat).SetInt64(n)
		case customer.KindFloat64:
			f, _ := v.Float64()
			return new(big.Rat).SetFloat64(f)
		case customer.KindDecimal:
			c, scale, _ := v.Decimal()
			return new(big.Rat).SetFrac(big.NewInt(c), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		}
		at, _ := v.Time()
		return new(big.Rat).SetInt64(at.UnixMicro())
	}
	size := func(v customer.Value) int {
		s, _ := v.Text()
		return utf8.RuneCountInString(s) + len(slices.Collect(v.Labels()))
	}
	votes := func(of stated) (n int) {
		for _, c := range left {
			if c.value == of.value {
				n++
			}
		}
		return n
	}
	for _, rule := range t.Policy {
		switch rule {
		case Union:
			var labels []string
			for _, c := range left {
				of := slices.Collect(c.value.Labels())
				if s, ok := c.value.Text(); ok && s != "" {
					of = append(of, s)
				}
				for _, label := range of {
					if !slices.Contains(labels, label) {
						labels = append(labels, label)
					}
				}
			}
			if t.Cap > 0 {
				labels = labels[:min(t.Cap, len(labels))]
			}
			return customer.LabelsValue(labels...)
		case Total:
			sum := new(big.Rat)
			for _, c := range left {
				sum.Add(sum, number(c.value))
			}
			for scale := range 19 {
				shifted := new(big.Rat).Mul(sum, number(customer.Int64Value(int64(pow(10, scale)))))
				switch fits := shifted.IsInt() && shifted.Num().IsInt64(); {
				case fits && t.Kind == customer.KindInt64:
					return customer.Int64Value(shifted.Num().Int64())
				case fits:
					return customer.DecimalValue(shifted.Num().Int64(), scale)
				case t.Kind == customer.KindInt64:
					return customer.Value{}
				}
			}
			return customer.Value{}
		case Custom:
			var cs []Candidate
			for _, c := range left {
				cs = append(cs, Candidate{
					Atom: atomNamed(c.atom), Evidence: c.id, Source: c.source, Time: time.UnixMicro(c.time).UTC(),
					Learned: time.UnixMicro(c.learned).UTC(), Verified: c.verified, Value: c.value,
				})
			}
			if v := custom[t.Custom](cs); v.Kind() == t.Kind && v.Validate() == nil {
				return v
			}
			return customer.Value{}
		}
		better := func(x, y stated) bool {
			switch rule {
			case MostRecent:
				return x.time > y.time
			case Oldest:
				return x.time < y.time
			case SourcePriority:
				return slices.Index(trusted, x.source) < slices.Index(trusted, y.source)
			case VerifiedFirst:
				return x.verified && !y.verified
			case MostComplete:
				return size(x.value) > size(y.value)
			case Majority:
				return votes(x) > votes(y)
			case Smallest:
				return number(x.value).Cmp(number(y.value)) < 0
			case Largest:
				return number(x.value).Cmp(number(y.value)) > 0
			}
			panic(rule)
		}
		var best []stated
		for _, c := range left {
			if !slices.ContainsFunc(left, func(d stated) bool { return better(d, c) }) {
				best = append(best, c)
			}
		}
		left = best
	}
	return left[0].value
}

func pow(x, n int) int {
	p := 1
	for range n {
		p *= x
	}
	return p
}

// slowComputed is a Count, Sum or Last of worldSchema, by looking at all events.
func slowComputed(s *Schema, c *Computed, facts []fact, m moment) customer.Value {
	loc, _ := time.LoadLocation(s.Location)
	at := time.UnixMicro(m.at)
	var count, sum int64
	var last *fact
	var lastValue customer.Value
	for i := range facts {
		f := &facts[i]
		if f.time > m.at || f.learned > m.known || f.retracted != 0 && f.retracted <= m.known || !slices.Contains(c.Events, f.event) {
			continue
		}
		age := int(civil.DayOf(at, loc) - civil.DayOf(time.UnixMicro(f.time), loc))
		if s.Retention > 0 && age >= s.Retention || c.Window.Days > 0 && age >= c.Window.Days ||
			c.Window.Hours > 0 && at.Sub(time.UnixMicro(f.time)) >= time.Duration(c.Window.Hours)*time.Hour {
			continue
		}
		var v customer.Value
		for _, field := range f.values {
			if field.Name == c.Field {
				v = field.Value
			}
		}
		if c.Field != "" && v.IsUnset() {
			continue
		}
		count++
		n, _ := v.Int64()
		sum += n
		if last == nil || cmp.Or(cmp.Compare(f.time, last.time), cmp.Compare(f.id, last.id)) > 0 {
			last, lastValue = f, v
		}
	}
	switch c.Of {
	case Count:
		return customer.Int64Value(count)
	case Sum:
		return customer.Int64Value(sum)
	}
	return lastValue
}

func foldSchema(r *rand.Rand) *Schema {
	s := &Schema{
		Location: []string{"Asia/Shanghai", "America/New_York", "UTC"}[r.IntN(3)],
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}, {Name: "app"}, {Name: "list"}},
		Events: []Event{
			{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindInt64}, {Name: "brand", Kind: customer.KindText}}},
			{Name: "visit", Fields: []Field{{Name: "brand", Kind: customer.KindText}}},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "orders 3d", Of: Count, Events: []string{"order"}, Window: Window{Days: 3}},
			{Name: "seen 40h", Of: Count, Events: []string{"order", "visit"}, Window: Window{Hours: 40}},
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "spent 2d", Of: Sum, Events: []string{"order"}, Field: "amount", Window: Window{Days: 2}},
			{Name: "brand", Of: Last, Events: []string{"order", "visit"}, Field: "brand"},
			{Name: "brand 30h", Of: Last, Events: []string{"visit"}, Field: "brand", Window: Window{Hours: 30}},
		},
		Retention: []int{0, 0, 4}[r.IntN(3)],
	}
	kinds := []customer.Kind{
		customer.KindBool, customer.KindInt64, customer.KindFloat64, customer.KindDecimal,
		customer.KindTime, customer.KindText, customer.KindLabels,
	}
	for len(s.Traits) < 8 {
		kind := kinds[r.IntN(len(kinds))]
		narrowing := []Rule{MostRecent, Oldest, SourcePriority, VerifiedFirst, Majority}
		var making []Rule
		switch kind {
		case customer.KindText, customer.KindLabels:
			narrowing, making = append(narrowing, MostComplete), []Rule{Union, Custom}
		case customer.KindInt64, customer.KindDecimal:
			narrowing, making = append(narrowing, Smallest, Largest), []Rule{Total, Custom}
		case customer.KindFloat64, customer.KindTime:
			narrowing = append(narrowing, Smallest, Largest)
		}
		t := Trait{Name: fmt.Sprint("trait ", len(s.Traits)), Kind: kind}
		r.Shuffle(len(narrowing), func(i, j int) { narrowing[i], narrowing[j] = narrowing[j], narrowing[i] })
		t.Policy = narrowing[:r.IntN(4)]
		if len(making) > 0 && r.IntN(3) == 0 {
			rule := making[r.IntN(len(making))]
			t.Policy = append(slices.Clone(t.Policy), rule)
			switch {
			case rule == Custom:
				t.Custom = "last of order"
			case rule == Union:
				t.Cap = r.IntN(4)
			}
		}
		if r.IntN(3) == 0 {
			t.Sources = [][]string{{"app", "crm"}, {"shop"}, {"list", "shop", "crm", "app"}}[r.IntN(3)]
		}
		s.Traits = append(s.Traits, t)
		if s.Validate() != nil { // rules that contradict each other
			s.Traits = s.Traits[:len(s.Traits)-1]
		}
	}
	return s
}

var testCustom = map[string]CustomRule{
	"last of order": func(cs []Candidate) customer.Value { return cs[len(cs)-1].Value },
	"wrong kind":    func([]Candidate) customer.Value { return customer.BoolValue(true) },
	"not valid":     func([]Candidate) customer.Value { return customer.TextValue("\xff") },
}

// hour is one in microseconds.
const hour = int64(time.Hour / time.Microsecond)

func foldFacts(r *rand.Rand, s *Schema) (facts []fact) {
	text := func() string { return []string{"", "a", "b", "ab", "张伟", "é"}[r.IntN(6)] }
	label := func() string { return []string{"a", "b", "c", "d"}[r.IntN(4)] }
	value := func(kind customer.Kind) customer.Value {
		switch kind {
		case customer.KindBool:
			return customer.BoolValue(r.IntN(2) == 0)
		case customer.KindInt64:
			return customer.Int64Value([]int64{-3, 0, 5, 1<<63 - 1, -1 << 63}[r.IntN(5)])
		case customer.KindFloat64:
			return customer.Float64Value([]float64{-0.5, 0, 2.25}[r.IntN(3)])
		case customer.KindDecimal:
			return customer.DecimalValue([]int64{-15, 0, 25, 1<<63 - 1, -1 << 63}[r.IntN(5)], []int{0, 1, 2, 18}[r.IntN(4)])
		case customer.KindTime:
			return customer.TimeValue(time.UnixMicro(r.Int64N(3) * hour))
		case customer.KindText:
			return customer.TextValue(text())
		}
		return customer.LabelsValue([]string{label(), label(), label()}[:r.IntN(4)]...)
	}
	atoms := 1 + r.IntN(5)
	for i := range r.IntN(40) {
		f := fact{
			atom: byte(1 + r.IntN(atoms)), id: fmt.Sprintf("%02d", i), time: r.Int64N(150) * hour,
			learned: r.Int64N(6) * hour, source: s.Sources[r.IntN(4)].Name, verified: r.IntN(3) == 0,
		}
		if r.IntN(4) == 0 {
			f.time += r.Int64N(3) - 1
		}
		if r.IntN(3) == 0 {
			f.time = r.Int64N(3) * hour
		}
		if r.IntN(8) == 0 {
			f.retracted = r.Int64N(8) * hour
		}
		switch r.IntN(3) {
		case 0:
			f.event = "order"
			if r.IntN(4) > 0 {
				f.values = append(f.values, customer.Field{Name: "amount", Value: customer.Int64Value(r.Int64N(2000) - 500)})
			}
			fallthrough
		case 1:
			f.event = cmp.Or(f.event, "visit")
			if r.IntN(4) > 0 {
				f.values = append(f.values, customer.Field{Name: "brand", Value: customer.TextValue(text())})
			}
		default:
			for _, t := range s.Traits {
				switch r.IntN(6) {
				case 0, 1, 2:
					f.values = append(f.values, customer.Field{Name: t.Name, Value: value(t.Kind)})
				case 3:
					f.values = append(f.values, customer.Field{Name: t.Name})
				}
			}
		}
		facts = append(facts, f)
	}
	return facts
}

func foldMoment(r *rand.Rand) moment {
	m := moment{at: r.Int64N(200) * hour, known: never}
	if r.IntN(3) == 0 {
		m.known = r.Int64N(7) * hour
	}
	return m
}

func profileJSON(t testing.TB, p *Profile) string {
	data, err := json.Marshal(p)
	require.NoError(t, err)
	return string(data)
}

func TestFoldIsWhatTheDocumentationSays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := foldSchema(r)
		b, facts, m := bindFor(t, s, testCustom), foldFacts(r, s), foldMoment(r)
		got := b.fold(atomsOf(b, facts), m)
		p := b.explain(atomsOf(b, facts), m)
		for i := range s.Traits {
			want := slowTrait(s, &s.Traits[i], facts, m, testCustom)
			require.Equal(t, want, got.traits[i], "%v of %v", s.Traits[i].Policy, s.Traits[i].Kind)
			require.Equal(t, want, p.Value(s.Traits[i].Name))
		}
		for i := range s.Computed {
			want := slowComputed(s, &s.Computed[i], facts, m)
			require.Equal(t, want, got.computed[i], s.Computed[i].Name)
			require.Equal(t, want, p.Value(s.Computed[i].Name))
		}
		require.Equal(t, microTime(got.next), p.Next)
	}
}

func TestFoldKeepsNothingOfOtherCustomers(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	s := fuzzSchema()
	b := bindFor(t, s, testCustom)
	for range 100 {
		facts, m := foldFacts(r, s), foldMoment(r)
		alone := bindFor(t, s, testCustom)
		require.Equal(t, alone.fold(atomsOf(alone, facts), m), b.fold(sealedAtomsOf(t, b, facts, m, r), m))
		alone = bindFor(t, s, testCustom)
		require.Equal(t, alone.explain(atomsOf(alone, facts), m), b.explain(sealedAtomsOf(t, b, facts, m, r), m))
	}
}

func TestFoldDoesNotDependOnOrderOrSealing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 80 {
		s := foldSchema(r)
		b, facts, m := bindFor(t, s, testCustom), foldFacts(r, s), foldMoment(r)
		values, profile := b.fold(atomsOf(b, facts), m), profileJSON(t, b.explain(atomsOf(b, facts), m))
		for range 4 {
			r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			require.Equal(t, values, b.fold(atomsOf(b, facts), m))
			require.Equal(t, profile, profileJSON(t, b.explain(atomsOf(b, facts), m)))
			require.Equal(t, values, b.fold(sealedAtomsOf(t, b, facts, m, r), m))
			require.Equal(t, profile, profileJSON(t, b.explain(sealedAtomsOf(t, b, facts, m, r), m)))
		}
	}
}

func TestNothingChangesBeforeNext(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	changes := 0
	for range 50 {
		s := foldSchema(r)
		b, facts, m := bindFor(t, s, testCustom), foldFacts(r, s), foldMoment(r)
		for range 20 {
			now := b.fold(atomsOf(b, facts), m)
			require.Greater(t, now.next, m.at)
			until := min(now.next, m.at+400*hour)
			for _, at := range []int64{m.at, m.at + r.Int64N(until-m.at), until - 1} {
				later := b.fold(atomsOf(b, facts), moment{at: at, known: m.known})
				require.Equal(t, now.traits, later.traits)
				require.Equal(t, now.computed, later.computed)
			}
			if now.next == never {
				break
			}
			m.at = now.next
			changes++
		}
	}
	require.Greater(t, changes, 100)
}

func TestNextIsWithinTheYearsOfProfiles(t *testing.T) {
	s := &Schema{
		Location: "UTC", Sources: []Source{{Name: "crm"}}, Events: []Event{{Name: "visit"}},
		Computed: []Computed{{Name: "visits", Of: Count, Events: []string{"visit"}, Window: Window{Days: 30}}},
	}
	b := bindFor(t, s, nil)
	facts := []fact{{id: "a", time: lastMicros - hour, source: "crm", event: "visit"}}
	require.Equal(t, lastMicros-hour, b.fold(atomsOf(b, facts), moment{at: 0, known: never}).next)
	require.Equal(t, never, b.fold(atomsOf(b, facts), moment{at: lastMicros, known: never}).next)
	require.Zero(t, b.explain(atomsOf(b, facts), moment{at: lastMicros, known: never}).Next)
}

func TestFoldOfNothing(t *testing.T) {
	s := foldSchema(rand.New(rand.NewPCG(9, 9)))
	b := bindFor(t, s, testCustom)
	f := b.fold(nil, moment{known: never})
	require.Len(t, f.traits, len(s.Traits))
	require.Equal(t, never, f.next)
	p := b.explain(nil, moment{known: never})
	require.Empty(t, p.Traits)
	require.Len(t, p.Computed, len(s.Computed))
	require.Equal(t, customer.Int64Value(0), p.Value("orders"))
	require.True(t, p.Value("brand").IsUnset())
	require.True(t, p.Value("no such name").IsUnset())
}

func TestFoldByManyGoroutines(t *testing.T) {
	var wait sync.WaitGroup
	for g := range uint64(4) {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(10, g))
			for range 10 {
				s := foldSchema(r)
				b, facts, m := bindFor(t, s, testCustom), foldFacts(r, s), foldMoment(r)
				got := b.fold(atomsOf(b, facts), m)
				for i := range s.Traits {
					if want := slowTrait(s, &s.Traits[i], facts, m, testCustom); want != got.traits[i] {
						t.Errorf("%v: not the same", s.Traits[i].Policy)
					}
				}
			}
		})
	}
	wait.Wait()
}
