package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A garden is what is planted to be found where it must not be: personal data, each beginning with one of a
// few seeds, so that looking for the seeds is looking for all.
type garden struct {
	rng   *rand.Rand
	seeds [][]byte // in all forms that are looked for
	n     int
}

const (
	wordSeed  = "Zhǎngsān-q7"    // begins all texts
	digitSeed = "1398467"        // begins all numbers
	jsonSeed  = "<Zhǎngsān-\"q7" // in JSON it is written otherwise
)

func newGarden(seed uint64) *garden {
	g := &garden{rng: rand.New(rand.NewPCG(seed, 11))}
	for _, s := range []string{wordSeed, digitSeed, jsonSeed} {
		quoted, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		var little, big []byte
		for _, u := range utf16.Encode([]rune(s)) {
			little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		}
		g.seeds = append(g.seeds, []byte(s), quoted[1:len(quoted)-1], little, big, []byte(strings.ToLower(s)), fmt.Appendf(nil, "%x", s))
	}
	return g
}

// word is a text that is not to be found.
func (g *garden) word() string {
	g.n++
	return fmt.Sprintf("%s-%d", []string{wordSeed, jsonSeed}[g.rng.IntN(2)], g.n)
}

// few are words of which the same come again.
func (g *garden) few(what string, most int) string {
	return fmt.Sprintf("%s-%s%d", wordSeed, what, g.rng.IntN(most))
}

func (g *garden) phone() string { return fmt.Sprintf("%s%04d", digitSeed, g.rng.IntN(12)) }

// grows returns what of the garden is in data, or nothing.
func (g *garden) grows(data []byte) string {
	for _, s := range g.seeds {
		if bytes.Contains(data, s) {
			return fmt.Sprintf("%q has %q", data, s)
		}
	}
	return ""
}

// A fenced store looks at all that is written to it, also what is deleted again later.
type fenced struct {
	store.Store
	garden *garden

	mu     sync.Mutex
	found  []string
	writes int
	left   int // commits that succeed; negative: all
}

func (s *fenced) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range b.Writes {
		s.writes++
		for _, data := range [][]byte{w.Key, w.Value} {
			if what := s.garden.grows(data); what != "" {
				s.found = append(s.found, what)
			}
		}
	}
	for _, c := range b.Conditions {
		if what := s.garden.grows(c.Key); what != "" {
			s.found = append(s.found, what)
		}
	}
	if s.left--; s.left == -1 {
		return 0, errBroken
	}
	return s.Store.Commit(ctx, b)
}

// TestNothingPlantedIsWritten does all that a graph can do with personal data, and looks for it in every key and
// value that was ever written, in every error, and in what is printed of results.
func TestNothingPlantedIsWritten(t *testing.T) {
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	require.NoError(t, err)
	sentinels := map[error]int{}
	everySeed(t, time.Second, func(seed uint64) {
		f := newGarden(seed)
		s := &fenced{Store: store.Limited(new(store.Memory), store.MinLimits), garden: f, left: -1}
		o := sealedOptions(t, s)
		o.Normalizers = map[string]normalize.Normalizer{"phone": phone, "name": normalize.Name(nil)}
		policy := DefaultPolicy()
		for i := range policy.Entities[0].Types {
			if ty := &policy.Entities[0].Types[i]; ty.FanOut > 0 {
				ty.FanOut = 2
			}
		}
		g, err := Open(t.Context(), s, policy, o)
		require.NoError(t, err)
		p := &planter{garden: f, t: t, g: g, sentinels: sentinels}
		for range 40 {
			if f.rng.IntN(12) == 0 {
				s.left = f.rng.IntN(4) // it breaks off in the middle
			}
			p.step()
			s.left = -1
		}
		p.check(g.Resume(t.Context()))
		require.Empty(t, s.found, "seed %d", seed)
		require.Greater(t, s.writes, 20)
		for change, err := range g.Changes(t.Context(), customer.Cursor{}) {
			require.NoError(t, err)
			data, err := json.Marshal(change)
			require.NoError(t, err)
			require.Empty(t, f.grows(data))
		}
		var dump bytes.Buffer
		require.NoError(t, store.Dump(t.Context(), s, store.Range{}, &dump))
		require.Empty(t, f.grows(dump.Bytes()))
	})
	for _, err := range []error{ErrInput, ErrReused, ErrRetracted, ErrErased, ErrUnknown, errBroken, seal.ErrOpen} {
		require.Positive(t, sentinels[err], err)
	}
}

