package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// ours begins the names of the forms of the library.
const ours = "clientele"

// machine says where and when something was measured. It is a plain value: safe for concurrent reads.
type machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    int    `json:"memory_gib"`
	System    string `json:"system"`
	Go        string `json:"go"`
}

// figure is a number without a peer, and what is asked of it. It is a plain value: safe for concurrent reads.
type figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"` // such as "at most 5 s"; empty: nothing is asked
}

// line is one of a file of results: a run of a peer, figures of a job, or the memory of something. It is a plain value: safe
// for concurrent reads.
type line struct {
	machine

	Time time.Time `json:"time"`
	Run  int       `json:"run"`

	Task    string             `json:"task"`
	Peer    string             `json:"peer"`
	Version string             `json:"version"`
	Wall    float64            `json:"wall"`
	CPU     float64            `json:"cpu"`
	Targets map[string]float64 `json:"targets"` // by form of the library

	Job     string   `json:"job"`
	Figures []figure `json:"figures"`

	What     string  `json:"what"`
	Bytes    float64 `json:"bytes"`
	Elements float64 `json:"elements"` // customers

	Customers   float64 `json:"customers"`
	Orders      float64 `json:"orders"`
	ID          float64 `json:"id"`
	Accumulator float64 `json:"accumulator"` // bytes, as the next three
	Both        float64 `json:"both"`
	Allocated   float64 `json:"allocated"`
	Peak        float64 `json:"peak"`
}

// series is what one peer took for a task, or one figure of a job, run after run. It is not safe for concurrent use.
type series struct {
	name    string // of the peer or the figure
	version string
	runs    []int
	values  []float64
	targets map[string]float64
	figure  figure // the last
}

// session is the last time a task or a job was measured. It is not safe for concurrent use.
type session struct {
	name    string
	machine machine
	days    []string // first and last
	last    int      // run
	series  []*series
}

// amount is the memory that something takes for each customer. It is a plain value: safe for concurrent reads.
type amount struct {
	group, what string
	bytes       float64 // of all
	each        float64
}

// result is what a file holds. It is not safe for concurrent use.
type result struct {
	area    area
	tasks   []*session
	jobs    []*session
	amounts []amount
}

// read reads a file of results of an area.
func read(name string, a area) (*result, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &result{area: a}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	for n := 1; scanner.Scan(); n++ {
		d := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		d.DisallowUnknownFields()
		var l line
		if err := d.Decode(&l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if err := r.add(&l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return r, scanner.Err()
}

func (r *result) add(l *line) error {
	switch {
	case l.Peer != "" && l.Wall > 0:
		s := in(&r.tasks, r.short(l.Task), l, []string{l.Peer})
		s.note(l.Peer, l.Run, l.Wall, func(s *series) { s.version, s.targets = l.Version, l.Targets })
	case len(l.Figures) > 0:
		names := make([]string, len(l.Figures))
		for i, f := range l.Figures {
			names[i] = f.Name
		}
		s := in(&r.jobs, r.short(l.Job), l, names)
		for _, f := range l.Figures {
			if _, _, err := bound(f.Target); err != nil {
				return err
			}
			s.note(f.Name, l.Run, f.Value, func(s *series) { s.figure = f })
		}
	case l.What != "" && l.Elements > 0:
		group := strings.TrimSuffix(strings.TrimSuffix(r.short(l.Task), "memory"), ": ")
		r.keep(amount{group, l.What, l.Bytes, l.Bytes / l.Elements})
	case l.Customers > 0 && l.Accumulator > 0:
		r.keep(amount{"", l.Job + ": accumulator", l.Accumulator, l.Accumulator / l.Customers})
		r.keep(amount{"", l.Job + ": accumulator and analysis", l.Both, l.Both / l.Customers})
		r.keep(amount{"", l.Job + ": allocated by one analysis", l.Allocated, l.Allocated / l.Customers})
	default:
		return fmt.Errorf("neither a run, figures nor memory")
	}
	return nil
}

// short is the name of a task or job without that of the file.
func (r *result) short(task string) string { return strings.TrimPrefix(task, r.area.file+": ") }

// keep adds an amount, or puts it in the place of an earlier one.
func (r *result) keep(m amount) {
	i := slices.IndexFunc(r.amounts, func(x amount) bool { return x.group == m.group && x.what == m.what })
	if i < 0 {
		r.amounts = append(r.amounts, m)
		return
	}
	r.amounts[i] = m
}

// in returns the session that a line belongs to. A new one begins, in the place of the one before, where the number of the
// run becomes smaller, or one of the names has had that run.
func in(all *[]*session, name string, l *line, names []string) *session {
	i := slices.IndexFunc(*all, func(s *session) bool { return s.name == name })
	if i < 0 {
		i = len(*all)
		*all = append(*all, &session{name: name, machine: l.machine})
	}
	s := (*all)[i]
	again := l.Run < s.last || l.machine != s.machine
	for _, x := range s.series {
		again = again || slices.Contains(names, x.name) && slices.Contains(x.runs, l.Run)
	}
	if again {
		s = &session{name: name, machine: l.machine}
		(*all)[i] = s
	}
	s.last = l.Run
	day := l.Time.Format(time.DateOnly)
	if len(s.days) == 0 {
		s.days = []string{day, day}
	}
	s.days[0], s.days[1] = min(s.days[0], day), max(s.days[1], day)
	return s
}

func (s *session) note(name string, run int, value float64, also func(*series)) {
	x := s.find(name)
	if x == nil {
		x = &series{name: name}
		s.series = append(s.series, x)
	}
	x.runs = append(x.runs, run)
	x.values = append(x.values, value)
	also(x)
}

// find returns the series of that name; nil: there is none.
func (s *session) find(name string) *series {
	for _, x := range s.series {
		if x.name == name {
			return x
		}
	}
	return nil
}

// median is the middle of the values, or the mean of the two in the middle.
func (x *series) median() float64 {
	v := slices.Sorted(slices.Values(x.values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// overlaps tells whether some run of each is beside or between those of the other.
func (x *series) overlaps(y *series) bool {
	return slices.Min(x.values) <= slices.Max(y.values) && slices.Min(y.values) <= slices.Max(x.values)
}
