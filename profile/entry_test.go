package profile

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// allKinds are values of every kind, with the extremes.
var allKinds = []customer.Value{
	{},
	customer.BoolValue(true), customer.BoolValue(false), customer.Int64Value(0), customer.Int64Value(-1 << 63),
	customer.Int64Value(1<<63 - 1), customer.Float64Value(-0.5), customer.Float64Value(1e300), customer.DecimalValue(1250, 2),
	customer.DecimalValue(-1<<63, 18), customer.DecimalValue(0, 3), customer.TextValue(""), customer.TextValue("Zoë 王"),
	customer.LabelsValue(), customer.LabelsValue("b", "a", "b"), customer.TimeValue(time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)),
	customer.TimeValue(time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)),
}

func TestValuesKeepTheirMeaning(t *testing.T) {
	for _, v := range allKinds {
		w := wire.New("v", 1)
		writeValue(w, v)
		r := wire.Read(w.Data())
		require.True(t, readValue(r) == v, v.String())
		require.NoError(t, r.Close())
	}
}

// randomEntry has times of all magnitudes: seconds, microseconds, before 1970, and that
// of its neighbours.
func randomEntry(rng *rand.Rand, base int64) entry {
	times := []int64{0, base, -1, base + rng.Int64N(1e12), (base/second + rng.Int64N(1e6)) * second, -62135596800 * second, 253402300799*second + 999_999}
	e := entry{
		id: fmt.Sprint("e", rng.Uint64()), time: times[rng.IntN(len(times))], learned: times[rng.IntN(len(times))],
		source: uint32(1 + rng.IntN(300)), event: uint32(rng.IntN(3)), verified: rng.IntN(2) == 0,
	}
	if rng.IntN(4) == 0 {
		e.retracted = 1 + rng.Int64N(1e15)
	}
	for n := range rng.IntN(6) {
		e.values = append(e.values, numbered{number: uint32(1 + 40*n), value: allKinds[rng.IntN(len(allKinds))]})
	}
	return e
}

// same tells whether two entries say the same, whenever they were added.
func (e *entry) same(f *entry) bool {
	return e.id == f.id && e.time == f.time && e.source == f.source && e.event == f.event &&
		e.verified == f.verified && slices.EqualFunc(e.values, f.values, func(v, w numbered) bool {
		return v.number == w.number && v.value == w.value &&
			(v.sealed == nil || w.sealed == nil || v.sealed.schema == w.sealed.schema && bytes.Equal(v.sealed.data, w.sealed.data))
	})
}

func requireEntries(t *testing.T, want, got []entry) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		w, g := &want[i], &got[i]
		require.True(t, w.same(g) && w.learned == g.learned && w.retracted == g.retracted, "entry %d: %v, should be %v", i, g, w)
	}
}

func TestPagesKeepEntries(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 100 {
		var all []entry
		var tail []byte
		for range n {
			e := randomEntry(rng, 1_767_225_600*second)
			all = append(all, e)
			w, base, err := appendTo(tail, rng.IntN(100), e.learned, false)
			require.NoError(t, err)
			e.encode(w, base, nil)
			tail = w.Data()
		}
		got, err := readEntries(tail)
		require.NoError(t, err)
		requireEntries(t, all, got)
		require.Equal(t, tail, encodeTail(all, nil), "appended or as a whole: the same bytes")
	}
}

func TestEntriesOfPagesDoNotShareValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	var all []entry
	for range 500 {
		all = append(all, randomEntry(rng, 0))
	}
	got, err := readEntries(encodePage(all, nil))
	require.NoError(t, err)
	for i := range got {
		got[i].values = append(got[i].values, numbered{number: 1 << 30})
	}
	for i := range got {
		got[i].values = got[i].values[:len(all[i].values)]
	}
	requireEntries(t, all, got)
}

func TestHeadKeepsAll(t *testing.T) {
	full := &head{
		claims: []customer.ID{customer.FromInt64(1), customer.FromInt64(2)}, outside: true, edits: 4, pages: 3, latest: -5, parts: 2,
		marks: make([]byte, 2*markSize), tail: []byte("tail"), aside: []byte("aside"),
	}
	for _, h := range []*head{{}, {erased: true, claims: full.claims[:1]}, {outside: true, edits: 1}, full} {
		got, err := decodeHead(store.Entry{Value: h.encode(), Version: 7})
		require.NoError(t, err)
		require.EqualValues(t, 7, got.version)
		require.Equal(t, h.encode(), got.encode())
		require.Equal(t, h.claims, got.claims)
		require.Equal(t, []any{h.erased, h.pages, h.latest, h.parts}, []any{got.erased, got.pages, got.latest, got.parts})
	}
	empty, err := decodeHead(store.Entry{})
	require.NoError(t, err)
	require.Equal(t, &head{}, empty)
	full.claims[0], full.claims[1] = full.claims[1], full.claims[0]
	_, err = decodeHead(store.Entry{Value: full.encode(), Version: 7})
	require.ErrorIs(t, err, store.ErrCorrupt)
}

