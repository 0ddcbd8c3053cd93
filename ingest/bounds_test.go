package ingest_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/ingest"
)

// repeated gives a head, then a block over and over until so many bytes of it are out, and a tail. Now and then it looks
// at the live heap.
type repeated struct {
	head, block, tail string
	n                 int64
	at                int // of the block
	look              int64
	most              uint64 // the largest live heap seen
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.look += int64(len(p)); r.look > 16<<20 || r.most == 0 {
		r.look, r.most = 0, max(r.most, heap())
	}
	if n := copy(p, r.head); n > 0 {
		r.head = r.head[n:]
		return n, nil
	}
	if r.n > 0 {
		n := copy(p[:min(int64(len(p)), r.n)], r.block[r.at:])
		r.at, r.n = (r.at+n)%len(r.block), r.n-int64(n)
		return n, nil
	}
	if n := copy(p, r.tail); n > 0 {
		r.tail = r.tail[n:]
		return n, nil
	}
	return 0, io.EOF
}

// heap is the size of the live heap.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// requireConstantMemory reads invoice lines of so many bytes, and as many again and again: nothing of them stays.
func requireConstantMemory(t *testing.T, small, large int64) {
	t.Helper()
	header, lines, _ := bytes.Cut(retailCSV(20_000), []byte("\n"))
	peak := func(size int64) uint64 {
		whole := size / int64(len(lines)) * int64(len(lines))
		in := &repeated{head: string(header) + "\n", block: string(lines), n: whole}
		r, err := ingest.NewReader(retailSchema(), nil, ingest.Stream("shop.csv", in))
		require.NoError(t, err)
		before := heap()
		for _, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		require.EqualValues(t, 20_000*(size/int64(len(lines))), r.Report().Kept)
		in.most = max(in.most, heap())
		runtime.KeepAlive(r)
		return in.most - min(in.most, before)
	}
	few, many := peak(small), peak(large)
	require.Less(t, few, uint64(4<<20))
	require.Less(t, many, few+1<<20, "%d MB take as much as %d", large>>20, small>>20)
}

func TestMemoryIsConstant(t *testing.T) { requireConstantMemory(t, 4<<20, 40<<20) }

// requireLongLine reads a file with one line of n bytes: it is one record, too long, and never in memory.
func requireLongLine(t *testing.T, n int64) {
	t.Helper()
	for name, c := range map[string]struct{ head, block, tail string }{
		"CSV":        {"id,amount,at\n1,2.50,2024-01-31\n2,", "12345678", "\n3,1.00,2024-02-01\n"},
		"quoted":     {"id,amount,at\n1,2.50,2024-01-31\n2,\"", "1234,678", "\",2024-02-01\n3,1.00,2024-02-01\n"},
		"JSON lines": {`{"id":"1","amount":"2.50","at":"2024-01-31"}` + "\n" + `{"id":"`, "12345678", `"}` + "\n" + `{"id":"3","amount":"1.00","at":"2024-02-01"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			schema := orders()
			schema.Fields[0].Columns = nil
			for _, strict := range []bool{false, true} {
				in := &repeated{head: c.head, block: strings.Repeat(c.block, 8192), tail: c.tail, n: n}
				r, err := ingest.NewReader(schema, &ingest.Options{FailMalformed: strict}, ingest.Stream("lines", in))
				require.NoError(t, err)
				before := heap()
				all, err := r.ReadAll(t.Context())
				require.Less(t, in.most, before+8<<20)
				long := r.Report().Rules[0]
				require.Equal(t, "record too long", long.Reason)
				require.EqualValues(t, 1, long.SetAside)
				if strict {
					require.ErrorIs(t, err, ingest.ErrMalformed)
					require.ErrorContains(t, err, "record too long")
					require.Len(t, all, 1)
					continue
				}
				require.NoError(t, err)
				require.Len(t, all, 2)
				require.Equal(t, "3", all[1].ID)
			}
		})
	}
}

func TestLongLine(t *testing.T) { requireLongLine(t, 24<<20) }

// TestClockChanges reads the local times of a shop in London on the days its clocks change: each is an instant of its own
// but for the hours that there are twice or not at all, which are those of time.Date.
func TestClockChanges(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Skip("no zone data for Europe/London")
	}
	schema := orders()
	schema.Format = ingest.Format{Layouts: []string{"2006-01-02 15:04"}, Location: london}
	var file strings.Builder
	file.WriteString("Order ID,amount,at\n")
	want := []string{
		"2011-03-27 00:59", "2011-03-27T00:59:00Z", // winter
		"2011-03-27 02:00", "2011-03-27T01:00:00Z", // summer, a minute later
		"2011-03-27 23:30", "2011-03-27T22:30:00Z",
		"2011-10-30 00:59", "2011-10-29T23:59:00Z", // summer
		"2011-10-30 02:00", "2011-10-30T02:00:00Z", // winter, two hours and a minute later
		"2011-03-27 01:30", time.Date(2011, 3, 27, 1, 30, 0, 0, london).UTC().Format(time.RFC3339), // there is none
		"2011-10-30 01:30", time.Date(2011, 10, 30, 1, 30, 0, 0, london).UTC().Format(time.RFC3339), // there are two
	}
	for i := 0; i < len(want); i += 2 {
		file.WriteString("A,1," + want[i] + "\n")
	}
	all, rep, err := read(t, schema, nil, stream(file.String()))
	require.NoError(t, err)
	require.Len(t, all, len(want)/2)
	for i, o := range all {
		require.Equal(t, want[2*i+1], o.At.UTC().Format(time.RFC3339), want[2*i])
		require.Equal(t, london, o.At.Location())
	}
	require.Equal(t, "2011-03-27T00:59:00Z", rep.Fields[2].Oldest.UTC().Format(time.RFC3339))
	require.Equal(t, "2011-10-30T02:00:00Z", rep.Fields[2].Newest.UTC().Format(time.RFC3339))
}
