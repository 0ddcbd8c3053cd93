package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// syncSchema has windows of days and of hours, in a zone whose clocks change.
func syncSchema() *Schema {
	return &Schema{
		Location: "Europe/Berlin",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: Personal},
			{Name: "city", Kind: customer.KindText},
			{Name: "tags", Kind: customer.KindLabels, Policy: []Rule{Union}, Sensitivity: Internal},
		},
		Events: []Event{
			{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindInt64}}},
			{Name: "visit"},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "orders_2d", Of: Count, Events: []string{"order"}, Window: Window{Days: 2}},
			{Name: "spent_5h", Of: Sum, Events: []string{"order"}, Field: "amount", Window: Window{Hours: 5}},
			{Name: "seen", Of: Last, Events: []string{"order", "visit"}, Field: "@time", Window: Window{Days: 3}},
			{Name: "stage", Of: Lifecycle, Events: []string{"order"}, Stages: []Stage{{Name: "new", First: 2}, {Name: "old", Last: 4}, {Name: "lost"}}},
		},
	}
}

// A keeper keeps rows: it does as batches say.
type keeper struct {
	t      *testing.T
	cursor customer.Cursor
	rows   map[customer.ID]map[string]customer.Value
}

func newKeeper(t *testing.T) *keeper {
	return &keeper{t: t, rows: map[customer.ID]map[string]customer.Value{}}
}

func (k *keeper) take(b customer.RowBatch) {
	require.NoError(k.t, b.Validate())
	require.True(k.t, b.Cursor.Covers(k.cursor))
	require.LessOrEqual(k.t, len(b.Upserts)+len(b.Deletes), batchRows)
	k.cursor = b.Cursor
	for _, m := range b.Merges { // into whom it is part of in the end
		require.False(k.t, slices.ContainsFunc(b.Merges, func(n customer.Merge) bool { return n.Loser == m.Survivor }))
	}
	for _, id := range b.Deletes {
		delete(k.rows, id)
	}
	for _, row := range b.Upserts {
		if k.rows[row.ID] == nil {
			k.rows[row.ID] = map[string]customer.Value{}
		}
		for _, f := range row.Values {
			if k.rows[row.ID][f.Name] = f.Value; f.Value.IsUnset() {
				delete(k.rows[row.ID], f.Name)
			}
		}
	}
}

// follow takes what there is, or only some batches.
func (k *keeper) follow(p *Profiles, most int) {
	for b, err := range p.Rows(k.t.Context(), k.cursor) {
		require.NoError(k.t, err)
		k.take(b)
		if most--; most == 0 {
			return
		}
	}
}

// begin begins anew.
func (k *keeper) begin(p *Profiles) {
	k.rows, k.cursor = map[customer.ID]map[string]customer.Value{}, customer.Cursor{}
	for b, err := range p.AllRows(k.t.Context()) {
		require.NoError(k.t, err)
		require.Empty(k.t, b.Deletes)
		k.take(b)
	}
}

// A syncWorld is profiles whose customers and evidence change at random.
type syncWorld struct {
	t     *testing.T
	r     *rand.Rand
	feed  *fakeFeed
	now   time.Time
	atoms int
	said  int
	ids   []customer.ID
}

func newSyncWorld(t *testing.T, seed uint64) *syncWorld {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	// The clocks go forward on the night of the 29th.
	return &syncWorld{t: t, r: rand.New(rand.NewPCG(seed, 7)), feed: newFakeFeed(), now: time.Date(2026, 3, 27, 20, 0, 0, 0, berlin)}
}

func (w *syncWorld) open(s store.Store, o *Options) *Profiles {
	p, err := openTest(w.t, s, nil, o)
	if errors.Is(err, ErrSchema) {
		p, err = openTest(w.t, s, syncSchema(), o)
	}
	require.NoError(w.t, err)
	return p
}

func (w *syncWorld) found() {
	id := customer.FromInt64(w.r.Int64N(1 << 40))
	w.ids = append(w.ids, id)
	var atoms []customer.AtomID
	for range w.r.IntN(4) {
		w.atoms++
		atoms = append(atoms, fakeAtom(w.atoms))
	}
	w.feed.created(id, atoms...)
}

// change changes who has which atoms.
func (w *syncWorld) change() {
	alive := slices.SortedFunc(maps.Keys(w.feed.truth()), compareIDs)
	if len(alive) < 3 || w.r.IntN(4) == 0 {
		w.found()
		return
	}
	a, b := alive[w.r.IntN(len(alive))], alive[w.r.IntN(len(alive))]
	atoms := w.feed.members(a)
	some := atoms[:w.r.IntN(len(atoms)+1)]
	switch w.r.IntN(5) {
	case 0:
		if a != b {
			w.feed.merged(a, b)
		}
	case 1:
		if a != b && len(some) > 0 {
			w.feed.moved(a, b, some...)
		}
	case 2:
		if w.r.IntN(3) == 0 {
			w.feed.erased(a)
		} else if len(some) > 0 {
			w.feed.moved(a, customer.ID{}, some...)
		}
	case 3:
		w.atoms++
		w.feed.attached(a, fakeAtom(w.atoms))
	case 4:
		// One that was merged before begins again.
		to := w.ids[w.r.IntN(len(w.ids))]
		if _, merged := w.feed.into[to]; !merged || w.feed.gone[to] {
			w.found()
			to = w.ids[len(w.ids)-1]
			w.feed.merged(to, a)
		}
		if len(some) > 0 {
			w.feed.split(a, to, some...)
		}
	}
}

