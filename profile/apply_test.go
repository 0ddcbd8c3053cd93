package profile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

var schemaTime = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

func clamped() store.Store { return store.Limited(new(store.Memory), store.MinLimits) }

func TestOpen(t *testing.T) {
	ctx := t.Context()
	s := clamped()
	o := &Options{Custom: shopCustom, Rows: []string{"orders", "name"}}
	_, err := Open(ctx, s, nil, o)
	require.EqualError(t, err, "profile: schema: the store has none")
	require.ErrorIs(t, err, ErrSchema)
	_, err = Open(ctx, s, shopSchema(), nil)
	require.ErrorIs(t, err, ErrSchema, "no custom function")
	_, err = Open(ctx, s, &Schema{}, o)
	require.ErrorIs(t, err, ErrSchema)
	_, err = Open(ctx, s, shopSchema(), &Options{Custom: shopCustom, Rows: []string{"order"}})
	require.EqualError(t, err, `profile: schema: Options.Rows names "order", which it does not have`)
	_, err = Open(ctx, s, shopSchema(), &Options{Custom: shopCustom, Rows: []string{"name", "name"}})
	require.EqualError(t, err, `profile: schema: Options.Rows names "name" twice`)
	_, err = Open(ctx, s, shopSchema(), &Options{Custom: shopCustom, Workers: -1})
	require.ErrorIs(t, err, ErrInput)
	entries, err := s.Get(ctx, []byte(schemaKey))
	require.NoError(t, err)
	require.Zero(t, entries[0].Version, "nothing that failed was stored")

	mine := shopSchema()
	p, err := Open(ctx, s, mine, o)
	require.NoError(t, err)
	mine.Traits[0].Name, o.Rows[0] = "changed", "changed" // are not kept
	f, err := p.current(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(1), f.version)
	require.Equal(t, *shopSchema(), f.Schema)
	require.Equal(t, "orders", p.o.Rows[0])

	for name, schema := range map[string]*Schema{"nil": nil, "equal": shopSchema()} {
		again, err := Open(ctx, s, schema, &Options{Custom: shopCustom})
		require.NoError(t, err, name)
		g, err := again.current(ctx)
		require.NoError(t, err)
		require.Equal(t, f.read, g.read)
		require.Equal(t, f.names, g.names)
	}
	other := shopSchema()
	other.Retention++
	_, err = Open(ctx, s, other, &Options{Custom: shopCustom})
	require.EqualError(t, err, "profile: schema: another is in force")
	require.ErrorIs(t, err, ErrSchema)
}

// The time zones of another machine are no damage.
func TestOpenWithoutTheZone(t *testing.T) {
	ctx := t.Context()
	s := clamped()
	b := new(store.Batch)
	require.NoError(t, (&storedSchema{version: 1, json: []byte(`{"location":"Mars/Base","sources":[{"name":"a"}]}`), names: []string{""}}).put(b))
	_, err := s.Commit(ctx, b)
	require.NoError(t, err)
	_, err = Open(ctx, s, nil, nil)
	require.EqualError(t, err, `profile: schema: location: "Mars/Base" is not a time zone known here`)
	require.ErrorIs(t, err, ErrSchema)
	require.NotErrorIs(t, err, store.ErrCorrupt)
}

