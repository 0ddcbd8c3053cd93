package profile

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// zones with clocks that are set forward and back, at midnight too, and days that are not.
var tasteZones = []string{"UTC", "Asia/Shanghai", "America/New_York", "America/St_Johns", "Pacific/Apia", "Africa/Cairo"}

// aroundChanges are days around which clocks were set in some of the zones.
var aroundChanges = []civil.Day{
	civil.Date(2011, time.December, 29), civil.Date(2010, time.November, 6), civil.Date(2026, time.March, 8), civil.Date(2023, time.April, 28),
}

func tasteZone(t testing.TB, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// on is an occurrence at an instant.
func on(loc *time.Location, micros int64) occurrence {
	return occurrence{time: micros, day: civil.DayOf(time.UnixMicro(micros), loc)}
}

func askedAt(loc *time.Location, micros int64) asOf {
	return asOf{micros, civil.DayOf(time.UnixMicro(micros), loc)}
}

// someTime is within some days around a change of clocks, at times to the hour or at midnight.
func someTime(r *rand.Rand, loc *time.Location, around civil.Day, days int) int64 {
	start := (around + civil.Day(r.IntN(2*days)-days)).Start(loc).UnixMicro()
	switch r.IntN(4) {
	case 0:
		return start
	case 1:
		return start - 1
	default:
		return start + r.Int64N(24*3600*1e6)
	}
}

func stateBytes(s state) []byte {
	w := wire.New("test", 1)
	s.encode(w)
	return w.Data()
}

func readState(t testing.TB, data []byte, s state) state {
	r := wire.Read(data)
	s.decode(r)
	require.NoError(t, r.Close())
	return s
}

// requireState holds a kind of state to its contract, on some occurrences: however they
// come, the state and its results are the same, and agree with what check says; and the
// value stays until next.
func requireState(t *testing.T, r *rand.Rand, a *aggregation, make func(*aggregation) state, all []occurrence, check func(at asOf, got result)) {
	t.Helper()
	whole := make(a)
	for i := range all {
		whole.add(&all[i])
	}
	parts := []state{make(a), make(a), make(a), make(a)}
	for _, i := range r.Perm(len(all)) {
		p := r.IntN(len(parts))
		parts[p].add(&all[i])
		if r.IntN(8) == 0 {
			parts[p] = readState(t, stateBytes(parts[p]), make(a))
		}
	}
	for len(parts) > 1 {
		i := r.IntN(len(parts) - 1)
		before := stateBytes(parts[i+1])
		parts[i].merge(parts[i+1])
		require.Equal(t, before, stateBytes(parts[i+1]), "merge has changed what it took in")
		parts = slices.Delete(parts, i+1, i+2)
	}
	require.Equal(t, stateBytes(whole), stateBytes(parts[0]))
	require.Equal(t, stateBytes(whole), stateBytes(readState(t, stateBytes(whole), make(a))))

	last := int64(0)
	for _, o := range all {
		last = max(last, o.time)
	}
	micros := last + r.Int64N(40*24*3600*1e6)
	if r.IntN(4) == 0 {
		micros = last
	}
	for range 6 {
		at := askedAt(a.loc, micros)
		got := whole.result(at)
		require.Equal(t, got, parts[0].result(at))
		require.Equal(t, got, readState(t, stateBytes(parts[0]), make(a)).result(at))
		check(at, got)

		next := whole.next(at)
		require.Equal(t, next, parts[0].next(at))
		require.Greater(t, next, micros)
		until := min(next, (at.day + 1000).Start(a.loc).UnixMicro())
		samples := []int64{until - 1}
		for day := at.day + 1; day < at.day+70; day++ {
			samples = append(samples, day.Start(a.loc).UnixMicro()-1, day.Start(a.loc).UnixMicro())
		}
		for range 10 {
			samples = append(samples, micros+r.Int64N(until-micros))
		}
		for _, s := range samples {
			if s >= micros && s < until {
				require.Equal(t, got.value, whole.result(askedAt(a.loc, s)).value, "at %v, next %v, differs at %v", time.UnixMicro(micros).In(a.loc), time.UnixMicro(next).In(a.loc), time.UnixMicro(s).In(a.loc))
			}
		}
		micros = until
	}
}

// fuzzState: what decodes is a state like any other.
func fuzzState(f *testing.F, aggregations []*aggregation, make func(*aggregation) state, seeds ...state) {
	for _, s := range seeds {
		for i := range aggregations {
			f.Add(stateBytes(s), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		a := aggregations[int(which)%len(aggregations)]
		s, r := make(a), wire.Read(data)
		s.decode(r)
		if r.Close() != nil {
			return
		}
		bytes := stateBytes(s)
		again := readState(t, bytes, make(a))
		require.Equal(t, bytes, stateBytes(again))
		at := askedAt(a.loc, lastMicros)
		require.Equal(t, s.result(at), again.result(at))
		require.Equal(t, s.next(at), again.next(at))
		merged := make(a)
		merged.merge(s)
		require.Equal(t, bytes, stateBytes(merged))
	})
}