// say adds evidence, some of it of times to come.
func (w *syncWorld) say(p *Profiles, n int) error {
	if w.atoms == 0 {
		return nil
	}
	for range n {
		w.said++
		e := Evidence{
			Atom: fakeAtom(1 + w.r.IntN(w.atoms)), ID: fmt.Sprint(w.said), Source: []string{"crm", "shop"}[w.r.IntN(2)],
			Time: w.now.Add(time.Duration(w.r.IntN(80)-70) * time.Hour / 2),
		}
		switch w.r.IntN(4) {
		case 0:
			e.Values = []customer.Field{
				{Name: "name", Value: customer.TextValue(fmt.Sprint("n", w.r.IntN(3)))},
				{Name: "city", Value: customer.TextValue(fmt.Sprint("c", w.r.IntN(3)))},
				{Name: "tags", Value: customer.LabelsValue(fmt.Sprint("t", w.r.IntN(5)))},
			}
			if w.r.IntN(4) == 0 {
				e.Values[1].Value = customer.Value{}
			}
		case 1:
			e.Event = "visit"
		default:
			e.Event = "order"
			e.Values = []customer.Field{{Name: "amount", Value: customer.Int64Value(w.r.Int64N(100))}}
		}
		if _, err := p.Add(w.t.Context(), w.now, e); err != nil && !errors.Is(err, ErrErased) {
			return err
		}
	}
	return nil
}

// want is the rows as folded from the atoms that the feed gives each customer.
func (w *syncWorld) want(p *Profiles, at time.Time) map[customer.ID]map[string]customer.Value {
	f, err := p.reread(w.t.Context())
	require.NoError(w.t, err)
	m := moment{at: at.UnixMicro(), known: never}
	rows := map[customer.ID]map[string]customer.Value{}
	for id, atoms := range w.feed.truth() {
		if len(atoms) == 0 {
			continue
		}
		loaded, err := p.load(w.t.Context(), f, atoms, m)
		require.NoError(w.t, err)
		folded := f.fold(loaded, m)
		rows[id] = map[string]customer.Value{}
		set := func(name string, s Sensitivity, v customer.Value) {
			chosen := slices.Contains(p.o.Rows, name) || p.o.Rows == nil && s <= Internal
			if chosen && !v.IsUnset() {
				rows[id][name] = v
			}
		}
		for i := range f.Traits {
			set(f.Traits[i].Name, f.Traits[i].Sensitivity, folded.traits[i])
		}
		for i := range f.Computed {
			set(f.Computed[i].Name, f.Computed[i].Sensitivity, folded.computed[i])
		}
	}
	return rows
}

// requireMarks: every row that is due at some time has its mark, and there are no others but
// of rows that are gone.
func requireMarks(t *testing.T, p *Profiles) {
	marks := map[string]bool{}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('d'))) {
		require.NoError(t, err)
		marks[string(e.Key)] = true
	}
	rows := map[customer.ID]bool{}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('r'))) {
		require.NoError(t, err)
		r, err := decodeRow(e.Value)
		require.NoError(t, err)
		id, err := nameOf(e.Key)
		require.NoError(t, err)
		rows[id] = true
		if r.due != never {
			k := string(dueKey(r.due, id))
			require.True(t, marks[k])
			delete(marks, k)
		}
	}
	for k := range marks {
		id, err := nameOf([]byte(k))
		require.NoError(t, err)
		require.False(t, rows[id], "a mark that its row does not know")
	}
}

// requireNobodyWaits: after Sync no mark of waiting is left.
func requireNobodyWaits(t *testing.T, p *Profiles) {
	for e, err := range p.s.Scan(t.Context(), store.Under(key('w'))) {
		require.NoError(t, err)
		require.Fail(t, "waits", "%x", e.Key)
	}
}

// dumped is what a store holds under a prefix, without versions.
func dumped(ctx context.Context, s store.Store, families string) []byte {
	var b bytes.Buffer
	for i := range families {
		for e, err := range s.Scan(ctx, store.Under(key(families[i]))) {
			fmt.Fprintf(&b, "%x %x %v\n", e.Key, e.Value, err)
		}
	}
	return b.Bytes()
}

// A manyFeed is a customer.Feed of many changes.
type manyFeed []customer.Change

// newManyFeed begins n customers of an atom each, both of which have the number.
func newManyFeed(n int, at time.Time) manyFeed {
	feed := make(manyFeed, n)
	var head customer.Cursor
	for i := range feed {
		id := customer.FromInt64(int64(i))
		shard := customer.ShardOf(id)
		head[shard]++
		feed[i] = customer.Change{
			Shard: shard, Seq: head[shard], Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id,
			Atoms: []customer.AtomID{fakeAtom(i)}, At: at,
		}
	}
	return feed
}

func (f manyFeed) Head(context.Context) (c customer.Cursor, err error) {
	for i := range f {
		c[f[i].Shard] = f[i].Seq
	}
	return c, nil
}

func (f manyFeed) Changes(_ context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		for _, c := range f {
			if c.Seq > after[c.Shard] && !yield(c, nil) {
				return
			}
		}
	}
}
