package integration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// A move is what live segments are given in one call.
type move struct {
	at   time.Time
	name string
	big  bool // its step takes several commits of a store of least limits
	do   func(ctx context.Context, l *segment.Live) ([]segment.Notice, error)
}

// A saga is an endless list of moves, which follow from its seed alone.
type saga struct {
	rng      *rand.Rand
	n        int // moves so far
	at       time.Time
	declared int
	versions map[string]int // of segments that there are
	last     map[string]int // of all there were
}

const sagaCrowd = 400

var (
	sagaStart = time.Date(2026, 2, 20, 9, 30, 0, 0, time.UTC)
	sagaZone  = time.FixedZone("Guangzhou", 8*3600)
	sagaTags  = []segment.Tag{
		{Name: "spend", Kind: segment.Integer},
		{Name: "balance", Kind: segment.Decimal, Scale: 2},
		{Name: "score", Kind: segment.Float},
		{Name: "seen", Kind: segment.Time},
		{Name: "born", Kind: segment.Time},
		{Name: "region", Kind: segment.Enum, Hierarchy: true, Label: customer.Text{ZH: "地区"}},
		{Name: "likes", Kind: segment.Labels},
		{Name: "vip", Kind: segment.Flag},
	}
)

// sagaDefinitions are those of the beginning. Nothing drops them.
func sagaDefinitions() []segment.Definition {
	return []segment.Definition{
		{Name: "recent", Rule: segment.Within("seen", segment.Days(3))},
		{Name: "rich", Rule: segment.Ge("spend", 60), Stay: segment.Ge("spend", 30), Dwell: 30 * time.Hour, Cap: 40},
		{Name: "both", Rule: segment.And(segment.Segment("recent"), segment.Segment("rich")), Holdout: 20},
		{Name: "birthday", Rule: segment.Anniversary("born", 7), Label: customer.Text{EN: "Birthday", ZH: "生日"}},
	}
}

func newSaga(seed uint64) *saga {
	p := &saga{rng: rand.New(rand.NewPCG(seed, 21)), at: sagaStart, versions: map[string]int{}, last: map[string]int{}}
	for _, d := range sagaDefinitions() {
		p.versions[d.Name], p.last[d.Name] = 1, 1
	}
	return p
}

// absent are long labels that nobody has.
var absent = func() (labels []string) {
	for i := range 60 {
		labels = append(labels, fmt.Sprint(strings.Repeat("absent ", 14), i))
	}
	return labels
}()

// first is the index that all begins with.
func (p *saga) first(ctx context.Context) (*segment.Index, error) {
	ix, err := segment.New(&segment.Options{Tags: sagaTags})
	if err != nil {
		return nil, err
	}
	b := &segment.Batch{At: p.at}
	for range sagaCrowd * 4 {
		p.write(b)
	}
	return ix, ix.Apply(ctx, b)
}

// write adds a random write.
func (p *saga) write(b *segment.Batch) {
	rng, id := p.rng, customer.FromInt64(p.rng.Int64N(sagaCrowd))
	switch rng.IntN(16) {
	case 0, 1:
		b.Set(id, "spend", customer.Int64Value(rng.Int64N(100)))
	case 2, 3:
		b.Increment(id, "spend", customer.Int64Value(rng.Int64N(31)-12))
	case 4, 5, 6:
		b.SetIfNewer(id, "seen", customer.TimeValue(p.at.Add(-time.Duration(rng.IntN(5*86400))*time.Second)), p.at)
	case 7:
		b.Set(id, "born", customer.TimeValue(time.Date(1950+rng.IntN(60), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 3, 0, 0, 0, time.UTC)))
	case 8:
		b.Set(id, "region", customer.TextValue(one(rng, regions)))
	case 9:
		b.AddLabels(id, "likes", one(rng, likes), fmt.Sprint("l", rng.IntN(90)))
	case 10:
		b.RemoveLabels(id, "likes", one(rng, likes))
	case 11:
		b.Increment(id, "balance", customer.DecimalValue(rng.Int64N(3000)-1000, 2))
	case 12:
		b.Set(id, "score", customer.Float64Value(rng.NormFloat64()))
	case 13:
		b.Set(id, "vip", customer.BoolValue(rng.IntN(3) > 0))
	case 14:
		b.Clear(id, one(rng, []string{"spend", "seen", "likes", "region"}))
	default:
		if p.declared > 0 {
			b.Set(id, fmt.Sprint("t", rng.IntN(p.declared)), customer.Int64Value(rng.Int64N(50)))
		} else if rng.IntN(4) == 0 {
			b.Delete(id)
		}
	}
}

