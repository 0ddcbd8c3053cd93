package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fake takes the seconds it is told to and answers what it is told to.
type fake struct {
	name    string
	answer  int
	seconds []float64 // of one run after another
	missing error
	order   *[]string
}

func (f *fake) Name() string                  { return f.name }
func (f *fake) Version() string               { return f.name + " 1.0" }
func (f *fake) Prepare(context.Context) error { return f.missing }

func (f *fake) Run(context.Context) (Cost, error) {
	*f.order = append(*f.order, f.name)
	s := f.seconds[0]
	f.seconds = f.seconds[1:]
	d := time.Duration(s * float64(time.Second))
	return Cost{Wall: d, CPU: 2 * d}, nil
}

func (f *fake) Answer(context.Context) (int, error) { return f.answer, nil }

func equal(want, got int) error {
	if want != got {
		return fmt.Errorf("got %d, want %d", got, want)
	}
	return nil
}

func TestMeasure(t *testing.T) {
	var order []string
	var lines bytes.Buffer
	s := &Session{Runs: 3, Lines: &lines, Log: io.Discard}
	task := &Task[int]{
		Name: "count",
		Peers: []Peer[int]{
			&fake{name: "ours", answer: 7, seconds: []float64{9, 1, 3, 2}, order: &order},
			&fake{name: "gone", missing: fmt.Errorf("%w: no such thing", ErrNotInstalled)},
			&fake{name: "quick", answer: 7, seconds: []float64{9, 1, 1, 1}, order: &order},
			&fake{name: "slow", answer: 7, seconds: []float64{9, 3, 5, 4}, order: &order},
		},
		Targets: []Target{{Peer: "quick", Ratio: 1.5}, {Peer: "slow", Ratio: 2}, {Peer: "slow", Ratio: 9, Of: "quick"}},
		Compare: equal,
	}
	require.NoError(t, Measure(t.Context(), s, task))
	require.Equal(t, strings.Repeat("ours quick slow ", 4), strings.Join(order, " ")+" ")
	require.Equal(t, 9, strings.Count(lines.String(), "\n"), "warm-up runs do not count")
	require.Equal(t, 3, strings.Count(lines.String(), `"targets":{"ours":1.5}`))
	require.Equal(t, 3, strings.Count(lines.String(), `"targets":{"ours":2,"quick":9}`))

	var report bytes.Buffer
	s.Report(&report)
	for _, line := range []string{
		"| count | ours | 2.000 (1.000 to 3.000) | 4.000 | 1.00 |  |",
		"| count | quick | 1.000 (1.000 to 1.000) | 2.000 | 0.50 | 1.5x: missed |",
		"| count | slow | 4.000 (3.000 to 5.000) | 8.000 | 2.00 | 2x: met |",
		"- count: quick takes 0.50 times ours.",
		"- count: quick takes 0.50 times ours, the target is 1.5.",
		"- count, gone: not installed: no such thing",
		"ours 1.0; quick 1.0; slow 1.0",
	} {
		require.Contains(t, report.String(), line)
	}
}

func TestMeasureRefuses(t *testing.T) {
	var order []string
	ours := func() *fake { return &fake{name: "ours", answer: 7, seconds: []float64{1, 1}, order: &order} }
	other := func(f fake) *fake { f.seconds, f.order = []float64{1, 1}, &order; return &f }
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		peers []Peer[int]
		want  string
	}{
		"another answer":      {[]Peer[int]{ours(), other(fake{name: "peer", answer: 8})}, "task: answer of peer: got 8, want 7"},
		"a peer that fails":   {[]Peer[int]{ours(), other(fake{name: "peer", missing: broken})}, "task: peer: broken"},
		"the library missing": {[]Peer[int]{other(fake{name: "ours", missing: ErrNotInstalled})}, "task: ours: not installed"},
	} {
		t.Run(name, func(t *testing.T) {
			var lines bytes.Buffer
			s := &Session{Runs: 1, Lines: &lines, Log: io.Discard}
			require.EqualError(t, Measure(t.Context(), s, &Task[int]{Name: "task", Peers: c.peers, Compare: equal}), c.want)
			require.Empty(t, lines.String(), "no time counts")
		})
	}
	s := &Session{Only: regexp.MustCompile("other"), Runs: 1, Lines: io.Discard, Log: io.Discard}
	order = nil
	require.NoError(t, Measure(t.Context(), s, &Task[int]{Name: "task", Peers: []Peer[int]{ours()}, Compare: equal}))
	require.Empty(t, order, "not asked for")
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	require.Positive(t, m.Cores)
	require.True(t, strings.HasPrefix(m.Go, "go") || strings.HasPrefix(m.Go, "devel"), m.Go)
}
