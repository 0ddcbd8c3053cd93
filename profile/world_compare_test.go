package profile_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/table"
)

// moment is a random one.
func (w *world) moment() profile.Moment {
	m := profile.Moment{At: w.now}
	if oneIn(w.r, 2) {
		m.At = w.now.Add(time.Duration(w.r.IntN(400)-300) * time.Hour)
	}
	if oneIn(w.r, 4) && len(w.m.said) > 0 {
		m.At = oneOf(w.r, w.m.said...).Time
	}
	if oneIn(w.r, 2) {
		m.Known = w.now.Add(-time.Duration(w.r.IntN(200)) * time.Hour)
		if oneIn(w.r, 2) && len(w.m.deeds) > 0 {
			m.Known = oneOf(w.r, w.m.deeds...).at.Add(time.Duration(w.r.IntN(3)-1) * time.Microsecond)
		}
		if oneIn(w.r, 4) {
			m.At = m.Known
		}
	}
	return m
}

func (w *world) compare(n int) error {
	for range n {
		m := w.moment()
		w.note("compare at %v known %v", m.At, m.Known)
		var err error
		switch w.r.IntN(5) {
		case 0:
			err = w.compareAll(m)
		case 1:
			err = w.compareTable(m)
		case 2:
			if len(w.ids) > 0 {
				err = w.compareTimeline(oneOf(w.r, w.ids...), m)
			}
		case 3:
			err = w.compareAside()
		default:
			for _, id := range append(slices.Clone(w.ids), customer.FromInt64(-1)) {
				if err = w.compareProfile(id, m); err != nil {
					err = fmt.Errorf("profile of %v: %w", id, err)
					break
				}
			}
		}
		if err != nil {
			return fmt.Errorf("at %v known %v: %w", m.At, m.Known, err)
		}
	}
	return nil
}

// vague tells whether nobody says which of the two errors it is: of a customer that was
// erased since, who was another then.
func vague(got, want error) bool {
	either := func(err error) bool { return errors.Is(err, profile.ErrErased) || errors.Is(err, profile.ErrUnknown) }
	return either(got) && either(want)
}

func (w *world) compareProfile(id customer.ID, m profile.Moment) error {
	want, tastes, wantErr := w.m.profile(id, m)
	got, err := w.p().Profile(w.ctx, id, m)
	if !m.Known.IsZero() && vague(err, wantErr) {
		return nil
	}
	if kindOf(err) != wantErr {
		return fmt.Errorf("error %v, want %v", err, wantErr)
	}
	if err != nil {
		return nil
	}
	if err := w.sameProfile(want, got, tastes); err != nil {
		return err
	}
	return w.next(id, m, got)
}

// next: no value changes before Next.
func (w *world) next(id customer.ID, m profile.Moment, p *profile.Profile) error {
	to := w.now.Add(time.Duration(w.r.IntN(2000)) * time.Hour)
	if !p.Next.IsZero() {
		if !p.Next.After(micro(m.At)) {
			return fmt.Errorf("next %v is not after %v", p.Next, m.At)
		}
		to = p.Next.Add(-time.Microsecond)
		if oneIn(w.r, 2) {
			to = micro(m.At).Add(time.Duration(w.r.Int64N(int64(min(max(1, to.Sub(m.At)), 1000*time.Hour)))))
		}
	}
	if !to.After(m.At) {
		return nil
	}
	later, tastes, err := w.m.profile(id, profile.Moment{At: to, Known: m.Known})
	if err != nil {
		return nil
	}
	for _, c := range w.m.schema.Computed {
		if got, want := p.Value(c.Name), later.Value(c.Name); !sameValue(&c, want, got, tastes[c.Name]) {
			return fmt.Errorf("next %v, but at %v %s is %s and no longer %s", p.Next, to, c.Name, shown(want), shown(got))
		}
	}
	for _, t := range w.m.schema.Traits {
		if got, want := p.Value(t.Name), later.Value(t.Name); got != want {
			return fmt.Errorf("next %v, but at %v %s is %s and no longer %s", p.Next, to, t.Name, shown(want), shown(got))
		}
	}
	return nil
}

// sameValue compares the values of a computed trait as exactly as is promised.
func sameValue(c *profile.Computed, want, got customer.Value, taste *scores) bool {
	if want == got {
		return true
	}
	if x, ok := want.Int64(); ok && c.Of == profile.Distinct && x > 256 {
		y, ok := got.Int64()
		return ok && near(float64(x), float64(y), 0.1)
	}
	if x, ok := want.Float64(); ok && c.Of == profile.Quantile && c.Pair == nil {
		y, ok := got.Float64()
		return ok && near(x, y, 1.0/128)
	}
	return taste != nil && taste.close()
}

