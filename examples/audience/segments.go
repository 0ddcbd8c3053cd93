package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// definitionQuestion is a live segment as the page defines it.
type definitionQuestion struct {
	Name  string  `json:"name"`
	EN    string  `json:"en"`
	ZH    string  `json:"zh"`
	Rule  string  `json:"rule"`       // who enters
	Stay  string  `json:"stay"`       // who of the members stays; "": nobody whom Rule does not select
	Dwell float64 `json:"dwell_days"` // the least time of a member, in days
	Cap   int     `json:"cap"`        // 0: no limit
}

// definition returns the definition, or an error that names the field whose text is no rule.
func (in *definitionQuestion) definition() (d segment.Definition, err error) {
	d = segment.Definition{Name: in.Name, Label: customer.Text{EN: in.EN, ZH: in.ZH}, Dwell: -1, Cap: in.Cap}
	if in.Dwell >= 0 && in.Dwell <= 36_500 {
		d.Dwell = time.Duration(in.Dwell * float64(24*time.Hour))
	}
	if err = d.Validate(); err != nil {
		return d, fmt.Errorf("%w: %w", errRequest, err)
	}
	if d.Rule, err = segment.Parse(in.Rule); err != nil {
		return d, &segment.DefinitionError{Name: in.Name, Field: "rule", Err: err}
	}
	if in.Stay != "" {
		if d.Stay, err = segment.Parse(in.Stay); err != nil {
			return d, &segment.DefinitionError{Name: in.Name, Field: "stay", Err: err}
		}
	}
	return d, nil
}

// preview says what a definition would do.
func (s *server) preview(ctx context.Context, in *definitionQuestion) (any, error) {
	d, err := in.definition()
	if err != nil {
		return nil, err
	}
	p, err := s.sim.live.Preview(ctx, d, 0)
	if err != nil {
		return nil, err
	}
	return map[string]any{"members": p.Members, "enter": p.Enter, "leave": p.Leave}, nil
}

// define puts a definition into force, at the moment that the clock shows.
func (s *server) define(ctx context.Context, in *definitionQuestion) (any, error) {
	d, err := in.definition()
	if err != nil {
		return nil, err
	}
	n, err := s.sim.step(func(at time.Time) ([]segment.Notice, error) {
		known := s.sim.live.Definitions()
		if len(known) >= maxSegments && !slices.ContainsFunc(known, func(v segment.Version) bool { return v.Definition.Name == d.Name }) {
			return nil, fmt.Errorf("%w: there are %d live segments already", errRequest, maxSegments)
		}
		return s.sim.live.Define(ctx, at, "page", d)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"notices": n}, nil
}

type dropQuestion struct {
	Name string `json:"name"`
}

// drop takes a live segment away.
func (s *server) drop(ctx context.Context, in *dropQuestion) (any, error) {
	n, err := s.sim.step(func(at time.Time) ([]segment.Notice, error) { return s.sim.live.Drop(ctx, at, in.Name) })
	return map[string]any{"notices": n}, err
}

type clockQuestion struct {
	Speed float64 `json:"speed"` // simulated seconds that pass in one
}

// clock sets how fast the clock goes.
func (s *server) clock(_ context.Context, in *clockQuestion) (any, error) {
	if in.Speed < 0 || in.Speed > maxSpeed.Seconds() {
		return nil, fmt.Errorf("%w: speed is not 0 to %g", errRequest, maxSpeed.Seconds())
	}
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	s.sim.speed = time.Duration(in.Speed * float64(time.Second))
	return map[string]any{"speed": in.Speed}, nil
}

// liveSegment is what the page shows of a live segment.
type liveSegment struct {
	Name    string     `json:"name"`
	EN      string     `json:"en"`
	ZH      string     `json:"zh"`
	Rule    string     `json:"rule"`
	Stay    string     `json:"stay"`
	Dwell   float64    `json:"dwell_days"`
	Cap     int        `json:"cap"`
	Version int        `json:"version"`
	Members int        `json:"members"`
	Sizes   [][2]int64 `json:"sizes"` // moments in unix seconds and the members then
}

// liveNotice is what the page shows of a notice.
type liveNotice struct {
	Number   uint64 `json:"number"`
	At       string `json:"at"`
	Customer string `json:"customer"`
	Segment  string `json:"segment"`
	Entered  bool   `json:"entered"`
	EN       string `json:"en"` // the reason
	ZH       string `json:"zh"`
}

// cause is how often a reason was given. The zero cause is of no reason.
type cause struct {
	EN      string `json:"en"`
	ZH      string `json:"zh"`
	Entered int    `json:"entered"`
	Left    int    `json:"left"`
}

const (
	clockLayout = "2006-01-02 15:04"
	maxSizes    = 256 // of a segment, that the page draws
)

// keeping says how long there is something to go on with, where it is kept.
type keeping struct {
	Since  string `json:"since"`  // by the clock of the machine
	Starts int    `json:"starts"` // of programs
}

// liveState returns the clock, the live segments, the latest notices, the newest first, and what the campaign tool has.
func (s *server) liveState(context.Context, *struct{}) (any, error) {
	sim := s.sim
	sim.mu.Lock() // so that all is of one moment
	defer sim.mu.Unlock()
	now, segments := sim.now(), []liveSegment{}
	for _, v := range sim.live.Definitions() {
		d := v.Definition
		members, err := sim.live.Len(d.Name)
		if err != nil {
			return nil, err
		}
		one := liveSegment{
			Name: d.Name, EN: d.Label.EN, ZH: d.Label.ZH, Rule: d.Rule.String(), Dwell: d.Dwell.Hours() / 24, Cap: d.Cap, Version: v.Number,
			Members: members, Sizes: [][2]int64{},
		}
		_, sizes, err := sim.live.History(d.Name)
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(sizes); i += 1 + len(sizes)/maxSizes {
			one.Sizes = append(one.Sizes, [2]int64{sizes[i].At.Unix(), int64(sizes[i].Members)})
		}
		if d.Stay != (segment.Rule{}) {
			one.Stay = d.Stay.String()
		}
		one.Sizes = append(one.Sizes, [2]int64{now.Unix(), int64(members)})
		segments = append(segments, one)
	}
	notices, causes := []liveNotice{}, []cause{}
	for _, n := range slices.Backward(sim.latest) {
		notices = append(notices, liveNotice{
			n.Number, n.At.In(s.loc).Format(clockLayout), nameOf(n.Customer), n.Segment, n.Entered, n.Cause.String(), n.Cause.Chinese(),
		})
	}
	for c := segment.ByMerge; c <= segment.ByPlace; c++ {
		if m, ok := sim.book.Counts[c]; ok {
			causes = append(causes, cause{c.String(), c.Chinese(), m.Entered, m.Left})
		}
	}
	var kept *keeping
	if s.kept {
		kept = &keeping{sim.book.Since.In(s.loc).Format(clockLayout), sim.book.Starts}
	}
	return map[string]any{
		"kept": kept, "about": sim.about, "now": now.Format(clockLayout), "now_unix": now.Unix(), "start_unix": sim.book.Start.Unix(), "zone": s.loc.String(),
		"ended": !sim.until.IsZero() && !now.Before(sim.until), "speed": sim.speed.Seconds(),
		"segments": segments, "notices": notices, "causes": causes, "webhook": s.tool.seen(),
	}, nil
}
