package access

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

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/profile"
)

// An origin is where a value of the model comes from.
type origin struct {
	value customer.Value
	atoms []customer.AtomID
}

// A model knows what is true of customers and what they said, in the most obvious way.
type model struct {
	r       *rand.Rand
	schema  *profile.Schema
	policy  *Policy
	of      map[customer.ID]map[string]origin
	atoms   map[customer.ID][]customer.AtomID
	granted map[customer.AtomID]bool
	refused map[customer.AtomID]bool
}

// newModel draws a schema, a policy, customers and their choices, and puts them into a world.
func newModel(t *testing.T, seed uint64) (*model, *world) {
	r := rand.New(rand.NewPCG(seed, 7))
	m := &model{
		r: r, schema: &profile.Schema{Location: "Asia/Shanghai", Sources: []profile.Source{{Name: "shop"}}}, policy: &Policy{
			Purposes: []Purpose{{Name: "service", Basis: consent.LegalDuty}, {Name: "marketing", Consent: "offers"}},
			Masks:    map[string]Mask{},
		},
		of: map[customer.ID]map[string]origin{}, atoms: map[customer.ID][]customer.AtomID{},
		granted: map[customer.AtomID]bool{}, refused: map[customer.AtomID]bool{},
	}
	var all []string
	for i := range 1 + r.IntN(12) {
		name := fmt.Sprintf("t%d", i)
		all = append(all, name)
		m.schema.Traits = append(m.schema.Traits, profile.Trait{Name: name, Kind: customer.KindText, Sensitivity: profile.Sensitivity(r.IntN(4)), Searchable: r.IntN(2) == 0})
		if r.IntN(2) == 0 {
			m.policy.Masks[name] = Mask(r.IntN(len(maskNames)))
		}
	}
	for i := range r.IntN(4) {
		name, event := fmt.Sprintf("c%d", i), fmt.Sprintf("e%d", i)
		all = append(all, name)
		m.schema.Events = append(m.schema.Events, profile.Event{Name: event})
		m.schema.Computed = append(m.schema.Computed, profile.Computed{Name: name, Of: profile.Count, Events: []string{event}, Sensitivity: profile.Sensitivity(r.IntN(4))})
	}
	for i := range 1 + r.IntN(4) {
		role := Role{Name: fmt.Sprintf("r%d", i)}
		for _, purpose := range m.policy.Purposes {
			if r.IntN(4) == 0 {
				continue
			}
			show := []Show{Show(r.IntN(3)), Show(r.IntN(3)), Show(r.IntN(3)), Show(r.IntN(3))}
			slices.Sort(show)
			g := Grant{Purpose: purpose.Name, Show: Levels{show[3], show[2], show[1], show[0]}, Bulk: r.IntN(2) == 0, Traits: map[string]Show{}}
			for _, name := range all {
				if r.IntN(4) == 0 {
					g.Traits[name] = Show(r.IntN(3))
				}
			}
			for j := range m.schema.Traits {
				if tr := &m.schema.Traits[j]; tr.Searchable && g.show(tr.Name, tr.Sensitivity) != Denied && r.IntN(2) == 0 {
					g.Find = append(g.Find, tr.Name)
				}
			}
			role.Grants = append(role.Grants, g)
		}
		m.policy.Roles = append(m.policy.Roles, role)
	}
	w := newWorld(t, m.schema)
	for n := range 1 + r.IntN(6) {
		m.person(w, n)
	}
	w.sync()
	w.approver = &approving{a: Approval{By: "boss", ID: "1"}}
	w.open(m.policy)
	return m, w
}

// person draws a customer.
func (m *model) person(w *world, n int) {
	id := customer.FromInt64(int64(n))
	for i := range 1 + m.r.IntN(4) {
		m.atoms[id] = append(m.atoms[id], atomOf(100*n+i))
	}
	w.feed.created(id, m.atoms[id]...)
	m.of[id] = map[string]origin{}
	some := func() customer.AtomID { return m.atoms[id][m.r.IntN(len(m.atoms[id]))] }
	for i := range m.schema.Traits {
		if m.r.IntN(4) == 0 {
			continue
		}
		a, name := some(), m.schema.Traits[i].Name
		value := customer.TextValue(fmt.Sprintf("planted%d-%s-%d", m.r.IntN(3), name, m.r.IntN(3)))
		m.of[id][name] = origin{value, []customer.AtomID{a}}
		w.state(a, "s"+name, customer.Field{Name: name, Value: value})
	}
	for i := range m.schema.Computed {
		o := origin{}
		count := m.r.IntN(4)
		for k := range count {
			a := some()
			o.atoms = append(o.atoms, a)
			w.add(profile.Evidence{Atom: a, ID: fmt.Sprint("e", i, k), Source: "shop", Event: m.schema.Events[i].Name, Time: noon.AddDate(0, 0, -5)})
		}
		o.value = customer.Int64Value(int64(count))
		m.of[id][m.schema.Computed[i].Name] = o
	}
	for _, a := range m.atoms[id] {
		switch m.r.IntN(5) {
		case 0, 1, 2:
			m.granted[a] = true
			w.agree(a, "1", noon.AddDate(0, 0, -1), consent.Granted)
		case 3:
			if m.r.IntN(3) == 0 {
				m.refused[a] = true
				w.agree(a, "1", noon.AddDate(0, 0, -1), consent.Refused)
			}
		}
	}
}