// close tells whether scores are so close to each other, or to what divides them, that
// rounding can put them in another order.
func (s *scores) close() bool {
	var all []float64
	for _, x := range s.of {
		all = append(all, x)
	}
	all = append(all, s.least)
	slices.Sort(all)
	for i := range all[1:] {
		if all[i+1]-all[i] < 1e-9 {
			return true
		}
	}
	return false
}

// sameItems compares the items of a taste with the scores of all values.
func (s *scores) sameItems(got []profile.Item) error {
	rest := map[string]float64{}
	maps.Copy(rest, s.of)
	low := math.Inf(1)
	for i, it := range got {
		v, _ := it.Value.Text()
		x, ok := rest[v]
		if !ok || math.Abs(x-it.Weight) > 1e-9 || it.Weight < s.least || i > 0 && it.Weight > low ||
			i > 0 && it.Weight == low && compareValues(got[i-1].Value, it.Value) >= 0 {
			return fmt.Errorf("item %d is %s, scores are %v", i, shown(it), s.of)
		}
		low = it.Weight
		delete(rest, v)
	}
	for v, x := range rest {
		if full := float64(len(got)) == s.limit; x > s.least+1e-9 && (!full || x > low+1e-9) {
			return fmt.Errorf("%q is not among %s, scores are %v", v, shown(got), s.of)
		}
	}
	return nil
}

func (w *world) sameProfile(want, got *profile.Profile, tastes map[string]*scores) error {
	if got.Customer != want.Customer || !got.At.Equal(want.At) || !got.Known.Equal(want.Known) || got.Schema != want.Schema {
		return fmt.Errorf("%v at %v known %v schema %d, want %v at %v known %v schema %d", got.Customer, got.At, got.Known, got.Schema, want.Customer, want.At, want.Known, want.Schema)
	}
	if g, x := shown(got.Traits), shown(want.Traits); g != x {
		return fmt.Errorf("traits\n%s, want\n%s", g, x)
	}
	if len(got.Computed) != len(want.Computed) {
		return fmt.Errorf("%d computed, want %d", len(got.Computed), len(want.Computed))
	}
	for i := range want.Computed {
		c, x, g := &w.m.schema.Computed[i], want.Computed[i], got.Computed[i]
		if !sameValue(c, x.Value, g.Value, tastes[c.Name]) {
			return fmt.Errorf("%s\nis %s, want\n%s", shown(c), shown(g), shown(x))
		}
		if taste := tastes[c.Name]; taste != nil {
			if err := taste.sameItems(g.Items); err != nil {
				return fmt.Errorf("%s: %w", shown(c), err)
			}
			if g.Value != ofItems(g.Items, c.Limit) {
				return fmt.Errorf("%s: value %s of items %s", shown(c), shown(g.Value), shown(g.Items))
			}
			x.Items = g.Items
		}
		x.Value = g.Value
		if shown(x) != shown(g) {
			return fmt.Errorf("%s\nis %s, want\n%s", shown(c), shown(g), shown(x))
		}
	}
	return nil
}

func (w *world) compareAll(m profile.Moment) error {
	ids := w.m.everybody(m.Known)
	for got, err := range w.p().All(w.ctx, m) {
		if err != nil {
			return err
		}
		if len(ids) == 0 || ids[0] != got.Customer {
			return fmt.Errorf("all has %v, want the first of %v", got.Customer, ids)
		}
		want, tastes, err := w.m.profile(got.Customer, m)
		if err != nil {
			return err
		}
		if err := w.sameProfile(want, got, tastes); err != nil {
			return fmt.Errorf("all: %v: %w", got.Customer, err)
		}
		ids = ids[1:]
	}
	if len(ids) > 0 {
		return fmt.Errorf("all lacks %v", ids)
	}
	return nil
}