// Without keys all of it is found, so that it is not for want of looking.
func TestPlantedIsFound(t *testing.T) {
	f := newGarden(1)
	s := &fenced{Store: new(store.Memory), garden: f, left: -1}
	g, err := Open(t.Context(), s, nil, nil)
	require.NoError(t, err)
	p := &planter{garden: f, t: t, g: g}
	for range 10 {
		o := p.observation()
		s.found = nil
		_, err := g.Observe(t.Context(), o)
		require.NoError(t, err)
		require.NotEmpty(t, s.found)
	}
}

// A planter does what a graph can do.
type planter struct {
	*garden
	t         *testing.T
	g         *Graph
	sentinels map[error]int // that have occurred

	made                     []Observation
	observed, ruled, related []string
	records                  []Record
	customers                []customer.ID
}

// check looks at an error.
func (p *planter) check(err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v", err, err, err)} {
		require.Empty(p.t, p.grows([]byte(text)))
	}
	for _, e := range []error{ErrInput, ErrReused, ErrRetracted, ErrErased, ErrUnknown, ErrPolicy, errBroken, seal.ErrOpen} {
		if errors.Is(err, e) {
			p.sentinels[e]++
		}
	}
}

// print looks at a result that has no personal data.
func (p *planter) print(results ...any) {
	p.t.Helper()
	for _, r := range results {
		require.Empty(p.t, p.grows(fmt.Appendf(nil, "%v %+v %#v", r, r, r)))
	}
}

func (p *planter) identifier() Identifier {
	d := Identifier{Proof: Verified}
	switch p.rng.IntN(6) {
	case 0, 1:
		d.Type, d.Value = "phone", p.phone()
	case 2:
		d.Type, d.Value = "email", p.few("mail", 4)+"@mail.cn"
	case 3:
		d.Type, d.Value = "account", p.few("account", 4)
	case 4:
		d.Type, d.Value = "cookie", p.few("cookie", 2)
	default:
		d.Type, d.Value = "name", p.few("name", 3)
	}
	return d
}

func (p *planter) observation() Observation {
	o := Observation{ID: p.word(), Source: "shop", Time: noon.Add(time.Duration(p.rng.IntN(3000)) * time.Minute)}
	if p.rng.IntN(3) > 0 {
		o.Record = p.few("record", 8)
		p.records = append(p.records, Record{"shop", o.Record, ""})
	}
	for range 1 + p.rng.IntN(3) {
		o.Identifiers = append(o.Identifiers, p.identifier())
	}
	p.observed = append(p.observed, o.ID)
	return o
}

// wrong makes an observation wrong in some way, with what is personal in the wrong place.
func (p *planter) wrong() Observation {
	o := p.observation()
	o.Identifiers = append(o.Identifiers, p.identifier())
	d := &o.Identifiers[0]
	switch p.rng.IntN(10) {
	case 0:
		o.ID = strings.Repeat(p.word(), 40)
	case 1:
		o.Source = strings.Repeat(p.word(), 40)
	case 2:
		o.Entity = p.word()
	case 3:
		o.Time = time.Time{}
	case 4:
		d.Type = p.word()
	case 5:
		d.Scope = p.word()
	case 6:
		d.Value += "\x00"
	case 7:
		d.Proof = 9
	case 8:
		o.ID = p.some(p.observed)
	default: // refused by the normaliser
		o.Identifiers[0] = Identifier{Type: "phone", Value: p.phone() + p.word()}
	}
	return o
}

func (p *planter) some(of []string) string {
	if len(of) == 0 || p.rng.IntN(8) == 0 {
		return p.word()
	}
	return of[p.rng.IntN(len(of))]
}

func (p *planter) record() Record {
	if len(p.records) == 0 || p.rng.IntN(8) == 0 {
		return Record{"shop", p.word(), ""}
	}
	return p.records[p.rng.IntN(len(p.records))]
}

func (p *planter) ruling() Ruling {
	r := Ruling{ID: p.word(), Actor: p.word(), Reason: p.word(), Time: noon}
	switch p.rng.IntN(12) {
	case 0:
		r.ID = p.some(p.ruled)
	case 1:
		r.Reason = strings.Repeat(r.Reason, 100)
	case 2:
		r.Actor += "\x00"
	}
	p.ruled = append(p.ruled, r.ID)
	return r
}

