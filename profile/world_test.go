package profile_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A world is profiles in a store beside the model of them, to which the same happens.
type world struct {
	ctx     context.Context
	r       *rand.Rand // of the step
	m       *model
	feed    *worldFeed
	store   *hurtStore
	o       *profile.Options
	handles []*profile.Profiles
	now     time.Time
	synced  time.Time // the latest time that rows are as of
	purged  time.Time // rows as of times before it may be without what they had

	rows   worldRows
	cursor customer.Cursor // up to which rows are those of profiles
	atoms  []customer.AtomID
	ids    []customer.ID
	count  int
	hurt   bool
	log    []string
	sealed bool // there are vaults, which keep so many keys in memory
	cache  int
}

// A step is what happens at once. All about it follows from its seed and the world.
type step struct {
	kind int
	seed uint64
	n    int // of what there are several
}

const (
	stepAdd = iota
	stepMany
	stepAgain
	stepRetract
	stepDeeds
	stepSync
	stepApply
	stepPurge
	stepClock
	stepOpen
	stepCompare
	stepKinds
)

var stepNames = [stepKinds]string{"add", "many", "again", "retract", "deeds", "sync", "apply", "purge", "clock", "open", "compare"}

// randomSteps is a history.
func randomSteps(seed uint64, n int) []step {
	r := rand.New(rand.NewPCG(seed, 1))
	steps := []step{{stepDeeds, r.Uint64(), 4}, {stepSync, r.Uint64(), 1}}
	weights := [stepKinds]int{20, 3, 4, 4, 12, 8, 3, 1, 6, 2, 12}
	var urn []int
	for kind, w := range weights {
		for range w {
			urn = append(urn, kind)
		}
	}
	for range n {
		s := step{oneOf(r, urn...), r.Uint64(), 1 + r.IntN(6)}
		if s.kind == stepMany {
			s.n *= 25
		}
		steps = append(steps, s)
	}
	return append(steps, step{stepSync, r.Uint64(), 1}, step{stepCompare, r.Uint64(), 6})
}

func newWorld(ctx context.Context, seed uint64) (*world, error) {
	r := rand.New(rand.NewPCG(seed, 2))
	schema := randomSchema(r)
	w := &world{ctx: ctx, r: r, feed: &worldFeed{part: r.IntN(3)}, m: newModel(schema, worldCustom), rows: worldRows{}}
	w.o = &profile.Options{
		Custom: worldCustom, Workers: 1 + r.IntN(2),
		Backoff: &store.Backoff{First: time.Nanosecond, Most: time.Nanosecond},
	}
	if oneIn(r, 3) {
		w.o.Rows = []string{"c0", "t0"}
	}
	var s store.Store = new(store.Memory)
	if oneIn(r, 2) {
		s = store.Limited(s, store.MinLimits)
	}
	w.store = &hurtStore{Store: s, r: rand.New(rand.NewPCG(seed, 3))}
	// Near a change of the clocks in some zone.
	w.now = oneOf(r, time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC),
		time.Date(2018, 11, 3, 20, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 9, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 20, 0, 0, 0, time.UTC))
	if own := rand.New(rand.NewPCG(seed, 5)); !oneIn(own, 3) {
		protectSome(own, schema)
		w.sealed, w.cache = true, oneOf(own, -1, 0, 3)
	}
	for range 2 {
		p, err := profile.Open(ctx, w.store, schema, w.options())
		if err != nil {
			return nil, err
		}
		w.handles = append(w.handles, p)
	}
	return w, nil
}

// play runs steps and returns the log and the first difference.
func play(ctx context.Context, seed uint64, steps []step) (log []string, err error) {
	w, err := newWorld(ctx, seed)
	if err != nil {
		return nil, err
	}
	defer func() {
		if x := recover(); x != nil {
			log, err = w.log, fmt.Errorf("panic: %v\n%s", x, debug.Stack())
		}
	}()
	for _, s := range steps {
		w.r = rand.New(rand.NewPCG(s.seed, 4))
		if err := w.do(s); err != nil {
			return w.log, fmt.Errorf("%s: %w", stepNames[s.kind], err)
		}
	}
	return w.log, nil
}

