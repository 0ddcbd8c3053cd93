package integration

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A ledger is a table of customers that row batches keep.
type ledger struct {
	cursor customer.Cursor
	rows   map[customer.ID]map[string]customer.Value
}

func (l *ledger) take(b customer.RowBatch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if !b.Cursor.Covers(l.cursor) {
		return fmt.Errorf("cursor goes back")
	}
	if l.rows == nil {
		l.rows = map[customer.ID]map[string]customer.Value{}
	}
	for _, id := range b.Deletes {
		delete(l.rows, id)
	}
	for _, row := range b.Upserts {
		if l.rows[row.ID] == nil {
			l.rows[row.ID] = map[string]customer.Value{}
		}
		for _, f := range row.Values {
			l.rows[row.ID][f.Name] = f.Value
		}
	}
	l.cursor = b.Cursor
	return nil
}

func (l *ledger) follow(ctx context.Context, p *profile.Profiles) error {
	for b, err := range p.Rows(ctx, l.cursor) {
		if err == nil {
			err = l.take(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin begins anew with all rows there are.
func (l *ledger) begin(ctx context.Context, p *profile.Profiles) error {
	*l = ledger{}
	var after customer.Cursor
	for b, err := range p.AllRows(ctx) {
		if after = b.Cursor; err == nil {
			b.Cursor = customer.Cursor{}
			err = l.take(b)
		}
		if err != nil {
			return err
		}
	}
	l.cursor = after
	return nil
}

// findings are what profiles answer at a moment. Maps have an entry for each customer,
// by its atoms, and without its id.
type findings struct {
	profiles, timelines map[string]string
	quality             string            // but for valid
	valid               []profile.Portion // of each source
	exact               []string          // with ids
}

// find asks for all there is to know, and that the answers fit together: those of All and
// of Profile, whole timelines and their pages, what the ledgers have been told, who is
// there, whose the atoms are and who has a name.
func find(t testing.TB, g *identity.Graph, p *profile.Profiles, at time.Time, ledgers ...*ledger) findings {
	t.Helper()
	ctx := t.Context()
	f := findings{profiles: map[string]string{}, timelines: map[string]string{}}
	customers, err := mapping(ctx, g)
	require.NoError(t, err)
	atoms := map[customer.ID]string{}
	for id, of := range homesOf(customers) {
		atoms[id] = fmt.Sprint(of)
	}
	schema, _, err := p.Schema(ctx)
	require.NoError(t, err)
	var names []string
	for i := range schema.Traits {
		if schema.Traits[i].Sensitivity <= profile.Internal {
			names = append(names, schema.Traits[i].Name)
		}
	}
	for i := range schema.Computed {
		names = append(names, schema.Computed[i].Name)
	}
	rows := map[customer.ID]map[string]customer.Value{}
	named := map[customer.Value][]customer.ID{}
	moment := profile.Moment{At: at}
	for one, err := range p.All(ctx, moment) {
		require.NoError(t, err)
		id := one.Customer
		require.Contains(t, atoms, id)
		alone, err := p.Profile(ctx, id, moment)
		require.NoError(t, err)
		exact := text(t, one)
		require.Equal(t, exact, text(t, alone))
		rows[id] = map[string]customer.Value{}
		for _, name := range names {
			rows[id][name] = one.Value(name)
		}
		if name := one.Value("name"); !name.IsUnset() {
			named[name] = append(named[name], id)
		}
		one.Customer = customer.ID{}
		f.profiles[atoms[id]] = text(t, one)
		whole := timeline(t, p, id, moment, 0)
		require.Equal(t, whole, timeline(t, p, id, moment, 7))
		f.timelines[atoms[id]] = whole
		f.exact = append(f.exact, exact)
	}
	require.Len(t, f.profiles, len(customers))
	for name, ids := range named {
		found, err := p.Find(ctx, "name", name, moment)
		require.NoError(t, err)
		require.ElementsMatch(t, ids, found)
	}
	for i, l := range ledgers {
		require.NoError(t, l.follow(ctx, p))
		require.Len(t, l.rows, len(rows), "ledger %d", i)
		for id := range rows {
			for _, name := range names {
				require.Equal(t, text(t, rows[id][name]), text(t, l.rows[id][name]), "ledger %d: %s of %v", i, name, id)
			}
		}
	}
	q, err := p.Quality(ctx, at)
	require.NoError(t, err)
	for i := range q.Sources {
		f.valid = append(f.valid, q.Sources[i].Valid)
		q.Sources[i].Valid = profile.Portion{}
	}
	f.quality = text(t, q)
	shares, err := p.Shares(ctx, at, "likes")
	require.NoError(t, err)
	f.quality += "\n" + text(t, shares)
	var file bytes.Buffer
	require.NoError(t, p.WriteCSV(ctx, &file, moment))
	require.NoError(t, p.WriteJSON(ctx, &file, moment, "name", "note", "spent"))
	f.exact = append(f.exact, strings.Split(file.String(), "\n")...)
	return f
}

// timeline is all that happened to a customer, in pages of so many entries or, if that is
// 0, at once.
func timeline(t testing.TB, p *profile.Profiles, id customer.ID, m profile.Moment, limit int) string {
	t.Helper()
	var lines []string
	for q := (&profile.TimelineQuery{Statements: true, Limit: limit}); ; {
		n := 0
		for e, err := range p.Timeline(t.Context(), id, m, q) {
			require.NoError(t, err)
			lines = append(lines, text(t, e))
			q.After = e.Position()
			n++
		}
		if limit == 0 || n < limit {
			return strings.Join(lines, "\n")
		}
	}
}

// agree: they are the same but for the ids of customers.
func (f findings) agree(t testing.TB, g findings) {
	t.Helper()
	f.agreePurged(t, g)
	require.Equal(t, f.valid, g.valid)
}

// agreePurged: they agree, but that in g events were purged and added again, which counts
// their values as valid once more.
func (f findings) agreePurged(t testing.TB, g findings) {
	t.Helper()
	require.Len(t, g.valid, len(f.valid))
	for i, v := range f.valid {
		require.Equal(t, v.Of-v.N, g.valid[i].Of-g.valid[i].N, "source %d", i)
		require.GreaterOrEqual(t, g.valid[i].N, v.N, "source %d", i)
	}
	agree(t, "profile", f.profiles, g.profiles)
	agree(t, "timeline", f.timelines, g.timelines)
	require.Equal(t, indented(f.quality), indented(g.quality))
}

// agree compares maps, and shows one difference.
func agree[K comparable](t testing.TB, what string, want, have map[K]string) {
	t.Helper()
	for _, k := range slices.SortedFunc(maps.Keys(want), func(a, b K) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
		require.Contains(t, have, k, what)
		if want[k] != have[k] {
			require.Equal(t, indented(want[k]), indented(have[k]), "%s of %v", what, k)
		}
	}
	require.Len(t, have, len(want), what)
}

func indented(text string) string {
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		if json.Indent(&b, []byte(line), "", " ") != nil {
			return text
		}
	}
	return b.String()
}

// traces are the keys of what holds one of some bytes, in its key or value.
func traces(t testing.TB, s store.Store, of ...[]byte) (keys []string) {
	t.Helper()
	n := 0
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		n++
		for _, some := range of {
			if bytes.Contains(e.Key, some) || bytes.Contains(e.Value, some) {
				keys = append(keys, fmt.Sprintf("%q", e.Key))
				break
			}
		}
	}
	require.Positive(t, n)
	return keys
}

// ofStrangers is what is only in the evidence of strangers.
func ofStrangers() [][]byte {
	return [][]byte{[]byte(planted), binary.BigEndian.AppendUint64(nil, plantedAmount)}
}