func (p *planter) customer() customer.ID {
	if len(p.customers) == 0 || p.rng.IntN(8) == 0 {
		return customer.FromInt64(7)
	}
	return p.customers[p.rng.IntN(len(p.customers))]
}

// step does something.
func (p *planter) step() {
	ctx, g := p.t.Context(), p.g
	at := noon.Add(time.Duration(p.rng.IntN(100)) * time.Minute)
	switch p.rng.IntN(19) {
	case 0, 1, 2, 3:
		o := p.observation()
		if len(p.made) > 0 && p.rng.IntN(4) == 0 { // a replay
			o = p.made[p.rng.IntN(len(p.made))]
		}
		p.made = append(p.made, o)
		r, err := g.Observe(ctx, o)
		p.check(err)
		p.print(r)
		if err == nil {
			p.customers = append(p.customers, r.Customer)
		}
	case 4, 5:
		r, err := g.Observe(ctx, p.wrong())
		p.check(err)
		p.print(r)
	case 6:
		var all []Observation
		for range p.rng.IntN(20) {
			all = append(all, p.observation())
			if p.rng.IntN(5) == 0 {
				all = append(all, p.wrong())
			}
		}
		sum, err := g.ObserveMany(ctx, slices.Values(all), &ManyOptions{Rejected: func(_ int, err error) { p.check(err) }})
		p.check(err)
		p.print(sum)
	case 7:
		p.check(g.Retract(ctx, at, p.some(p.observed)))
	case 8:
		p.check(g.Link(ctx, p.ruling(), p.record(), p.record()))
	case 9:
		p.check(g.Separate(ctx, p.ruling(), []Record{p.record()}, []Record{p.record()}))
	case 10:
		p.check(g.Split(ctx, p.ruling(), p.record()))
	case 11:
		d := p.identifier()
		p.check(g.Rebind(ctx, p.ruling(), []string{"", p.word()}[p.rng.IntN(8)/7], d, at))
	case 12:
		p.check(g.Revoke(ctx, at, p.some(p.ruled)))
	case 13:
		r := Relation{ID: p.word(), Kind: "household", From: p.record(), To: p.record()}
		if p.rng.IntN(6) == 0 {
			r.Kind = p.word()
		}
		p.related = append(p.related, r.ID)
		p.check(g.Relate(ctx, r))
	case 14:
		p.check(g.Unrelate(ctx, p.some(p.related)))
	case 15:
		p.check(g.Erase(ctx, p.customer(), p.ruling()))
	case 16:
		policy := g.Policy()
		for i := range policy.Entities[0].Types {
			if ty := &policy.Entities[0].Types[i]; ty.FanOut > 0 {
				ty.FanOut = 1 + p.rng.IntN(3)
			}
		}
		diff, err := g.Apply(ctx, policy, nil)
		p.check(err)
		p.print(diff)
	case 17: // another key does not open it
		wrapper, err := seal.NewLocal(bytes.Repeat([]byte{9}, seal.KeyBytes))
		require.NoError(p.t, err)
		o := g.o
		o.Vault, err = seal.NewVault(g.s, wrapper, nil)
		require.NoError(p.t, err)
		other, err := Open(ctx, g.s, nil, &o)
		p.check(err)
		if err == nil {
			_, err = collect(other.Observations(ctx, p.customer()))
			p.check(err)
		}
	default:
		p.read()
	}
}

// read asks for everything.
func (p *planter) read() {
	ctx, g := p.t.Context(), p.g
	id := p.customer()
	c, err := g.Customer(ctx, id)
	p.check(err)
	members, err := g.Members(ctx, id)
	p.check(err)
	trace, err := g.Trace(ctx, id)
	p.check(err)
	bindings, err := g.Find(ctx, "", p.identifier())
	p.check(err)
	_, err = g.Find(ctx, p.word(), Identifier{Type: p.word(), Value: p.word()})
	p.check(err)
	_, _, err = g.Lookup(ctx, p.record())
	p.check(err)
	_, _, err = g.Ruling(ctx, p.some(p.ruled))
	p.check(err)
	_, err = g.Explain(ctx, Ref{Record: p.record()}, Ref{Record: p.record()})
	p.check(err)
	_, err = g.Relations(ctx, time.Time{}, id)
	p.check(err)
	_, err = collect(g.Observations(ctx, id))
	p.check(err)
	measures, err := g.Measure(ctx, "")
	p.check(err)
	p.print(c, members, trace, bindings, measures)
}