func (w *world) p() *profile.Profiles { return w.handles[w.r.IntN(len(w.handles))] }

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// hurting runs f, now and then on a store that fails, and then again on one that does not.
// It tells whether it was run again, and w.hurt whether the store failed.
func (w *world) hurting(f func(p *profile.Profiles) error) (again bool, err error) {
	if w.hurt = oneIn(w.r, 4); !w.hurt {
		return false, f(w.p())
	}
	left := -1
	if oneIn(w.r, 3) {
		left = w.r.IntN(12)
	}
	w.note("  hurt, %d calls left", left)
	w.store.arm(true, left)
	err = f(w.p())
	w.store.arm(false, 0)
	if !wounded(err) {
		return false, err
	}
	w.note("  again after: %v", err)
	if err := w.open(); err != nil {
		return true, err
	}
	return true, f(w.p())
}

// open opens anew what a crash has ended.
func (w *world) open() error {
	p, err := profile.Open(w.ctx, w.store, nil, w.options())
	if err == nil {
		w.handles[w.r.IntN(len(w.handles))] = p
	}
	return err
}

func (w *world) do(s step) error {
	switch s.kind {
	case stepAdd:
		return w.add(s.n)
	case stepMany:
		return w.addMany(s.n)
	case stepAgain:
		return w.again(s.n)
	case stepRetract:
		for range s.n {
			if err := w.retract(); err != nil {
				return err
			}
		}
	case stepDeeds:
		for range s.n {
			w.deed()
		}
	case stepSync:
		return w.sync()
	case stepApply:
		return w.apply()
	case stepPurge:
		return w.purge()
	case stepClock:
		w.now = w.now.Add(oneOf(w.r, time.Minute, time.Hour, 7*time.Hour, 24*time.Hour, 49*time.Hour) + time.Duration(w.r.IntN(3))*time.Microsecond)
		w.note("now %v", w.now)
	case stepOpen:
		w.note("open")
		return w.open()
	case stepCompare:
		return w.compare(s.n)
	}
	return nil
}

// evidence is something that a source says.
func (w *world) evidence(atom customer.AtomID) profile.Evidence {
	w.count++
	s := w.m.schema
	e := profile.Evidence{
		Atom: atom, ID: fmt.Sprintf("%x-%d", w.r.IntN(256), w.count), Source: oneOf(w.r, s.Sources...).Name, Verified: oneIn(w.r, 3),
	}
	switch w.r.IntN(6) {
	case 0: // midnight
		y, m, d := w.now.In(w.m.zone).Date()
		e.Time = time.Date(y, m, d-w.r.IntN(4), 0, 0, 0, 0, w.m.zone).Add(-time.Duration(w.r.IntN(3)) * time.Microsecond)
	case 1: // at once with others
		e.Time = w.now.Truncate(24 * time.Hour)
	case 2:
		e.Time = w.now.Add(-time.Duration(w.r.IntN(60)) * time.Hour)
	case 3: // to come, mostly
		e.Time = w.now.Add(time.Duration(w.r.IntN(60)-5) * time.Hour)
	default:
		e.Time = w.now.Add(-time.Duration(w.r.Int64N(int64(20 * 24 * time.Hour))))
	}
	type name struct {
		name string
		kind customer.Kind
	}
	var names []name
	if oneIn(w.r, 3) {
		for _, t := range s.Traits {
			names = append(names, name{t.Name, t.Kind})
		}
	} else {
		event := oneOf(w.r, s.Events...)
		e.Event = event.Name
		for _, f := range event.Fields {
			names = append(names, name{f.Name, f.Kind})
		}
	}
	if oneIn(w.r, 9) {
		names = append(names, name{"undeclared", oneOf(w.r, allKinds...)})
	}
	for _, n := range names {
		if oneIn(w.r, 4) {
			continue
		}
		switch {
		case oneIn(w.r, 9):
			n.kind = customer.KindUnset
		case oneIn(w.r, 15):
			n.kind = oneOf(w.r, allKinds...)
		case n.kind == customer.KindDecimal && oneIn(w.r, 3):
			n.kind = customer.KindInt64
		}
		e.Values = append(e.Values, customer.Field{Name: n.name, Value: randomValue(w.r, n.kind, w.now)})
	}
	return e
}