func TestAsideIsBounded(t *testing.T) {
	long := string(slices.Repeat([]byte("x"), mostName))
	a := new(aside)
	for i := range 1000 {
		a.add(Rejected{
			Source: long[:60] + fmt.Sprint(i%80), Event: long[:64], Name: long[:252] + fmt.Sprint(i%90), Reason: Reason(1 + i%5),
			Evidence: long, Value: asideText(customer.TextValue(long + long)),
		})
	}
	require.Len(t, a.newest, mostAside)
	require.LessOrEqual(t, len(a.counts), mostAsideKinds+len(reasons))
	total := uint64(0)
	for _, c := range a.counts {
		total += c.n
	}
	require.EqualValues(t, 1000, total)
	h := head{claims: make([]customer.ID, 4), marks: make([]byte, mostMarks*markSize), tail: make([]byte, mostTail), aside: a.encode(nil), outside: true, pages: 1}
	require.Less(t, len(h.encode()), store.MinLimits.ValueBytes)
	got, err := readAside(h.aside)
	require.NoError(t, err)
	require.Equal(t, h.aside, got.encode(nil))
	a.forget(long)
	require.Empty(t, a.newest)
}

func TestAsideText(t *testing.T) {
	for want, v := range map[string]customer.Value{
		"x": customer.TextValue("x"), `{"float64":12.5}`: customer.Float64Value(12.5), `{"decimal":"12.5"}`: customer.DecimalValue(125, 1), "NaN": customer.Float64Value(math.NaN()),
		"a\uFFFDb": customer.TextValue("a\xffb"), `["a","b"]`: customer.LabelsValue("b", "a"), ", a": customer.LabelsValue("", "a"), "true": customer.BoolValue(true),
	} {
		require.Equal(t, want, asideText(v))
	}
	wang := "王"
	for len(wang) < 1000 {
		wang += wang
	}
	require.Equal(t, wang[:255], asideText(customer.TextValue(wang)))
	require.Len(t, asideText(customer.TextValue(string(make([]byte, 1000)))), 256)
}

func FuzzLog(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 1))
	all := make([]entry, 5)
	for i := range all {
		all[i] = randomEntry(rng, 0)
	}
	a := new(aside)
	a.add(Rejected{Source: "s", Name: "n", Reason: NoMatch, Evidence: "e", Value: "v"})
	h := head{claims: make([]customer.ID, 1), outside: true, pages: 2, parts: 1, marks: make([]byte, markSize), tail: encodePage(all, nil), aside: a.encode(nil)}
	f.Add(encodePage(all, nil))
	f.Add(a.encode(nil))
	f.Add(h.encode())
	f.Add(encodePlace(3, contentSum{1}))
	closed := []entry{{id: "x", source: 1, values: []numbered{{number: 2, sealed: &sealedValue{7, []byte{1, 2}}}, {number: 3, value: customer.BoolValue(true)}}}}
	h = head{keyed: true, tail: encodeTail(closed, nil), aside: (&aside{counts: a.counts, sealed: &sealedValue{1, []byte{9}}}).encode(nil)}
	f.Add(encodePage(closed, nil))
	f.Add(h.aside)
	f.Add(h.encode())
	// What can be read can be written, and read again.
	f.Fuzz(func(t *testing.T, data []byte) {
		if entries, err := readEntries(data); err == nil && len(data) > 0 {
			again, err := readEntries(encodePage(entries, nil))
			require.NoError(t, err)
			requireEntries(t, entries, again)
		}
		if a, err := readAside(data); err == nil && len(data) > 0 {
			_, err = readAside(a.encode(nil))
			require.NoError(t, err)
		}
		if h, err := decodeHead(store.Entry{Value: data, Version: 1}); err == nil {
			require.Equal(t, data, h.encode())
		}
		if page, sum, found, err := readPlace(store.Entry{Value: data, Version: 1}); err == nil {
			require.True(t, found)
			require.Equal(t, data, encodePlace(page, sum))
		}
	})
}