func TestApply(t *testing.T) {
	ctx := t.Context()
	s := clamped()
	p, err := Open(ctx, s, shopSchema(), &Options{Custom: shopCustom, Rows: []string{"score"}})
	require.NoError(t, err)
	q, err := Open(ctx, s, nil, &Options{Custom: shopCustom})
	require.NoError(t, err)
	first, _ := p.current(ctx)

	version, err := p.Apply(ctx, schemaTime, shopSchema())
	require.NoError(t, err)
	require.Equal(t, uint64(1), version, "nothing changed")
	entries, err := s.Get(ctx, []byte(refoldKey))
	require.NoError(t, err)
	require.Zero(t, entries[0].Version)

	second := shopSchema()
	second.Traits = append(second.Traits[1:], Trait{Name: "new", Kind: customer.KindBool})
	version, err = p.Apply(ctx, schemaTime, second)
	require.NoError(t, err)
	require.Equal(t, uint64(2), version)
	f, _ := p.current(ctx)
	require.Equal(t, uint64(2), f.version)
	require.Zero(t, f.trait("name"))
	require.Equal(t, first.trait("phone"), f.trait("phone"))
	require.Equal(t, len(first.names)+1, len(f.names))

	entries, err = s.Get(ctx, []byte(refoldKey), []byte(schemaKey))
	require.NoError(t, err)
	require.Equal(t, entries[0].Version, entries[1].Version, "one commit")
	r := wire.Read(entries[0].Value)
	r.Expect("profile/refold", 1)
	require.Equal(t, uint64(2), r.Uint())
	require.Empty(t, r.Bytes())
	require.NoError(t, r.Close())

	// Another process goes on with the first until it looks.
	g, _ := q.current(ctx)
	require.Equal(t, uint64(1), g.version)
	g, err = q.reread(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(2), g.version)
	require.Equal(t, f.read, g.read)
	same, err := q.reread(ctx)
	require.NoError(t, err)
	require.Same(t, g, same, "not bound again")

	version, err = q.Apply(ctx, schemaTime.Add(time.Hour), shopSchema())
	require.NoError(t, err)
	require.Equal(t, uint64(3), version)
	g, _ = q.current(ctx)
	require.Equal(t, first.trait("name"), g.trait("name"), "it is back")
	require.Equal(t, f.names, g.names)

	versions, err := p.Versions(ctx)
	require.NoError(t, err)
	require.Equal(t, []Version{{1, time.Time{}, shopSchema()}, {2, schemaTime, second}, {3, schemaTime.Add(time.Hour), shopSchema()}}, versions)
	schema, version, err := p.Schema(ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(3), version)
	require.Equal(t, shopSchema(), schema)

	without := shopSchema()
	without.Traits = without.Traits[:6]
	_, err = p.Apply(ctx, schemaTime, without)
	require.EqualError(t, err, `profile: schema: Options.Rows names "score", which it does not have`)
	unknown := shopSchema()
	unknown.Traits[2].Custom = "second"
	_, err = p.Apply(ctx, schemaTime, unknown)
	require.ErrorIs(t, err, ErrSchema)
	_, err = p.Apply(ctx, schemaTime, nil)
	require.ErrorIs(t, err, ErrSchema)
	for _, at := range []time.Time{{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, err = p.Apply(ctx, at, second)
		require.ErrorIs(t, err, ErrInput)
	}

	_, err = q.Apply(ctx, schemaTime, without) // whose options do not name score
	require.NoError(t, err)
	_, err = p.reread(ctx)
	require.ErrorIs(t, err, ErrSchema)
}

// A schema of many values is stored on the least of stores.
func TestApplyLarge(t *testing.T) {
	ctx := t.Context()
	large := func(n int) *Schema {
		s := shopSchema()
		for i := range n {
			s.Traits = append(s.Traits, Trait{Name: fmt.Sprintf("trait %d", i), Kind: customer.KindText, Label: customer.Text{EN: strings.Repeat("x", 1000)}})
		}
		require.NoError(t, s.Validate())
		return s
	}
	s := clamped()
	p, err := Open(ctx, s, large(450), &Options{Custom: shopCustom})
	require.NoError(t, err)
	_, err = p.Apply(ctx, schemaTime, large(0))
	require.NoError(t, err)
	q, err := Open(ctx, s, nil, &Options{Custom: shopCustom})
	require.NoError(t, err)
	require.Len(t, q.schema.Load().names, 450+len(bindShop(t).names))
	versions, err := q.Versions(ctx)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Len(t, versions[0].Schema.Traits, 459)
}

// Versions are without gaps and the table of names is one, however many apply at once.
func TestApplyAtOnce(t *testing.T) {
	ctx := t.Context()
	s := clamped()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			// Each opens with the same schema, so that all are the first.
			p, err := Open(ctx, s, shopSchema(), &Options{Custom: shopCustom})
			if err == nil {
				for j := range 5 {
					schema := shopSchema()
					schema.Traits = append(schema.Traits, Trait{Name: fmt.Sprintf("t%d %d", i, j), Kind: customer.KindText})
					if _, e := p.Apply(ctx, schemaTime, schema); e != nil {
						err = e
					}
				}
			}
			// Others may have applied before this one opened.
			if err != nil && !strings.Contains(err.Error(), "another is in force") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, err := Open(ctx, s, nil, &Options{Custom: shopCustom})
	require.NoError(t, err)
	versions, err := p.Versions(ctx)
	require.NoError(t, err)
	require.Greater(t, len(versions), 5)
	names := map[string]bool{}
	for i, v := range versions {
		require.Equal(t, uint64(i+1), v.Version)
		names[v.Schema.Traits[len(v.Schema.Traits)-1].Name] = true
	}
	require.Len(t, p.schema.Load().names, len(bindShop(t).names)+len(names)-1)
}

// lossy is a store that does commits, and then does not know.
type lossy struct {
	store.Store
	before, after int // commits that fail before and after they are done
}

func (l *lossy) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if l.before > 0 {
		l.before--
		return 0, store.ErrUnknownOutcome
	}
	v, err := l.Store.Commit(ctx, b)
	if err == nil && l.after > 0 {
		l.after--
		return 0, store.ErrUnknownOutcome
	}
	return v, err
}