func (w *world) learned() time.Time {
	if oneIn(w.r, 6) {
		return w.now.Add(-time.Duration(w.r.IntN(50)) * time.Hour)
	}
	return w.now
}

func (w *world) anyAtom() customer.AtomID {
	if len(w.atoms) == 0 || oneIn(w.r, 12) {
		return w.newAtom()
	}
	if oneIn(w.r, 2) {
		return w.atoms[0]
	}
	return oneOf(w.r, w.atoms...)
}

// newAtom names an atom that no customer has yet.
func (w *world) newAtom() (a customer.AtomID) {
	binary.BigEndian.PutUint64(a[:], w.r.Uint64())
	a[15] = byte(len(w.atoms))
	w.atoms = append(w.atoms, a)
	return a
}

// kindOf is what an error is, among those that evidence can deserve.
func kindOf(err error) error {
	for _, kind := range []error{profile.ErrInput, profile.ErrErased, profile.ErrReused, profile.ErrRetracted, profile.ErrUnknown, profile.ErrSchema} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

// added has profiles add evidence, and the model the same.
func (w *world) added(list []profile.Evidence) error {
	learned := w.learned()
	for i := range list {
		w.note("add at %v %s", learned, shown(list[i]))
	}
	var want error
	trial := *w.m
	for i := range list {
		// Twice the same in one call is known; something else under the same id is not.
		if err := trial.refusal(&list[i]); err != nil && (want == nil || err == profile.ErrInput) {
			want = err
		}
		if want == nil && trial.find(list[i].Atom, list[i].ID) == nil {
			if _, _, whole := trial.judge(&list[i], learned); !whole {
				trial.said = append(slices.Clip(trial.said), &said{Evidence: list[i]})
			}
		}
	}
	var got profile.Summary
	again, err := w.hurting(func(p *profile.Profiles) (err error) {
		got, err = p.Add(w.ctx, learned, list...)
		return err
	})
	if kindOf(err) != want {
		return fmt.Errorf("error %v, want %v", err, want)
	}
	if want != nil {
		return nil
	}
	return w.sum(learned, list, got, again)
}

func (w *world) sum(learned time.Time, list []profile.Evidence, got profile.Summary, again bool) error {
	var sum profile.Summary
	for i := range list {
		w.m.add(learned, list[i], &sum)
		if again {
			w.m.unsure[list[i].Atom] = true
		}
	}
	if again && got.Added+got.Known+got.Rejected == len(list) && got.Added <= sum.Added {
		return nil
	}
	if got != sum {
		return fmt.Errorf("%+v, want %+v", got, sum)
	}
	return nil
}

func (w *world) add(n int) error {
	var list []profile.Evidence
	for range n {
		list = append(list, w.evidence(w.anyAtom()))
	}
	if _, _, whole := w.m.judge(&list[0], w.now); !whole && oneIn(w.r, 4) {
		list = append(list, list[0])
	}
	if oneIn(w.r, 20) {
		bad := w.evidence(w.anyAtom())
		switch w.r.IntN(3) {
		case 0:
			bad.Source = "nobody"
		case 1:
			bad.Event = "nothing"
		case 2:
			bad.ID = ""
		}
		list = slices.Insert(list, w.r.IntN(len(list)), bad)
	}
	return w.added(list)
}

// again adds what was added before, or something else under the same id.
func (w *world) again(n int) error {
	for range n {
		if len(w.m.said) == 0 {
			return nil
		}
		e := oneOf(w.r, w.m.said...).Evidence
		e.Values = slices.Clone(e.Values)
		w.r.Shuffle(len(e.Values), func(i, j int) { e.Values[i], e.Values[j] = e.Values[j], e.Values[i] })
		if oneIn(w.r, 3) {
			e.Verified = !e.Verified
		}
		if s := w.m.find(e.Atom, e.ID); !s.retracted.IsZero() && !same(&s.Evidence, &e) {
			continue // which of two errors it is nobody says
		}
		if w.m.trust(e.Source) < 0 || e.Event != "" && w.m.event(e.Event) == nil {
			continue // that it is known is an answer too, of who does not know the schema yet
		}
		if err := w.added([]profile.Evidence{e}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) addMany(n int) error {
	learned := w.learned()
	var list []profile.Evidence
	for range n {
		if len(list) > 0 && oneIn(w.r, 20) {
			list = append(list, oneOf(w.r, list...))
			if oneIn(w.r, 3) {
				list[len(list)-1].Verified = !list[len(list)-1].Verified
			}
			continue
		}
		list = append(list, w.evidence(w.anyAtom()))
	}
	if oneIn(w.r, 3) {
		// Many different values.
		atom := w.anyAtom()
		for i := range list {
			list[i].Atom = atom
			for j, f := range list[i].Values {
				if f.Value.Kind() == customer.KindInt64 {
					list[i].Values[j].Value = customer.Int64Value(int64(i) + 100)
				}
			}
		}
	}
	// The id of an event that is set aside is not used, but it is twice in the input.
	seen := map[string]bool{}
	list = slices.DeleteFunc(list, func(e profile.Evidence) bool {
		_, _, whole := w.m.judge(&e, learned)
		again := seen[e.ID]
		seen[e.ID] = true
		return whole && again
	})
	for i := range list {
		w.note("many at %v %s", learned, shown(list[i]))
	}
	var got profile.Summary
	refused := map[int]error{}
	again, err := w.hurting(func(p *profile.Profiles) (err error) {
		clear(refused)
		got, err = p.AddMany(w.ctx, learned, slices.Values(list), &profile.ManyOptions{
			Workers: 1 + w.r.IntN(2), Rejected: func(row int, err error) { refused[row] = err },
		})
		return err
	})
	if err != nil {
		return err
	}
	var sum profile.Summary
	for i := range list {
		want := w.m.refusal(&list[i])
		if kindOf(refused[i]) != want {
			return fmt.Errorf("row %d: error %v, want %v", i, refused[i], want)
		}
		if want != nil {
			sum.Rejected++
			continue
		}
		w.m.add(learned, list[i], &sum)
		if again {
			w.m.unsure[list[i].Atom] = true
		}
	}
	if !again && got != sum {
		return fmt.Errorf("%+v, want %+v", got, sum)
	}
	return nil
}

func (w *world) retract() error {
	atom, id := w.anyAtom(), "none"
	if len(w.m.said) > 0 && !oneIn(w.r, 8) {
		s := oneOf(w.r, w.m.said...)
		atom, id = s.Atom, s.ID
	}
	at := w.learned()
	w.note("retract at %v %v %s", at, atom, id)
	_, err := w.hurting(func(p *profile.Profiles) error { return p.Retract(w.ctx, at, atom, id) })
	if want := w.m.retract(at, atom, id); kindOf(err) != want {
		return fmt.Errorf("error %v, want %v", err, want)
	}
	return nil
}

func (w *world) apply() error {
	s := changedSchema(w.r, w.m.schema)
	if w.sealed {
		protectSome(w.r, s)
	}
	same := shown(s) == shown(w.m.schema)
	w.note("apply %s", shown(s))
	if err := w.preview(s); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	var got uint64
	_, err := w.hurting(func(p *profile.Profiles) (err error) {
		got, err = p.Apply(w.ctx, w.now, s)
		return err
	})
	if err != nil {
		return err
	}
	if !same {
		w.m.apply(s)
	}
	if got != w.m.version {
		return fmt.Errorf("version %d, want %d", got, w.m.version)
	}
	return nil
}

// preview compares what Preview tells of a schema with the model before and after.
func (w *world) preview(s *profile.Schema) error {
	var got *profile.Diff
	_, err := w.hurting(func(p *profile.Profiles) (err error) {
		got, err = p.Preview(w.ctx, w.now, s)
		return err
	})
	if err != nil {
		return err
	}
	after := *w.m
	after.apply(s)
	want := &profile.Diff{Version: w.m.version, At: micro(w.now), Traits: redefined(w.m.schema, s)}
	for i, t := range want.Traits { // whether it was defined in the same way is not told apart here
		if i < len(got.Traits) && t.Of == profile.Kept && got.Traits[i].Of == profile.Changed {
			want.Traits[i].Of = profile.Changed
		}
	}
	for _, id := range w.m.everybody(time.Time{}) {
		old, _, err := w.m.profile(id, profile.Moment{At: w.now})
		if err != nil {
			return err
		}
		fresh, _, err := after.profile(id, profile.Moment{At: w.now})
		if err != nil {
			return err
		}
		want.Customers++
		differs := false
		for i := range want.Traits {
			t := &want.Traits[i]
			v, u := old.Value(t.Name), fresh.Value(t.Name)
			switch {
			case v == u:
				continue
			case v.IsUnset():
				t.Gained++
			case u.IsUnset():
				t.Lost++
			default:
				t.Changed++
			}
			differs = true
			if len(t.Sample) < 10 {
				t.Sample = append(t.Sample, id)
			}
		}
		if differs {
			want.Differ++
		}
	}
	if shown(got) != shown(want) {
		return fmt.Errorf("%s, want %s", shown(got), shown(want))
	}
	return nil
}

// redefined has what becomes of the traits, but for values. Of those that both schemas have
// in the same place it says that they are kept.
func redefined(old, now *profile.Schema) (all []profile.TraitDiff) {
	names := func(s *profile.Schema) (traits, computed []string) {
		for i := range s.Traits {
			traits = append(traits, s.Traits[i].Name)
		}
		for i := range s.Computed {
			computed = append(computed, s.Computed[i].Name)
		}
		return traits, computed
	}
	oldTraits, oldComputed := names(old)
	traits, computed := names(now)
	list := func(names, same, other []string) {
		for _, name := range names {
			d := profile.TraitDiff{Name: name, Of: profile.Added}
			switch {
			case slices.Contains(same, name):
				d.Of = profile.Kept
			case slices.Contains(other, name):
				d.Of = profile.Changed
			}
			all = append(all, d)
		}
	}
	list(traits, oldTraits, oldComputed)
	list(computed, oldComputed, oldTraits)
	for _, name := range slices.Concat(oldTraits, oldComputed) {
		if !slices.Contains(traits, name) && !slices.Contains(computed, name) {
			all = append(all, profile.TraitDiff{Name: name, Of: profile.Removed})
		}
	}
	return all
}

func (w *world) purge() error {
	w.note("purge at %v", w.now)
	w.purged = w.now
	var got int
	_, err := w.hurting(func(p *profile.Profiles) (err error) {
		got, err = p.Purge(w.ctx, w.now)
		return err
	})
	if err != nil {
		return err
	}
	// What a commit of unknown outcome has deleted is not counted.
	if want := w.m.purge(w.now); got > want || got < want && !w.hurt {
		return fmt.Errorf("deleted %d, want %d", got, want)
	}
	return nil
}

// TestWorlds: whatever happens, the package answers what its documentation says.
func TestWorlds(t *testing.T) {
	start := time.Now()
	seed := uint64(0)
	for seed < 6 || time.Since(start) < 2500*time.Millisecond {
		seed++
		tryWorld(t, seed, 40)
	}
	t.Logf("%d worlds", seed)
}

// tryWorld plays a history; one that goes wrong is shrunk.
func tryWorld(t *testing.T, seed uint64, n int) {
	steps := randomSteps(seed, n)
	_, err := play(t.Context(), seed, steps)
	if err == nil {
		return
	}
	first := err
	fails := func(steps []step) bool {
		_, err := play(t.Context(), seed, steps)
		return err != nil
	}
	end := time.Now().Add(20 * time.Second)
	for size := len(steps) / 2; size > 0 && time.Now().Before(end); size /= 2 {
		for i := 0; i+size <= len(steps); {
			if fewer := slices.Delete(slices.Clone(steps), i, i+size); fails(fewer) {
				steps = fewer
			} else {
				i += size
			}
		}
	}
	for i := range steps {
		for size := steps[i].n / 2; size > 0 && time.Now().Before(end); {
			less := slices.Clone(steps)
			if less[i].n -= size; less[i].n > 0 && fails(less) {
				steps = less
			} else {
				size /= 2
			}
		}
	}
	log, err := play(t.Context(), seed, steps)
	t.Fatalf("seed %d, %d steps: %v\nfirst: %v\n%s", seed, n, err, first, strings.Join(log, "\n"))
}
