package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// slow evaluates a rule as its documentation says, part by part as it is written, with fractions instead of stored
// numbers and one day after the other instead of windows. Nothing of bind, stored and civil is in it.
func slow(n *node, id customer.ID, values map[string]customer.Value, tags *Catalogue, m moment,
	sets func(string) func(customer.ID) bool, segments func(string) Rule,
) bool {
	ref := reference{id, values, tags, m, sets, segments}
	return ref.holds(n)
}

type reference struct {
	id       customer.ID
	values   map[string]customer.Value
	tags     *Catalogue
	m        moment
	sets     func(string) func(customer.ID) bool
	segments func(string) Rule
}

func (r *reference) holds(n *node) bool {
	count := 0
	for _, k := range n.kids {
		if r.holds(k) {
			count++
		}
	}
	switch n.op {
	case opAll:
		return count == len(n.kids)
	case opAny:
		return count > 0
	case opNot:
		return count == 0
	case opAtLeast:
		return count >= n.k
	case opSample:
		return slowBucket(n.name, r.id) < n.k
	case opInSet:
		return r.sets(n.name)(r.id)
	case opSegment:
		return r.holds(r.segments(n.name).node())
	}
	t, _ := r.tags.Tag(n.tag)
	v := r.values[n.tag]
	if n.op == opUnset {
		return v.IsUnset()
	}
	if v.IsUnset() {
		return false
	}
	switch n.op {
	case opCompare:
		return r.compare(t, v, n.cmp, n.values[0])
	case opCompareTags:
		return r.compareTags(t, v, n)
	case opIn:
		return slices.ContainsFunc(n.values, func(l literal) bool { return r.compare(t, v, eq, l) })
	case opBetween:
		return r.compare(t, v, ge, n.values[0]) && r.compare(t, v, le, n.values[1])
	case opHasAny:
		return slices.ContainsFunc(n.values, func(l literal) bool { return hasLabel(v, l) })
	case opHasAll:
		return !slices.ContainsFunc(n.values, func(l literal) bool { return !hasLabel(v, l) })
	case opSet:
		return true
	case opAnniversary:
		return r.anniversary(t, v, n.k)
	}
	return r.inWindow(t, v, n)
}

func (r *reference) compare(t Tag, v customer.Value, c comparison, l literal) bool {
	switch t.Kind {
	case Flag, Enum:
		same := v == l.value
		if text, ok := v.Text(); ok && t.Hierarchy {
			above, _ := l.value.Text()
			same = same || strings.HasPrefix(text, above+"/")
		}
		return same == (c == eq)
	case Integer, Decimal:
		return c.holds(fraction(v).Cmp(fraction(l.value)))
	case Float:
		near, _ := fraction(l.value).Float64()
		return c.holds(fraction(v).Cmp(new(big.Rat).SetFloat64(near)))
	}
	day, isDay := l.day, l.isDay
	at, _ := l.value.Time()
	if text, ok := l.value.Text(); ok && !isDay {
		d, err := time.Parse("2006-01-02", text)
		if isDay = err == nil; isDay {
			return c.holds(int(slowDay(slowFloor(t, v), r.m.loc) - d.Unix()/86400))
		}
		at, _ = time.Parse(time.RFC3339, text)
	}
	if isDay {
		return c.holds(int(slowDay(slowFloor(t, v), r.m.loc)) - int(day))
	}
	return c.holds(slowFloor(t, v).Compare(at))
}

func (r *reference) compareTags(t Tag, v customer.Value, n *node) bool {
	u, _ := r.tags.Tag(n.other)
	w := r.values[n.other]
	switch {
	case w.IsUnset():
		return false
	case t.Kind == Flag || t.Kind == Enum:
		return (v == w) == (n.cmp == eq)
	case t.Kind == Time:
		return n.cmp.holds(slowFloor(t, v).Compare(slowFloor(u, w)))
	}
	return n.cmp.holds(fraction(v).Cmp(fraction(w)))
}

func hasLabel(v customer.Value, l literal) bool {
	text, _ := l.value.Text()
	return slices.Contains(slices.Collect(v.Labels()), text)
}

