package access

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// A view of a customer, beside what it is made of.
func BenchmarkView(b *testing.B) {
	ctx := context.Background()
	w := newWorld(b, shopSchema())
	id := w.person(1)
	w.sync()
	w.agree(atomOf(10), "1", noon.AddDate(0, 0, -1), consent.Granted)
	g := w.open(shopPolicy())
	quiet, err := Open(ctx, w.profiles, shopPolicy(), &Options{Consents: w.consents, Unaudited: true})
	require.NoError(b, err)
	view := func(g *Gate, by Reader) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.View(ctx, noon, by, id, profile.Moment{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("profile alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.profiles.Profile(ctx, id, profile.Moment{At: noon}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("consent alone", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.consents.Allowed(ctx, noon, id, "offers", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unaudited", view(quiet, agent))
	b.Run("audited", view(g, agent))
	b.Run("audited with consent", view(g, offering))
}

func BenchmarkMask(b *testing.B) {
	for mask, value := range []string{
		Hidden: "x", Phone: "+8613912345670", Name: "欧阳娜娜", Email: "lina@example.com", IDCard: "11010519491231002X",
		Address: "广东省深圳市南山区科技园路1号", BankCard: "6222021234567890123", Date: "1990-05-17",
	} {
		b.Run(Mask(mask).String(), func(b *testing.B) {
			v := customer.TextValue(value)
			b.ReportAllocs()
			for b.Loop() {
				Mask(mask).Of(v, nil)
			}
		})
	}
}

func BenchmarkExport(b *testing.B) {
	ctx := context.Background()
	const customers = 2000
	w := newWorld(b, shopSchema())
	for n := range customers {
		w.person(n + 1)
		w.agree(atomOf(10*n+11), "1", noon.AddDate(0, 0, -1), consent.Granted)
	}
	w.sync()
	w.approver = &approving{a: Approval{By: "boss", ID: "1"}}
	g := w.open(shopPolicy())
	what := all("name", "phone", "city", "orders")
	what.Limit = customers
	for _, by := range []Reader{manager, offering} {
		b.Run(fmt.Sprint(by.Purpose), func(b *testing.B) {
			for b.Loop() {
				if _, err := g.Export(ctx, noon, by, what, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/customers, "ns/row")
		})
	}
	b.Run("WriteCSV of profile", func(b *testing.B) {
		for b.Loop() {
			if err := w.profiles.WriteCSV(ctx, io.Discard, profile.Moment{At: noon}, what.Names...); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/customers, "ns/row")
	})
}