func TestOpenAndApplyWithUnknownOutcome(t *testing.T) {
	ctx := t.Context()
	for _, l := range []*lossy{{clamped(), 2, 0}, {clamped(), 0, 1}, {clamped(), 1, 1}} {
		before, after := l.before, l.after
		p, err := Open(ctx, l, shopSchema(), &Options{Custom: shopCustom})
		require.NoError(t, err)
		l.before, l.after = before, after
		schema := shopSchema()
		schema.Retention = 7
		version, err := p.Apply(ctx, schemaTime, schema)
		require.NoError(t, err)
		require.Equal(t, uint64(2), version)
		versions, err := p.Versions(ctx)
		require.NoError(t, err)
		require.Len(t, versions, 2)
	}
	_, err := Open(ctx, &lossy{clamped(), 1000, 0}, shopSchema(), &Options{Custom: shopCustom})
	require.ErrorIs(t, err, store.ErrUnknownOutcome)

	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = Open(ended, clamped(), shopSchema(), &Options{Custom: shopCustom})
	require.ErrorIs(t, err, context.Canceled)
}

func TestCorruptSchema(t *testing.T) {
	ctx := t.Context()
	put := func(s store.Store, key, value []byte) {
		b := new(store.Batch)
		b.Put(key, value)
		_, err := s.Commit(ctx, b)
		require.NoError(t, err)
	}
	for name, breaks := range map[string]func(s store.Store){
		"head":         func(s store.Store) { put(s, []byte(schemaKey), []byte("x")) },
		"empty head":   func(s store.Store) { put(s, []byte(schemaKey), nil) },
		"part":         func(s store.Store) { put(s, schemaPartKey(1, 0), []byte("x")) },
		"part of next": func(s store.Store) { put(s, schemaPartKey(1, 0), mustStored(t, 2)) },
		"no part": func(s store.Store) {
			b := new(store.Batch)
			b.Delete(schemaPartKey(1, 0))
			_, err := s.Commit(ctx, b)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := clamped()
			_, err := Open(ctx, s, shopSchema(), &Options{Custom: shopCustom})
			require.NoError(t, err)
			breaks(s)
			_, err = Open(ctx, s, nil, &Options{Custom: shopCustom})
			require.ErrorIs(t, err, store.ErrCorrupt)
		})
	}
}

func mustStored(t *testing.T, version uint64) []byte {
	data, err := shopSchema().data()
	require.NoError(t, err)
	b := new(store.Batch)
	require.NoError(t, (&storedSchema{version: version, json: data, names: []string{""}}).put(b))
	return b.Writes[0].Value
}

func FuzzStoredSchema(f *testing.F) {
	data, err := shopSchema().data()
	require.NoError(f, err)
	b := new(store.Batch)
	require.NoError(f, (&storedSchema{version: 3, since: 5, json: data, names: []string{"", "source\tcrm"}}).put(b))
	for _, w := range b.Writes {
		f.Add(w.Value)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := readSchemaHead(data); err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		stored, err := readStoredSchema(data)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		schema, err := stored.schema()
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		if b, err := bind(schema, stored.version, stored.names, shopCustom); err == nil {
			require.GreaterOrEqual(t, len(b.names), len(stored.names))
		}
		b := new(store.Batch)
		require.NoError(t, stored.put(b))
		if len(data) <= schemaPart {
			require.Equal(t, data, b.Writes[0].Value)
		}
	})
}
