package profile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// BenchmarkFoldSealed reads five atoms and folds them into 30 traits of 16 bytes each, with the
// keys in memory: 30 values in all, or 30 of each atom.
func BenchmarkFoldSealed(b *testing.B) {
	for _, of := range []struct {
		name   string
		values int // of an atom
	}{{"30 values", 6}, {"150 values", 30}} {
		for _, sealed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/sealed=%v", of.name, sealed), func(b *testing.B) {
				ctx, s := b.Context(), new(store.Memory)
				schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
				for t := range 30 {
					schema.Traits = append(schema.Traits, Trait{Name: fmt.Sprint("trait", t), Kind: customer.KindText, Sensitivity: Personal})
				}
				var o *Options
				if sealed {
					o = withVault(b, s, nil)
				}
				p, err := Open(ctx, s, schema, o)
				require.NoError(b, err)
				var ids []customer.AtomID
				for a := range 5 {
					e := Evidence{Atom: logAtom(a), ID: "state", Source: "crm", Time: logStart}
					for v := range of.values {
						t := (a*of.values + v) % 30
						e.Values = append(e.Values, customer.Field{Name: fmt.Sprint("trait", t), Value: customer.TextValue(fmt.Sprintf("value %010d", t))})
					}
					_, err := p.Add(ctx, logStart, e)
					require.NoError(b, err)
					ids = append(ids, e.Atom)
				}
				f, err := p.current(ctx)
				require.NoError(b, err)
				m := moment{at: never - 1, known: never}
				for b.Loop() {
					atoms, err := p.load(ctx, f, ids, m)
					if err != nil {
						b.Fatal(err)
					}
					f.fold(atoms, m)
				}
			})
		}
	}
}

// BenchmarkAddSealed adds orders of two values to 1,000 atoms in turn, with all keys in memory.
func BenchmarkAddSealed(b *testing.B) {
	for _, of := range []string{"no vault", "public", "personal"} {
		b.Run(of, func(b *testing.B) {
			ctx, s := b.Context(), new(store.Memory)
			schema := logSchema()
			if of == "personal" {
				protect(schema)
			}
			var o *Options
			if of != "no vault" {
				defer func(n int) { vaultCache = n }(vaultCache)
				vaultCache = 2000
				o = withVault(b, s, nil)
			}
			p, err := Open(ctx, s, schema, o)
			require.NoError(b, err)
			n := 0
			for b.Loop() {
				if _, err := p.Add(ctx, logStart, anOrder(n%1000, n)); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
