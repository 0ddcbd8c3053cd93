package identity

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

const tick = int64(time.Minute / time.Microsecond) // the grid of random times

// randomEvidence returns a small entity and evidence of it, such that values, times and
// silences often coincide. Which of the rarer things occur at all is drawn first, so
// that also simple evidence is frequent.
func randomEvidence(seed uint64) (*Entity, *evidence) {
	rng := rand.New(rand.NewPCG(seed, 0))
	chance := func(percent int) bool { return rng.IntN(100) < percent }
	some := func(most int) int { // a percentage that is 0 for two seeds in three
		if chance(67) {
			return 0
		}
		return most
	}
	ticks := func(n int) time.Duration { return time.Duration(tick*int64(1+rng.IntN(n))) * time.Microsecond }
	hash := func() (h blind) {
		binary.BigEndian.PutUint64(h[:], rng.Uint64())
		return h
	}
	linked, parted, passed, shared, unproven, scoped := some(60), some(60), some(30), some(15), some(40), some(40)

	e := &Entity{}
	ev := &evidence{}
	for i := range 2 + rng.IntN(4) {
		t := Type{Name: fmt.Sprintf("t%d", i), Kind: []Kind{Unique, Shareable, Shareable, Ephemeral, Descriptor}[rng.IntN(5)]}
		if t.Kind != Ephemeral {
			t.Most = []int{0, 1, 1, 2, 3}[rng.IntN(5)]
		}
		switch t.Kind {
		case Unique, Shareable:
			if chance(50) {
				t.Silence = ticks(4)
			}
			if chance(30) {
				t.FanOut = 1 + rng.IntN(3)
			}
		case Descriptor:
			t.Most = max(t.Most, 1)
		}
		if t.Most > 0 && chance(25) {
			t.Window = ticks(8)
		}
		if t.Kind != Descriptor && chance(20) {
			t.Lifetime = ticks(8)
		}
		if chance(unproven) {
			t.Proof = Proof(rng.IntN(3))
		}
		e.Types = append(e.Types, t)
		ev.kinds = append(ev.kinds, kindKey{typ: t.Name})
		if chance(scoped) {
			ev.kinds = append(ev.kinds, kindKey{typ: t.Name, scope: "s"})
		}
	}
	if chance(20) {
		ev.kinds = append(ev.kinds, kindKey{typ: "unknown"})
	}
	rng.Shuffle(len(ev.kinds), func(i, j int) { ev.kinds[i], ev.kinds[j] = ev.kinds[j], ev.kinds[i] })

	base := []int64{0, -10 * tick, 1_700_000_000_000_000}[rng.IntN(3)]
	span := 1 + rng.IntN(30)
	at := func() int64 { return base + tick*int64(rng.IntN(span)) }
	variety := 1 + rng.IntN(4)
	for k := range ev.kinds {
		for range 1 + rng.IntN(variety) {
			v := value{kind: int32(k), blind: hash()}
			if t := e.index(ev.kinds[k].typ); t >= 0 && e.Types[t].Kind != Descriptor {
				v.shared = chance(shared)
				for chance(passed) {
					v.cuts = append(v.cuts, cut{ruling: hash(), at: at()})
				}
			}
			ev.values = append(ev.values, v)
		}
	}
	rng.Shuffle(len(ev.values), func(i, j int) { ev.values[i], ev.values[j] = ev.values[j], ev.values[i] })

	hub := rng.IntN(2 * len(ev.values)) // if there is such a value, most observations have it
	loose := []int{0, 30, 80}[rng.IntN(3)]
	marks := 1 + rng.IntN(3)
	observe := func(piece int) {
		o := observation{id: hash(), at: at(), piece: int32(piece)}
		for v := range ev.values {
			if rng.IntN(len(ev.values)) < marks || v == hub && chance(70) {
				o.marks = append(o.marks, mark{int32(v), Proof(rng.IntN(3))})
			}
		}
		ev.seen = append(ev.seen, o)
	}
	for p := range 3 + rng.IntN(12) {
		ev.pieces = append(ev.pieces, piece{})
		if chance(loose) {
			observe(p)
			continue
		}
		ev.pieces[p].atom[0] = byte(p + 1)
		for range rng.IntN(9) / 2 {
			observe(p)
		}
	}
	ruled := rng.Perm(len(ev.pieces))[:min(len(ev.pieces), 3+rng.IntN(4))] // few, and at few times, so that rulings meet
	rule := func(percent int, add func(*piece, ruling)) {
		for chance(percent) {
			l := ruling{id: hash(), at: base + tick*int64(rng.IntN(4))}
			rng.Shuffle(len(ruled), func(i, j int) { ruled[i], ruled[j] = ruled[j], ruled[i] })
			sides := 2 + rng.IntN(2)
			for i, p := range ruled[:2+rng.IntN(len(ruled)-1)] {
				l.side = i % sides
				add(&ev.pieces[p], l)
			}
		}
	}
	rule(linked, func(p *piece, l ruling) { l.side = 0; p.links = append(p.links, l) })
	rule(parted, func(p *piece, s ruling) { p.parts = append(p.parts, s) })
	slices.SortFunc(ev.seen, compareObservations)
	return e, ev
}