func (w *world) compareTimeline(id customer.ID, m profile.Moment) error {
	q := &profile.TimelineQuery{Reverse: oneIn(w.r, 2), Statements: oneIn(w.r, 2), Limit: w.r.IntN(7)}
	if oneIn(w.r, 3) {
		q.Since = w.now.Add(-time.Duration(w.r.IntN(300)) * time.Hour)
	}
	if oneIn(w.r, 3) {
		q.Until = w.now.Add(-time.Duration(w.r.IntN(300)-100) * time.Hour)
	}
	if oneIn(w.r, 3) {
		q.Events = []string{w.m.schema.Events[0].Name}
	}
	want, wantErr := w.m.timeline(id, m, q)
	for {
		n := 0
		for got, err := range w.p().Timeline(w.ctx, id, m, q) {
			if err != nil {
				if kindOf(err) != wantErr && (m.Known.IsZero() || !vague(err, wantErr)) {
					return fmt.Errorf("timeline of %v: error %v, want %v", id, err, wantErr)
				}
				return nil
			}
			if n++; len(want) == 0 || shown(got) != shown(want[0]) {
				return fmt.Errorf("timeline of %v, %s:\n%s, want the first of\n%s", id, shown(q), shown(got), shown(want[:min(len(want), 3)]))
			}
			want = want[1:]
			q.After = got.Position()
		}
		if wantErr != nil {
			return fmt.Errorf("timeline of %v: no error, want %v", id, wantErr)
		}
		if q.Limit == 0 || n < q.Limit {
			break
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("timeline of %v, %s lacks %s", id, shown(q), shown(want[:min(len(want), 3)]))
	}
	return nil
}

func (w *world) compareAside() error {
	for _, a := range w.atoms {
		if w.m.unsure[a] {
			continue
		}
		got, err := w.p().SetAside(w.ctx, a)
		if err != nil {
			return err
		}
		if want := w.m.aside[a]; len(got)+len(want) > 0 && shown(got) != shown(want) {
			return fmt.Errorf("set aside of %v:\n%s, want\n%s", a, shown(got), shown(want))
		}
	}
	return nil
}

// names are those of traits and computed traits, in the order of the schema, and how
// sensitive they are.
func (w *world) names() (names []string, of map[string]profile.Sensitivity) {
	of = map[string]profile.Sensitivity{}
	for _, t := range w.m.schema.Traits {
		names, of[t.Name] = append(names, t.Name), t.Sensitivity
	}
	for _, c := range w.m.schema.Computed {
		names, of[c.Name] = append(names, c.Name), c.Sensitivity
	}
	return names, of
}

func (w *world) computed(name string) *profile.Computed {
	for i := range w.m.schema.Computed {
		if w.m.schema.Computed[i].Name == name {
			return &w.m.schema.Computed[i]
		}
	}
	return &profile.Computed{}
}

// feature is a value as a cell of a table: a number, or the text of a level.
func feature(v customer.Value) any {
	switch v.Kind() {
	case customer.KindBool:
		if b, _ := v.Bool(); b {
			return 1.0
		}
		return 0.0
	case customer.KindTime:
		t, _ := v.Time()
		return float64(t.UnixMicro()) / 86400e6
	case customer.KindText:
		if s, _ := v.Text(); s != "" {
			return s
		}
	case customer.KindInt64, customer.KindFloat64, customer.KindDecimal:
		f, _ := number(v).Float64()
		return f
	}
	return nil
}

func (w *world) compareTable(m profile.Moment) error {
	names, of := w.names()
	names = slices.DeleteFunc(names, func(name string) bool { return of[name] > profile.Internal })
	got, err := w.p().Table(w.ctx, m)
	if err != nil {
		return err
	}
	ids := w.m.everybody(m.Known)
	if !slices.Equal(ids, got.IDs) {
		return fmt.Errorf("table of %v, want %v", got.IDs, ids)
	}
	for row, id := range ids {
		p, tastes, err := w.m.profile(id, m)
		if err != nil {
			return err
		}
		for _, col := range got.Columns {
			if row == 0 && !slices.Contains(names, col.Name) {
				return fmt.Errorf("table has %s, of %v", col.Name, names)
			}
			want, c := p.Value(col.Name), w.computed(col.Name)
			var cell any
			if col.Kind == table.Category {
				if code := col.Code[row]; code >= 0 {
					cell = col.Levels[code]
				}
			} else if x := col.Num[row]; !math.IsNaN(x) {
				cell = x
			}
			x, isNum := feature(want).(float64)
			y, isNumToo := cell.(float64)
			switch {
			case isNum && isNumToo && (near(x, y, 1e-15) || sameValue(c, customer.Float64Value(x), customer.Float64Value(y), nil)),
				isNum && isNumToo && c.Of == profile.Distinct && x > 256 && near(x, y, 0.1),
				!isNum && !isNumToo && (feature(want) == cell || tastes[col.Name] != nil && tastes[col.Name].close()):
			default:
				return fmt.Errorf("table: %s of %v is %v, want %s", col.Name, id, cell, shown(want))
			}
		}
	}
	return nil
}