func (r *reference) inWindow(t Tag, v customer.Value, n *node) bool {
	at := slowFloor(t, v)
	size := big.NewInt(int64(n.window.n))
	age := big.NewInt(0)
	if n.window.hours {
		age.Sub(nanos(r.m.at), nanos(at))
		size.Mul(size, big.NewInt(3600e9))
	} else {
		age.SetInt64(slowDay(r.m.at, r.m.loc) - slowDay(at, r.m.loc))
	}
	switch n.op {
	case opWithin:
		return age.Sign() >= 0 && age.Cmp(size) < 0
	case opOlder:
		return age.Cmp(size) >= 0
	}
	ahead := age.Neg(age)
	return ahead.Sign() >= 0 && ahead.Cmp(size) < 0
}

func (r *reference) anniversary(t Tag, v customer.Value, days int) bool {
	born := time.Unix(slowDay(slowFloor(t, v), r.m.loc)*86400, 0).UTC()
	today := time.Unix(slowDay(r.m.at, r.m.loc)*86400, 0).UTC()
	for i := range days {
		day := today.AddDate(0, 0, i)
		month, d := born.Month(), born.Day()
		if d == 29 && month == time.February && time.Date(day.Year(), 2, 29, 0, 0, 0, 0, time.UTC).Day() != 29 {
			d = 28
		}
		if day.Year() > born.Year() && day.Month() == month && day.Day() == d {
			return true
		}
	}
	return false
}

// fraction returns a number exactly.
func fraction(v customer.Value) *big.Rat {
	if f, ok := v.Float64(); ok {
		return new(big.Rat).SetFloat64(f)
	}
	if n, ok := v.Int64(); ok {
		return new(big.Rat).SetInt64(n)
	}
	c, scale, _ := v.Decimal()
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(big.NewInt(c), power)
}

// nanos returns the nanoseconds from 1970 to t.
func nanos(t time.Time) *big.Int {
	n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9))
	return n.Add(n, big.NewInt(int64(t.Nanosecond())))
}

// slowFloor returns the instant of a time rounded down to the unit of its tag.
func slowFloor(t Tag, v customer.Value) time.Time {
	at, _ := v.Time()
	unit := big.NewInt(int64(t.Unit))
	if t.Unit == 0 {
		unit = big.NewInt(1e9)
	}
	n := nanos(at)
	n.Sub(n, new(big.Int).Mod(n, unit)) // Mod is never negative
	sec, nsec := new(big.Int).DivMod(n, big.NewInt(1e9), new(big.Int))
	return time.Unix(sec.Int64(), nsec.Int64()).UTC()
}

// slowDay returns the local day in which t lies, counted from 1970-01-01: a day lasts from the first instant at which
// clocks show its date, or a later one, until that of the next day.
func slowDay(t time.Time, loc *time.Location) int64 {
	day := clockDay(t.Unix(), loc)
	for slowStart(day+1, loc) <= t.Unix() {
		day++
	}
	return day
}

// clockDay returns the date that clocks show.
func clockDay(unix int64, loc *time.Location) int64 {
	y, m, d := time.Unix(unix, 0).In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

type zonedDay struct {
	day int64
	loc *time.Location
}

var slowStarts sync.Map // of zonedDay, to unix seconds

// slowStart returns the unix second in which a day begins: it goes through the minutes of four days, and the seconds of
// the last of them. Where the offset is the same in all their hours the answer is plain.
func slowStart(day int64, loc *time.Location) int64 {
	if start, ok := slowStarts.Load(zonedDay{day, loc}); ok {
		return start.(int64)
	}
	from := (day - 2) * 86400
	offset := func(hour int64) int {
		_, offset := time.Unix(from+hour*3600, 0).In(loc).Zone()
		return offset
	}
	constant := true
	for hour := range int64(4 * 24) {
		constant = constant && offset(hour) == offset(0)
	}
	start := day*86400 - int64(offset(0))
	if !constant {
		for start = from; clockDay(start+60, loc) < day; start += 60 {
		}
		for ; clockDay(start, loc) < day; start++ {
		}
	}
	slowStarts.Store(zonedDay{day, loc}, start)
	return start
}

// slowBucket is Sample by its formula, in whole numbers without end.
func slowBucket(salt string, id customer.ID) int {
	sum := sha256.Sum256([]byte(salt))
	k0, k1 := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
	step := func(z uint64) uint64 {
		z ^= z >> 30
		z *= 0xbf58476d1ce4e5b9
		z ^= z >> 27
		z *= 0x94d049bb133111eb
		z ^= z >> 31
		return z
	}
	a, b := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	hash := new(big.Int).SetUint64(step((step(a^k0) + b) ^ k1))
	hash.Mul(hash, big.NewInt(10_000))
	return int(hash.Rsh(hash, 64).Int64())
}
