package integration

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
)

// A soakModel is what is to be there when deeds are done: who is one customer, found by
// joining what has an identifier in common, and what is known of each, found by going
// through all that was said.
type soakModel struct {
	parents   map[string]string // of identifiers, to what they are joined with
	observed  map[string]string // by id of observation, that identifier
	customers []*soakCustomer
}

// A soakCustomer is what is known of one. Zero is unset but for the counts.
type soakCustomer struct {
	observations []string // ids, ascending
	values       map[string]customer.Value
}

func (m *soakModel) root(x string) string {
	for m.parents[x] != "" {
		x = m.parents[x]
	}
	return x
}

func (m *soakModel) join(x, y string) {
	if x, y = m.root(x), m.root(y); x != y {
		m.parents[x] = y
	}
}

// newSoakModel makes the model of deeds at a time by which all has happened.
func newSoakModel(all []int, at time.Time) *soakModel {
	m := &soakModel{parents: map[string]string{}, observed: map[string]string{}}
	said := map[string][]*deed{}
	tablets := map[string][]identity.Observation{} // logins, by tablet
	var visits []*deed                             // by tablet
	for _, n := range all {
		d := deedOf(n)
		for i, o := range d.observe {
			if d.retract && i == len(d.observe)-1 {
				continue
			}
			first := o.Identifiers[0].Value
			if strings.HasPrefix(first, "tablet") {
				visits = append(visits, d)
				continue
			}
			m.observed[o.ID] = first
			for _, x := range o.Identifiers[1:] {
				// Of those who use the phone of the other only a household is one customer.
				if strings.HasPrefix(x.Value, "tablet") {
					tablets[x.Value] = append(tablets[x.Value], o)
					continue
				}
				own := strings.TrimPrefix(x.Value, "mobile") == strings.TrimPrefix(first, "account")
				if x.Type != "mobile" || own || pairOf(d.person) == pairHousehold {
					m.join(first, x.Value)
				}
			}
		}
		if d.link && !d.revoke {
			m.join(d.observe[0].Identifiers[0].Value, d.observe[1].Identifiers[0].Value)
		}
		first := d.observe[len(d.observe)-1].Identifiers[0].Value
		if len(d.say) > 0 && !d.retract && !d.unsay && !strings.HasPrefix(first, "tablet") {
			said[first] = append(said[first], d)
		}
	}
	for _, d := range visits {
		o := d.observe[0]
		who := userOf(o, tablets[o.Identifiers[0].Value])
		m.observed[o.ID] = who
		said[who] = append(said[who], d)
	}
	byRoot := map[string]*soakCustomer{}
	deeds := map[*soakCustomer][]*deed{}
	of := func(x string) *soakCustomer {
		root := m.root(x)
		if byRoot[root] == nil {
			byRoot[root] = &soakCustomer{}
			m.customers = append(m.customers, byRoot[root])
		}
		return byRoot[root]
	}
	for id, x := range m.observed {
		c := of(x)
		c.observations = append(c.observations, id)
	}
	for x, some := range said {
		c := of(x)
		deeds[c] = append(deeds[c], some...)
	}
	for _, c := range m.customers {
		slices.Sort(c.observations)
		c.fold(deeds[c], at)
	}
	slices.SortFunc(m.customers, func(a, b *soakCustomer) int { return slices.Compare(a.observations, b.observations) })
	return m
}

// userOf returns by which identifier the user of a tablet is found: of the last login before a
// visit, or the first of all where there is none, or the tablet where nobody has logged in.
func userOf(o identity.Observation, logins []identity.Observation) string {
	var last, first *identity.Observation
	for i := range logins {
		l := &logins[i]
		if l.Time.Before(o.Time) && (last == nil || l.Time.After(last.Time)) {
			last = l
		}
		if first == nil || l.Time.Before(first.Time) {
			first = l
		}
	}
	switch {
	case last != nil:
		return last.Identifiers[0].Value
	case first != nil:
		return first.Identifiers[0].Value
	}
	return o.Identifiers[0].Value
}

// fold finds what is known of the customer.
func (c *soakCustomer) fold(deeds []*deed, at time.Time) {
	c.values = map[string]customer.Value{}
	var orders, spent, orders7, visits int64
	var last, moved time.Time
	tags := map[string]*deed{} // by record, the last statement
	midnight := at.Truncate(day)
	for _, d := range deeds {
		e := &d.say[0]
		switch e.Event {
		case "order":
			amount, _ := e.Values[0].Value.Int64()
			orders++
			spent += amount
			if !e.Time.Before(midnight.AddDate(0, 0, -6)) {
				orders7++
			}
			if e.Time.After(last) {
				last = e.Time
			}
		case "visit":
			visits++
		default:
			if e.Time.After(moved) {
				moved = e.Time
				c.values["city"] = e.Values[0].Value
			}
			record := d.observe[0].Record
			if old := tags[record]; old == nil || e.Time.After(old.say[0].Time) {
				tags[record] = d
			}
		}
	}
	labels := map[string]bool{}
	for _, d := range tags {
		for label := range d.say[0].Values[1].Value.Labels() {
			labels[label] = true
		}
	}
	if len(labels) > 0 {
		c.values["tags"] = customer.LabelsValue(slices.Sorted(maps.Keys(labels))...)
	}
	c.values["orders"] = customer.Int64Value(orders)
	c.values["orders_7d"] = customer.Int64Value(orders7)
	c.values["visits"] = customer.Int64Value(visits)
	c.values["spent"] = customer.Int64Value(spent)
	if orders > 0 {
		c.values["last_order"] = customer.TimeValue(last)
	}
}
