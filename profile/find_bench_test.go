package profile

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// benchRows are customers of one atom, each with a name, a city and a phone number.
func benchRows(b *testing.B, n int, searchable, sealed bool) (p *Profiles, now time.Time) {
	b.Helper()
	s := new(store.Memory)
	schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
	o := &Options{}
	for _, name := range []string{"name", "city", "phone"} {
		schema.Traits = append(schema.Traits, Trait{Name: name, Kind: customer.KindText, Sensitivity: Personal, Searchable: searchable})
		o.Rows = append(o.Rows, name)
	}
	if sealed {
		with := withVault(b, s, nil)
		o.Vault, o.Index = with.Vault, with.Index
	} else {
		o.Index = anIndex(b, 1)
	}
	p, err := Open(b.Context(), s, schema, o)
	require.NoError(b, err)
	now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	benchAdd(b, p, now, 0, n)
	_, err = p.Sync(b.Context(), now, newManyFeed(n, now))
	require.NoError(b, err)
	return p, now
}

func benchAdd(b *testing.B, p *Profiles, now time.Time, round, n int) {
	b.Helper()
	_, err := p.AddMany(b.Context(), now, func(yield func(Evidence) bool) {
		for i := range n {
			if !yield(Evidence{Atom: fakeAtom(i), ID: fmt.Sprint(round), Source: "crm", Time: now, Values: []customer.Field{
				{Name: "city", Value: customer.TextValue(fmt.Sprint("city", i%100))},
				{Name: "name", Value: customer.TextValue(fmt.Sprint("name", i))},
				{Name: "phone", Value: customer.TextValue(fmt.Sprint("+86139", 10000000+i))},
			}}) {
				return
			}
		}
	}, nil)
	require.NoError(b, err)
}

// BenchmarkAddSearchable adds a statement of three traits, that are searchable and that are not.
func BenchmarkAddSearchable(b *testing.B) {
	const n = 10_000
	for _, searchable := range []bool{false, true} {
		b.Run(fmt.Sprint(searchable), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				p, now := benchRows(b, 1, searchable, false)
				b.StartTimer()
				benchAdd(b, p, now, 1, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/statement")
		})
	}
}

// BenchmarkFind finds one customer among many, by a value that nobody else has.
func BenchmarkFind(b *testing.B) {
	for _, sealed := range []bool{false, true} {
		b.Run(fmt.Sprint("sealed=", sealed), func(b *testing.B) {
			const n = 10_000
			p, now := benchRows(b, n, true, sealed)
			i := 0
			for b.Loop() {
				i++
				ids, err := p.Find(b.Context(), "phone", customer.TextValue(fmt.Sprint("+86139", 10000000+i%n)), Moment{At: now})
				if err != nil || len(ids) != 1 {
					b.Fatal(len(ids), err)
				}
			}
		})
	}
}

// BenchmarkAllRowsHidden hands all rows on, of which the values are in the store, and of which
// digests are there in their place.
func BenchmarkAllRowsHidden(b *testing.B) {
	for _, sealed := range []bool{false, true} {
		b.Run(fmt.Sprint("sealed=", sealed), func(b *testing.B) {
			const n = 10_000
			p, _ := benchRows(b, n, false, sealed)
			for b.Loop() {
				rows := 0
				for batch, err := range p.AllRows(b.Context()) {
					require.NoError(b, err)
					rows += len(batch.Upserts)
				}
				require.Equal(b, n, rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

// BenchmarkReseal goes through atoms where nothing is left to do, and with something.
func BenchmarkReseal(b *testing.B) {
	const n = 10_000
	b.Run("nothing", func(b *testing.B) {
		p, _ := benchRows(b, n, true, true)
		for b.Loop() {
			require.Zero(b, reseal(b, p))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/atom")
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			p, _ := benchRows(b, n, false, false)
			with := withVault(b, p.s, nil)
			p.o.Vault, p.o.Index = with.Vault, with.Index
			b.StartTimer()
			require.EqualValues(b, 2*n, reseal(b, p))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/atom")
	})
}