// rule is a random one, which names segments of the beginning.
func (p *saga) rule(depth int) segment.Rule {
	rng := p.rng
	if depth > 0 {
		a, b := p.rule(depth-1), p.rule(depth-1)
		switch rng.IntN(4) {
		case 0:
			return segment.And(a, segment.Not(b))
		case 1:
			return segment.And(a, b)
		default:
			return segment.Or(a, b)
		}
	}
	switch rng.IntN(10) {
	case 0:
		return segment.Ge("spend", rng.IntN(90))
	case 1:
		return segment.Within("seen", segment.Hours(1+rng.IntN(90)))
	case 2:
		return segment.OlderThan("seen", segment.Days(1+rng.IntN(4)))
	case 3:
		return segment.Has("likes", one(rng, likes), fmt.Sprint("l", rng.IntN(90)))
	case 4:
		return segment.Eq("region", one(rng, regions))
	case 5:
		return segment.Anniversary("born", 1+rng.IntN(60))
	case 6:
		return segment.Lt("balance", customer.DecimalValue(rng.Int64N(4000), 2))
	case 7:
		return segment.Sample(40, "salt")
	case 8:
		return segment.Segment(one(rng, []string{"recent", "rich", "both", "birthday"}))
	}
	return segment.IsTrue("vip")
}

func (p *saga) definition(name string) segment.Definition {
	rng := p.rng
	d := segment.Definition{Name: name, Rule: p.rule(rng.IntN(3)), Cap: one(rng, []int{0, 0, 10, 60})}
	if rng.IntN(3) == 0 {
		d.Stay = p.rule(1)
	}
	if rng.IntN(3) == 0 {
		d.Dwell = time.Duration(1+rng.IntN(90)) * time.Hour
	}
	if rng.IntN(3) == 0 {
		d.Holdout, d.Salt = one(rng, []float64{5, 30}), one(rng, []string{"", "x"})
	}
	return d
}

// defined notes that a segment has one version more.
func (p *saga) defined(name string) {
	p.last[name]++
	p.versions[name] = p.last[name]
}

// next returns the next move. Its clock is later than that of the move before.
func (p *saga) next() move {
	rng := p.rng
	p.n++
	p.at = p.at.Add(time.Millisecond + time.Duration(rng.Int64N(int64(2*time.Hour))))
	extra := fmt.Sprint("extra ", rng.IntN(4))
	m := move{name: "apply"}
	batch := func(n int) *segment.Batch {
		b := &segment.Batch{At: p.at}
		for range n {
			p.write(b)
		}
		return b
	}
	switch k := rng.IntN(100); {
	case p.n%24 == 20:
		b := batch(300)
		for i := range 200 { // a million bytes and more
			b.RemoveLabels(customer.FromInt64(int64(i)), "likes", absent...)
		}
		m.big = true
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return l.Apply(ctx, m.at, b) }
	case k < 25:
		p.at = p.at.Add(time.Duration(rng.Int64N(int64(60 * time.Hour))))
		m.name = "advance"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return l.Advance(ctx, m.at) }
	case k < 32:
		defs := []segment.Definition{p.definition(extra)}
		if rng.IntN(3) == 0 {
			d := sagaDefinitions()[1]
			d.Rule, d.Cap = segment.Ge("spend", 40+rng.IntN(50)), 20+rng.IntN(60)
			defs = append(defs, d)
		}
		for _, d := range defs {
			p.defined(d.Name)
		}
		m.name = "define"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) {
			return l.Define(ctx, m.at, "somebody", defs...)
		}
	case k < 35:
		if p.versions[extra] == 0 || rng.IntN(3) == 0 {
			extra = one(rng, []string{"recent", "nobody"}) // which cannot be
		}
		delete(p.versions, extra)
		p.versions["recent"] = p.last["recent"]
		m.name = "drop " + extra
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return l.Drop(ctx, m.at, extra) }
	case k < 37:
		version := 1
		p.defined("rich")
		if rng.IntN(2) == 0 {
			version = max(1, p.last["rich"]-2)
		}
		m.name = "roll back"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) {
			return l.Rollback(ctx, m.at, "", "rich", version)
		}
	case k < 40:
		tag := segment.Tag{Name: fmt.Sprint("t", p.declared), Kind: segment.Integer, Label: customer.Text{EN: "later"}, Owner: "somebody"}
		p.declared++
		m.name = "declare"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return nil, l.Declare(ctx, tag) }
	case k < 43:
		b := batch(9)
		b.Set(customer.FromInt64(1), "absent", customer.BoolValue(true))
		m.name = "apply what cannot be"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return l.Apply(ctx, m.at, b) }
	case k < 50:
		var rows customer.RowBatch
		loser := customer.FromInt64(rng.Int64N(sagaCrowd / 2))
		survivor := customer.FromInt64(sagaCrowd/2 + rng.Int64N(sagaCrowd/2))
		rows.Deletes = []customer.ID{loser}
		if rng.IntN(2) == 0 {
			rows.Merges = []customer.Merge{{Loser: loser, Survivor: survivor}}
		}
		rows.Upserts = []customer.Row{{ID: survivor, Values: []customer.Field{
			{Name: "spend", Value: customer.Int64Value(rng.Int64N(120))}, {Name: "seen", Value: customer.TimeValue(p.at)},
		}}}
		m.name = "rows"
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) {
			return l.ApplyRows(ctx, m.at, rows)
		}
	default:
		b := batch(1 + rng.IntN(30))
		m.do = func(ctx context.Context, l *segment.Live) ([]segment.Notice, error) { return l.Apply(ctx, m.at, b) }
	}
	m.at = p.at
	return m
}