// dumpEvidence writes evidence so that the rules can be followed by hand. Hashes are shown by
// their first bytes, times in ticks.
func dumpEvidence(e *Entity, ev *evidence) string {
	var b strings.Builder
	short := func(h blind) string { return fmt.Sprintf("%x", h[:3]) }
	for i, t := range e.Types {
		fmt.Fprintf(&b, "level %d: %s %v", i, t.Name, t.Kind)
		for _, f := range []struct {
			name string
			of   fmt.Stringer
			set  bool
		}{
			{"window", t.Window, t.Window != 0},
			{"silence", t.Silence, t.Silence != 0},
			{"lifetime", t.Lifetime, t.Lifetime != 0},
			{"proof", t.Proof, t.Proof != 0},
		} {
			if f.set {
				fmt.Fprintf(&b, ", %s %v", f.name, f.of)
			}
		}
		if t.Most > 0 {
			fmt.Fprintf(&b, ", most %d", t.Most)
		}
		b.WriteByte('\n')
	}
	used := map[int32]bool{}
	for _, o := range ev.seen {
		for _, m := range o.marks {
			used[m.value] = true
		}
	}
	name := func(v int32) string {
		k := ev.kinds[ev.values[v].kind]
		return fmt.Sprintf("%s/%s=v%d", k.typ, k.scope, v)
	}
	for v, val := range ev.values {
		if !used[int32(v)] {
			continue
		}
		fmt.Fprintf(&b, "%s hash %s", name(int32(v)), short(val.blind))
		if val.shared {
			b.WriteString(" shared")
		}
		for _, c := range val.cuts {
			fmt.Fprintf(&b, " cut at %v", float64(c.at)/float64(tick))
		}
		b.WriteByte('\n')
	}
	for p, pc := range ev.pieces {
		for _, l := range pc.links {
			fmt.Fprintf(&b, "piece %d: link %s at %v\n", p, short(l.id), float64(l.at)/float64(tick))
		}
		for _, s := range pc.parts {
			fmt.Fprintf(&b, "piece %d: side %d of separation %s at %v\n", p, s.side, short(s.id), float64(s.at)/float64(tick))
		}
	}
	for _, o := range ev.seen {
		fmt.Fprintf(&b, "at %v piece %d (%s):", float64(o.at)/float64(tick), o.piece, short(o.id))
		for _, m := range o.marks {
			fmt.Fprintf(&b, " %s %v", name(m.value), m.proof)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// cloneEvidence returns a copy of evidence that shares nothing with it.
func cloneEvidence(ev *evidence) *evidence {
	c := *ev
	c.kinds, c.values, c.pieces, c.seen = slices.Clone(ev.kinds), slices.Clone(ev.values), slices.Clone(ev.pieces), slices.Clone(ev.seen)
	for i := range c.values {
		c.values[i].cuts = slices.Clone(c.values[i].cuts)
	}
	for i := range c.pieces {
		c.pieces[i].links, c.pieces[i].parts = slices.Clone(c.pieces[i].links), slices.Clone(c.pieces[i].parts)
	}
	for i := range c.seen {
		c.seen[i].marks = slices.Clone(c.seen[i].marks)
	}
	return &c
}

// shrinkEvidence takes from evidence whatever it can, one thing at a time, as long as it stays
// wrong.
func shrinkEvidence(ev *evidence, wrong func(*evidence) bool) *evidence {
	for smaller := true; smaller; {
		smaller = false
		try := func(change func(*evidence)) bool {
			c := cloneEvidence(ev)
			change(c)
			if !wrong(c) {
				return false
			}
			ev, smaller = c, true
			return true
		}
		for i := len(ev.seen) - 1; i >= 0; i-- {
			if try(func(c *evidence) { c.seen = slices.Delete(c.seen, i, i+1) }) {
				continue
			}
			for j := len(ev.seen[i].marks) - 1; j >= 0; j-- {
				try(func(c *evidence) { c.seen[i].marks = slices.Delete(c.seen[i].marks, j, j+1) })
			}
		}
		for i := range ev.values {
			if ev.values[i].shared {
				try(func(c *evidence) { c.values[i].shared = false })
			}
			for j := len(ev.values[i].cuts) - 1; j >= 0; j-- {
				try(func(c *evidence) { c.values[i].cuts = slices.Delete(c.values[i].cuts, j, j+1) })
			}
		}
		for i := range ev.pieces {
			for j := len(ev.pieces[i].links) - 1; j >= 0; j-- {
				try(func(c *evidence) { c.pieces[i].links = slices.Delete(c.pieces[i].links, j, j+1) })
			}
			for j := len(ev.pieces[i].parts) - 1; j >= 0; j-- {
				try(func(c *evidence) { c.pieces[i].parts = slices.Delete(c.pieces[i].parts, j, j+1) })
			}
		}
	}
	return ev
}

// parseEvidence reads evidence from lines divided by semicolons. Times are days; hashes ascend in
// the order in which values, observations and rulings are named.
//
//	0 r1 phone=p account=a!    an observation; ! is verified, * attested
//	0 ~1 openid/app=x          one that names no record
//	link 1 r1 r2               rulings
//	part 2 r1 r2 | r3
//	cut 3 phone=p
//	shared phone=p             the value is shared
func parseEvidence(t *testing.T, text string) (ev *evidence, pieces, values []string) {
	t.Helper()
	hashes := uint64(0)
	hash := func() (h blind) {
		hashes++
		binary.BigEndian.PutUint64(h[:], hashes)
		return h
	}
	time := func(s string) int64 {
		days, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return int64(days * 86_400e6)
	}
	ev = &evidence{}
	pieceOf := func(name string) *piece {
		if !slices.Contains(pieces, name) {
			pieces = append(pieces, name)
			ev.pieces = append(ev.pieces, piece{})
			if !strings.HasPrefix(name, "~") {
				ev.pieces[len(pieces)-1].atom[0] = byte(len(pieces))
			}
		}
		return &ev.pieces[slices.Index(pieces, name)]
	}
	valueOf := func(name string) *value {
		if !slices.Contains(values, name) {
			values = append(values, name)
			id, _, _ := strings.Cut(name, "=")
			typ, scope, _ := strings.Cut(id, "/")
			if !slices.Contains(ev.kinds, kindKey{typ, scope}) {
				ev.kinds = append(ev.kinds, kindKey{typ, scope})
			}
			kind := slices.Index(ev.kinds, kindKey{typ, scope})
			ev.values = append(ev.values, value{kind: int32(kind), blind: hash()})
		}
		return &ev.values[slices.Index(values, name)]
	}
	for line := range strings.SplitSeq(text, ";") {
		f := strings.Fields(line)
		switch f[0] {
		case "link":
			l := ruling{id: hash(), at: time(f[1])}
			for _, name := range f[2:] {
				p := pieceOf(name)
				p.links = append(p.links, l)
			}
		case "part":
			s := ruling{id: hash(), at: time(f[1])}
			for _, name := range f[2:] {
				if name == "|" {
					s.side++
					continue
				}
				p := pieceOf(name)
				p.parts = append(p.parts, s)
			}
		case "cut":
			v := valueOf(f[2])
			v.cuts = append(v.cuts, cut{ruling: hash(), at: time(f[1])})
		case "shared":
			valueOf(f[1]).shared = true
		default:
			pieceOf(f[1])
			o := observation{id: hash(), at: time(f[0]), piece: int32(slices.Index(pieces, f[1]))}
			for _, s := range f[2:] {
				name := strings.TrimRight(s, "*!")
				valueOf(name)
				m := mark{value: int32(slices.Index(values, name))}
				switch s[len(name):] {
				case "*":
					m.proof = Attested
				case "!":
					m.proof = Verified
				}
				o.marks = append(o.marks, m)
			}
			slices.SortFunc(o.marks, func(a, b mark) int { return int(a.value - b.value) })
			ev.seen = append(ev.seen, o)
		}
	}
	slices.SortFunc(ev.seen, compareObservations)
	return ev, pieces, values
}

// crowdEvidence returns evidence of n records of the crowd under the default policy: of one
// person over and over, or, crowded, of whoever comes next, all with one phone number.
func crowdEvidence(b *testing.B, n int, crowded bool) (*Entity, *evidence) {
	b.Helper()
	c, err := synth.NewCrowd(1, 500, nil)
	require.NoError(b, err)
	of := map[int][]synth.Record{}
	var all []synth.Record
	person := 0
	for r := range c.Records() {
		of[r.Person] = append(of[r.Person], r)
		all = append(all, r)
		if len(of[r.Person]) == 6 && person == 0 {
			person = r.Person
		}
	}
	if !crowded {
		all = of[person]
	}
	e := &DefaultPolicy().Entities[0]
	ev := &evidence{}
	values := map[Identifier]int32{}
	hash := func(s string) (h blind) {
		sum := sha256.Sum256([]byte(s))
		copy(h[:], sum[:])
		return h
	}
	for i := range n {
		r := all[i%len(all)]
		at := r.Time.AddDate(0, i/len(all), 0).UnixMicro()
		ids := []Identifier{{Type: "name", Value: r.Name}}
		for _, f := range r.Fields {
			if crowded && f.Type == "phone" {
				f.Meaning = "one"
			}
			id := Identifier{Type: f.Type, Scope: f.Scope, Value: f.Meaning}
			if f.Verified {
				id.Proof = Verified
			}
			ids = append(ids, id)
		}
		o := observation{id: hash(strconv.Itoa(i)), at: at, piece: int32(i)}
		for _, id := range ids {
			if id.Value == "" {
				continue
			}
			key := Identifier{Type: id.Type, Scope: id.Scope, Value: id.Value}
			if _, ok := values[key]; !ok {
				k := kindKey{id.Type, id.Scope}
				if !slices.Contains(ev.kinds, k) {
					ev.kinds = append(ev.kinds, k)
				}
				values[key] = int32(len(ev.values))
				ev.values = append(ev.values, value{kind: int32(slices.Index(ev.kinds, k)), blind: hash(fmt.Sprint(key))})
			}
			o.marks = append(o.marks, mark{value: values[key], proof: id.Proof})
		}
		slices.SortFunc(o.marks, func(a, b mark) int { return cmp.Compare(a.value, b.value) })
		o.marks = slices.CompactFunc(o.marks, func(a, b mark) bool { return a.value == b.value })
		ev.seen = append(ev.seen, o)
		p := piece{}
		binary.BigEndian.PutUint64(p.atom[:], uint64(i+1))
		ev.pieces = append(ev.pieces, p)
	}
	slices.SortFunc(ev.seen, compareObservations)
	return e, ev
}
