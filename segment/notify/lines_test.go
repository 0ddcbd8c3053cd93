package notify

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/segment"
)

func TestJSONLines(t *testing.T) {
	var b bytes.Buffer
	sink := JSONLines(&b)
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
	require.NoError(t, sink.Deliver(t.Context(), notices(5, 5)))
	require.Equal(t, `{"number":1,"at":"2026-03-05T09:01:00Z","customer":"00000000-0000-8080-8000-000000000002","segment":"vip","version":2,"entered":true,"cause":"deletion"}
{"number":2,"at":"2026-03-05T09:02:00Z","customer":"00000000-0000-8080-8000-000000000003","segment":"=risk","version":1,"entered":true,"cause":"definition"}
{"number":5,"at":"2026-03-05T09:05:00Z","customer":"00000000-0000-8080-8000-000000000006","segment":"=risk","version":2,"entered":false,"cause":"place"}
`, b.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sink.Deliver(ctx, notices(6, 6)), context.Canceled)
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	sink := CSV(&b, true)
	odd := notice(3)
	odd.Segment = "a,\"b\"\n"
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
	require.NoError(t, sink.Deliver(t.Context(), []segment.Notice{odd}))
	require.Equal(t, `number,at,customer,segment,version,entered,cause
1,2026-03-05T09:01:00Z,00000000-0000-8080-8000-000000000002,vip,2,true,deletion
2,2026-03-05T09:02:00Z,00000000-0000-8080-8000-000000000003,'=risk,1,true,definition
3,2026-03-05T09:03:00Z,00000000-0000-8080-8000-000000000004,"a,""b""
",2,true,tag
`, b.String())

	b.Reset()
	require.NoError(t, CSV(&b, false).Deliver(t.Context(), notices(3, 3)))
	require.Equal(t, "3,2026-03-05T09:03:00Z,00000000-0000-8080-8000-000000000004,dormant,2,true,tag\n", b.String())
}

func TestCSVIsHarmless(t *testing.T) {
	var b bytes.Buffer
	n := notices(3, 3)
	n[0].Segment = "=1+1"
	require.NoError(t, CSV(&b, false).Deliver(t.Context(), n))
	require.Contains(t, b.String(), ",'=1+1,")
}

func TestLinesRefuseWhatIsNotValid(t *testing.T) {
	for _, sink := range []func(io.Writer) Sink{JSONLines, func(w io.Writer) Sink { return CSV(w, true) }} {
		var b bytes.Buffer
		bad := notices(1, 3)
		bad[1].Cause = 0
		require.ErrorContains(t, sink(&b).Deliver(t.Context(), bad), "cause 0 is none")
		require.Zero(t, b.Len(), "nothing is written")
	}
}

// A tornWriter takes a part of what it is given, at random, with or without an error. Not safe for concurrent use.
type tornWriter struct {
	bytes.Buffer
	rng *rand.Rand
}

func (w *tornWriter) Write(p []byte) (int, error) {
	if w.rng.IntN(3) > 0 {
		return w.Buffer.Write(p)
	}
	n := w.rng.IntN(len(p) + 1)
	_, _ = w.Buffer.Write(p[:n])
	if w.rng.IntN(2) == 0 {
		return n, errTest
	}
	return n, nil // what io.Writer forbids
}

// Whatever fails, all notices are there in order as whole lines, and what is cut off has a line of its own.
func TestLinesOnFailingWriter(t *testing.T) {
	for seed := range uint64(400) {
		w := &tornWriter{rng: rand.New(rand.NewPCG(seed, 4))}
		table := seed%2 == 0
		sink := JSONLines(w)
		if table {
			sink = CSV(w, true)
		}
		src, cursor := &source{last: 40}, MemoryCursor(Place{})
		for range 1000 {
			n, err := Run(t.Context(), src, sink, cursor, &Options{Batch: 7})
			if err == nil && n == 0 {
				break
			}
		}
		next, headers := uint64(1), 0
		for line := range strings.SplitSeq(w.String(), "\n") {
			var number uint64
			if table {
				record, err := csv.NewReader(strings.NewReader(line)).Read()
				if err != nil || len(record) != 7 {
					continue
				}
				if line == csvHeader {
					headers++
					continue
				}
				if number, err = strconv.ParseUint(record[0], 10, 64); err != nil {
					continue
				}
				if n := notice(number); record[5] != strconv.FormatBool(n.Entered) || record[6] != n.Cause.String() {
					continue // cut off in its last field
				}
			} else {
				var n segment.Notice
				if json.Unmarshal([]byte(line), &n) != nil {
					continue
				}
				require.Equal(t, notice(n.Number), n)
				number = n.Number
			}
			require.LessOrEqual(t, number, next)
			if number == next {
				next++
			}
		}
		require.Equal(t, src.last+1, next)
		if table {
			require.Equal(t, 1, headers)
		}
	}
}