// outcome tells a result of a move from others.
func outcome(told []segment.Notice, err error) string {
	if err != nil {
		return "error: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return fmt.Sprint(len(told), " ", short(noticesText(told)))
}

func noticesText(told []segment.Notice) string {
	var b strings.Builder
	for _, n := range told {
		fmt.Fprintln(&b, n.Number, n.At.UnixNano(), n.Customer, n.Segment, n.Version, n.Entered, n.Cause)
	}
	return b.String()
}

// short stands for a text.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// picture is all that can be seen of live segments but the notices and the clock, which an Advance before Next moves in
// memory alone.
func picture(ctx context.Context, l *segment.Live) (string, error) {
	var b strings.Builder
	var errs []error
	s := l.Snapshot()
	fmt.Fprintln(&b, s.Version(), s.Len(), l.Next().UnixNano())
	for _, v := range l.Definitions() {
		name := v.Definition.Name
		history, sizes, err := l.History(name)
		errs = append(errs, err)
		data, err := json.Marshal(history)
		errs = append(errs, err)
		n, err := l.Len(name)
		errs = append(errs, err)
		fmt.Fprintf(&b, "%s: %d\n%s\n%v\n", name, n, data, sizes)
		members, err := l.Set(ctx, name)
		errs = append(errs, err)
		held, err := l.HeldOut(ctx, name)
		errs = append(errs, err)
		fmt.Fprintln(&b, members.Bitmap, held.Bitmap)
	}
	for _, tag := range s.Catalogue().All() {
		fmt.Fprintf(&b, "%+v\n", tag)
	}
	for id, err := range s.Customers(ctx) {
		errs = append(errs, err)
		row, err := s.Row(ctx, id)
		errs = append(errs, err)
		fmt.Fprint(&b, id, " ")
		for _, f := range row {
			fmt.Fprint(&b, f.Name, "=", f.Value, " ")
		}
		fmt.Fprintln(&b)
	}
	return b.String(), errors.Join(errs...)
}

// A question is asked of what may not have been read yet.
type question struct {
	rule segment.Rule
	id   customer.ID
}

func questions(rng *rand.Rand) (list []question) {
	p := &saga{rng: rng}
	for len(list) < 3 {
		q := question{p.rule(1), customer.FromInt64(rng.Int64N(sagaCrowd))}
		if !strings.Contains(q.rule.String(), "segment") {
			list = append(list, q)
		}
	}
	return list
}

// answer answers a question.
func (q question) answer(ctx context.Context, s *segment.Snapshot, at time.Time) (string, error) {
	asked := segment.Query{Rule: q.rule, AsOf: at, Location: sagaZone}
	n, err := s.Count(ctx, asked)
	if err != nil {
		return "", err
	}
	is, err := s.Selects(ctx, asked, q.id)
	if err != nil {
		return "", err
	}
	v, err := s.Value(ctx, q.id, "spend")
	return fmt.Sprint(q.rule, n, is, v), err
}

// A mark is what a move leaves in live segments that only memory keeps.
type mark struct {
	move    move
	outcome string // the result
	picture string // short
	idle    bool   // nothing has changed
	last    uint64 // the number of the last notice

	snapshot *segment.Snapshot
}

// A twin has all moves of a saga done to live segments that only memory keeps, as far as somebody asks. Safe for
// concurrent use.
type twin struct {
	seed    uint64
	mu      sync.Mutex
	saga    *saga
	live    *segment.Live
	marks   []mark // the first is that of the beginning
	notices []segment.Notice
	text    string // the last picture
}

var twins sync.Map // by seed

func twinOf(seed uint64) *twin {
	w, _ := twins.LoadOrStore(seed, &twin{seed: seed})
	return w.(*twin)
}

// begun returns live segments in memory before the first move.
func (p *saga) begun(ctx context.Context) (*segment.Live, error) {
	ix, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	return segment.NewLive(ix, &segment.LiveOptions{
		At: sagaStart, Location: sagaZone, Definitions: sagaDefinitions(), Actor: "the beginning",
	})
}

// mark returns what is left by so many moves.
func (w *twin) mark(t testing.TB, n int) mark {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx := context.Background()
	if w.live == nil {
		w.saga = newSaga(w.seed)
		l, err := w.saga.begun(ctx)
		require.NoError(t, err)
		text, err := picture(ctx, l)
		require.NoError(t, err)
		w.live, w.text, w.marks = l, text, []mark{{move: move{at: sagaStart, name: "begin"}, picture: short(text), snapshot: l.Snapshot()}}
	}
	for len(w.marks) <= n {
		m := w.saga.next()
		told, err := m.do(ctx, w.live)
		text, pictureErr := picture(ctx, w.live)
		require.NoError(t, pictureErr)
		w.notices = append(w.notices, told...)
		w.marks = append(w.marks, mark{m, outcome(told, err), short(text), text == w.text, uint64(len(w.notices)), w.live.Snapshot()})
		w.text = text
	}
	return w.marks[n]
}

// told returns the notices with numbers above after, up to that of last.
func (w *twin) told(after, last uint64) []segment.Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notices[after:last]
}