// shown is what a reader may see of a name: the slow version.
func (m *model) shown(by Reader, id customer.ID, name string) (Show, Reason) {
	show := Denied
	for _, role := range m.policy.Roles {
		for _, g := range role.Grants {
			if role.Name != by.Role || g.Purpose != by.Purpose {
				continue
			}
			var s profile.Sensitivity
			for _, t := range m.schema.Traits {
				if t.Name == name {
					s = t.Sensitivity
				}
			}
			for _, c := range m.schema.Computed {
				if c.Name == name {
					s = c.Sensitivity
				}
			}
			show = []Show{g.Show.Public, g.Show.Internal, g.Show.Personal, g.Show.Sensitive}[s]
			if exception, ok := g.Traits[name]; ok {
				show = exception
			}
		}
	}
	if show == Denied {
		return Denied, NoGrant
	}
	if by.Purpose == "service" {
		return show, 0
	}
	some := false
	for _, a := range m.atoms[id] {
		if m.refused[a] {
			return Denied, NoConsent
		}
		some = some || m.granted[a]
	}
	for _, a := range m.of[id][name].atoms {
		if !m.granted[a] {
			return Denied, NoConsent
		}
	}
	if !some {
		return Denied, NoConsent
	}
	return show, 0
}

func (m *model) grant(by Reader) *Grant {
	for _, role := range m.policy.Roles {
		for i := range role.Grants {
			if role.Name == by.Role && role.Grants[i].Purpose == by.Purpose {
				return &role.Grants[i]
			}
		}
	}
	return nil
}

func TestModel(t *testing.T) {
	worlds := uint64(150)
	if race.Enabled {
		worlds = 20
	}
	for seed := range worlds {
		m, w := newModel(t, seed)
		for _, role := range m.policy.Roles {
			for _, purpose := range []string{"service", "marketing"} {
				m.compare(t, w, Reader{Actor: "emp", Role: role.Name, Purpose: purpose, Ticket: fmt.Sprint(seed)})
			}
		}
	}
}

// compare looks at everybody, finds everybody and exports everything as a reader.
func (m *model) compare(t *testing.T, w *world, by Reader) {
	ctx := context.Background()
	g, grant := w.gate, m.grant(by)
	var columns []string
	rows := map[customer.ID]string{}
	for id := range m.of {
		before := len(w.entries())
		v, err := g.View(ctx, noon, by, id, profile.Moment{})
		log := w.entries()[before:]
		if grant == nil {
			require.ErrorIs(t, err, ErrDenied)
			require.Len(t, log, 1)
			require.Equal(t, audit.Denied, log[0].Outcome)
			continue
		}
		require.NoError(t, err)
		data, err := json.Marshal(v)
		require.NoError(t, err)
		var plain, masked []string
		withheld := false
		columns = columns[:0]
		for i := range v.Fields {
			f := &v.Fields[i]
			show, reason := m.shown(by, id, f.Name)
			require.Equal(t, show, f.Show, f.Name)
			require.Equal(t, reason, f.Reason, f.Name)
			truth := m.of[id][f.Name].value
			secret, _ := truth.Text()
			value, err := f.Value()
			switch show {
			case Plain:
				require.NoError(t, err)
				require.Equal(t, truth, value)
			case Masked:
				require.ErrorIs(t, err, ErrMasked)
				text, err := f.Masked()
				require.NoError(t, err)
				require.Equal(t, truth.IsUnset(), text.Text == "")
			case Denied:
				require.ErrorIs(t, err, ErrDenied)
				require.Equal(t, reason == NoConsent, errors.Is(err, ErrConsent))
			}
			if show != Plain {
				require.True(t, value.IsUnset())
				require.False(t, secret != "" && bytes.Contains(data, []byte(secret)))
			}
			switch protected := f.Sensitivity >= profile.Personal; {
			case protected && show == Plain:
				plain = append(plain, f.Name)
			case protected && show == Masked:
				masked = append(masked, f.Name)
			case protected && reason == NoConsent:
				withheld = true
			}
			if grant.show(f.Name, f.Sensitivity) != Denied {
				columns = append(columns, f.Name)
			}
		}
		switch {
		case len(plain)+len(masked) > 0:
			require.Len(t, log, 1)
			require.Equal(t, audit.Done, log[0].Outcome)
			said := map[string]string{}
			for _, d := range log[0].Details {
				said[d.Name] = d.Text
			}
			require.Equal(t, strings.Join(plain, ", "), said["plain"])
			require.Equal(t, strings.Join(masked, ", "), said["masked"])
		case withheld:
			require.Len(t, log, 1)
			require.Equal(t, audit.Denied, log[0].Outcome)
		default:
			require.Empty(t, log)
		}
		rows[id] = m.line(by, id, columns)
	}
	m.find(t, w, by)
	if grant == nil || len(columns) == 0 {
		return
	}
	var out bytes.Buffer
	done, err := g.Export(ctx, noon, by, all(columns...), &out)
	if !grant.Bulk {
		require.ErrorIs(t, err, ErrDenied)
		require.Zero(t, out.Len())
		return
	}
	require.NoError(t, err)
	lines := strings.SplitAfter(out.String(), "\n")
	var want []string
	for _, row := range rows {
		if row != "" {
			want = append(want, row)
		}
	}
	slices.Sort(want)
	require.Equal(t, append(want, ""), lines[1:])
	require.Equal(t, int64(len(want)), done.Rows)
	require.Equal(t, int64(len(rows)-len(want)), done.Withheld)
}

