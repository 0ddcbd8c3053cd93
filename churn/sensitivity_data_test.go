package churn

import (
	"bufio"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/synth"
)

// cdnowEvents yields the purchases of the customers of CDNOW (Fader and Hardie 2001) whose
// number ends in 0. The data is not part of the repository: where it is absent the test is skipped.
func cdnowEvents(t *testing.T) iter.Seq[Event[string]] {
	t.Helper()
	z := dataset.Open(t, "cdnow/CDNOW_master.txt.gz")
	lines := bufio.NewScanner(z)
	lines.Scan() // names of the columns
	return func(yield func(Event[string]) bool) {
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if !strings.HasSuffix(fields[0], "0") {
				continue
			}
			at, err := time.Parse("20060102", fields[1])
			require.NoError(t, err)
			if !yield(Event[string]{Customer: fields[0], Time: at}) {
				return
			}
		}
		require.NoError(t, lines.Err())
	}
}

// The numbers of testdata/sensitivity_cdnow.py, which goes through CDNOW one by one
// (SciPy 1.10.1 for P(alive)).
func TestSensitivityCDNOW(t *testing.T) {
	l, err := NewLog(t.Context(), cdnowEvents(t), &LogOptions[string]{
		Location: time.UTC, Since: Date(1997, 1, 1).Start(time.UTC), Until: Date(1998, 7, 1).Start(time.UTC), Compare: strings.Compare,
	})
	require.NoError(t, err)
	table, err := Sensitivity(t.Context(), l, &Plan{Gap: 7, Horizon: 28}, []Label{
		Silence{Days: 60},
		Silence{Days: 90},
		Absent{},
		OwnGap{Fallback: 90},
		LowAlive{Model: synth.ParetoNBD{R: .553, Alpha: 10.578, S: .606, Beta: 11.669}},
	}, nil)
	require.NoError(t, err)
	require.Len(t, table.Cutoffs, 18)
	type counts struct{ none, late, early, no, yes, observed, back, common, agree int }
	var got []counts
	for _, r := range table.Rows {
		got = append(got, counts{
			r.NotSubject, r.TooLate, r.TooEarly, r.Subjects - r.Positive, r.Positive,
			r.Observed, r.Returned, r.Common, int(r.Agreement*float64(r.Common) + 0.5),
		})
	}
	require.Equal(t, []counts{
		{30552, 952, 0, 5222, 3657, 3584, 349, 8879, 8879},
		{26954, 819, 0, 9416, 3194, 3101, 265, 8879, 5222},
		{0, 0, 0, 3063, 37320, 35102, 1901, 8879, 4862},
		{26987, 813, 0, 9458, 3125, 3064, 282, 8687, 5080},
		{22599, 663, 0, 14624, 2497, 2463, 167, 8877, 5266},
	}, got, "\n%v", table)
}