// textAt is the picture after so many moves, made anew.
func (w *twin) textAt(t testing.TB, n int) string {
	p := newSaga(w.seed)
	l, err := p.begun(t.Context())
	require.NoError(t, err)
	for range n {
		_, _ = p.next().do(t.Context(), l)
	}
	text, err := picture(t.Context(), l)
	require.NoError(t, err)
	return text
}

// A saga is worth its name: all sorts of moves happen in it, some of which fail, and some change nothing.
func TestSaga(t *testing.T) {
	w := twinOf(sagaSeed)
	names, failed, idle, silent := map[string]int{}, 0, 0, 0
	const moves = 150
	for n := 1; n <= moves; n++ {
		m := w.mark(t, n)
		require.True(t, m.move.at.After(w.mark(t, n-1).move.at))
		names[m.move.name]++
		if strings.HasPrefix(m.outcome, "error: ") {
			failed++
			require.True(t, m.idle, m.outcome)
		} else if m.idle {
			idle++
		} else if m.last == w.mark(t, n-1).last {
			silent++
		}
	}
	t.Log(names, failed, "failed", idle, "idle", silent, "without notices", w.mark(t, moves).last, "notices")
	require.Greater(t, len(names), 6)
	require.Positive(t, failed)
	require.Positive(t, idle)
	require.Greater(t, w.mark(t, moves).last, uint64(moves))
	require.Equal(t, w.mark(t, moves).picture, short(w.textAt(t, moves)))
	require.NotEqual(t, w.mark(t, moves).picture, w.mark(t, moves-20).picture)
}

const sagaSeed = 5