// line is the row of an export, empty if there is none.
func (m *model) line(by Reader, id customer.ID, columns []string) string {
	cells, withheld := []string{id.String()}, []string{}
	for _, name := range columns {
		show, _ := m.shown(by, id, name)
		v := m.of[id][name].value
		cell := ""
		switch {
		case show == Denied:
			withheld = append(withheld, name)
		case show == Masked:
			cell = m.policy.Masks[name].Of(v, nil).Text
		case v.Kind() == customer.KindInt64:
			n, _ := v.Int64()
			cell = fmt.Sprint(n)
		default:
			cell, _ = v.Text()
		}
		cells = append(cells, cell)
	}
	if len(withheld) == len(columns) {
		return ""
	}
	if by.Purpose == "marketing" {
		cells = append(cells, strings.Join(withheld, "|"))
	}
	return strings.Join(cells, ",") + "\n"
}

// find finds everybody by everything.
func (m *model) find(t *testing.T, w *world, by Reader) {
	grant := m.grant(by)
	for i := range m.schema.Traits {
		name := m.schema.Traits[i].Name
		for _, o := range m.of {
			value := o[name].value
			if value.IsUnset() {
				continue
			}
			found, err := w.gate.Find(context.Background(), noon, by, name, value)
			if grant == nil || !slices.Contains(grant.Find, name) {
				require.ErrorIs(t, err, ErrDenied)
				require.Empty(t, found)
				break
			}
			require.NoError(t, err)
			var want []customer.ID
			for n := range len(m.of) {
				id := customer.FromInt64(int64(n))
				if show, _ := m.shown(by, id, name); show != Denied && m.of[id][name].value == value {
					want = append(want, id)
				}
			}
			require.Equal(t, want, found)
		}
	}
}

// While schemas, customers and choices change, nobody sees what was never allowed.
func TestMeanwhile(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, _ := exporting(t)
	closed := shopSchema()
	closed.Traits[3].Sensitivity = profile.Sensitive // city
	closed.Traits[2].Label.EN = "Illness"
	w.agree(atomOf(10), "1", noon.AddDate(0, 0, -1), consent.Granted) // of the illness, never of the city
	var work sync.WaitGroup
	work.Go(func() {
		defer cancel()
		for i := range 20 {
			schema := shopSchema()
			if i%2 == 0 {
				schema = closed
			}
			if _, err := w.profiles.Apply(ctx, noon, schema); err != nil {
				t.Error(err)
			}
			w.state(atomOf(10), fmt.Sprint("again", i), text("illness", fmt.Sprint("planted ", i)))
		}
	})
	for range 2 {
		work.Go(func() {
			for ctx.Err() == nil {
				v, err := w.gate.View(context.Background(), noon, agent, customer.FromInt64(1), profile.Moment{})
				if err != nil {
					t.Error(err)
					return
				}
				// Label and sensitivity are of one schema.
				f, _ := v.Field("city")
				other, _ := v.Field("illness")
				if (f.Show == Denied) != (other.Label != customer.Text{}) || (f.Sensitivity == profile.Sensitive) != (f.Show == Denied) {
					t.Errorf("%v with %q", f, other.Label)
				}
				v, err = w.gate.View(context.Background(), noon, offering, customer.FromInt64(1), profile.Moment{})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := v.Value("city"); !errors.Is(err, ErrConsent) {
					t.Error(err)
				}
				if _, err := v.Value("illness"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
}
