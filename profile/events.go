package profile

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/table"
)

// An EventsQuery says which events are asked for, and what of them. Nil is all events under
// their own names, without amounts and categories. Safe for concurrent reads.
type EventsQuery struct {
	// Kinds are the events that are asked for, each of them once. Nil: all, with no more than
	// their names.
	Kinds []EventKind
	// Scale is how many digits after the point of a decimal are minor units: 2 for cents and
	// fen, 0 for yen. At most 18.
	Scale int
}

// An EventKind says what an event of the schema is called elsewhere, and which of its fields
// say what is known of any event. What is Personal or Sensitive is handed on where it is named.
// Safe for concurrent use.
type EventKind struct {
	Event string // its name in the schema
	Kind  string // what it is called; several may be of one kind. Empty: Event
	// Amount is a field of money: whole numbers are minor units as they are, decimals are
	// rounded to EventsQuery.Scale digits after the point, half to even. Empty: all 0.
	Amount string
	// Category is a field of texts that says what it was about. Empty: none.
	Category string
}

// Events returns what happened to all customers up to a moment, ascending by customer, then
// time: the history that a model learns from, such as those of package churn. It is what the
// timelines of the customers have. The channels are those of the sources; an event arrived
// when it was added.
//
//	events, err := profiles.Events(ctx, profile.Moment{At: now}, &profile.EventsQuery{Scale: 2, Kinds: []profile.EventKind{
//		{Event: "order", Kind: churn.Purchase, Amount: "amount", Category: "category"},
//		{Event: "call", Kind: churn.Contact},
//	}})
//	log, err := churn.NewLogColumns(ctx, events, &churn.LogOptions[customer.ID]{
//		Location: location, Until: now, Compare: customer.Compare,
//	})
//
// Of one kind, Customers, Times and Amounts are what rfm.Columns needs.
//
// Where a past was imported at once all of it arrived that day, and nothing was known before:
// if it was known elsewhere in time, set Arrived of the result to nil. An amount that is not set
// is 0; one that does not fit into an int64 is math.MinInt64, which is no amount.
//
// An InputError says what of the query is not valid, or not in the schema. It is no snapshot:
// what changes meanwhile is in it or not. Cost: as All, and all entries are read, whether they
// lie in the past or not; memory of 52 bytes an event and, while it grows, up to twice that.
func (p *Profiles) Events(ctx context.Context, m Moment, q *EventsQuery) (*table.Events[customer.ID], error) {
	at, err := m.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	h, err := f.history(q, at)
	if err != nil {
		return nil, err
	}
	all, codes := &table.Events[customer.ID]{KindNames: h.kinds, ChannelNames: h.channels}, map[string]int32{}
	err = walkHoldings(ctx, p, at, func(ctx context.Context, page []holding) (*eventsPage, error) {
		// Of what is known before the end of time all entries are read, and not what follows from them.
		loaded, err := p.loadPage(ctx, f, page, moment{at.at, min(at.known, never-1)})
		if err != nil {
			return nil, err
		}
		return h.page(loaded), nil
	}, func(page *eventsPage) error {
		all.Customers = append(all.Customers, page.Customers...)
		all.Times, all.Arrived, all.Amounts = append(all.Times, page.Times...), append(all.Arrived, page.Arrived...), append(all.Amounts, page.Amounts...)
		all.Kinds, all.Channels = append(all.Kinds, page.Kinds...), append(all.Channels, page.Channels...)
		for _, s := range page.categories {
			c := code(codes, s)
			if c == int32(len(all.CategoryNames)) {
				all.CategoryNames = append(all.CategoryNames, strings.Clone(s))
			}
			all.Categories = append(all.Categories, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// A history is a query made ready.
type history struct {
	*bound
	m         moment
	since     int64                   // events before are beyond retention
	of        map[uint32]eventColumns // by number of the event
	scale     int
	kinds     []string
	channels  []string
	channelOf []int32 // by index of source
}

// eventColumns are what is read of an event: numbers of fields, 0 for none.
type eventColumns struct {
	kind             int32
	amount, category uint32
}

// An eventsPage is the events of some customers, without the codes of their categories.
type eventsPage struct {
	table.Events[customer.ID]
	categories []string
}

func (b *bound) history(q *EventsQuery, m moment) (*history, error) {
	if q == nil {
		q = &EventsQuery{}
	}
	if q.Scale < 0 || q.Scale > 18 {
		return nil, &InputError{-1, "scale", "is not between 0 and 18"}
	}
	h := &history{bound: b, m: m, since: b.retained(m), of: map[uint32]eventColumns{}, scale: q.Scale}
	asked := q.Kinds
	if asked == nil {
		for _, e := range b.Schema.Events {
			asked = append(asked, EventKind{Event: e.Name})
		}
	}
	for i := range asked {
		if err := h.add(&asked[i]); err != nil {
			return nil, err
		}
	}
	for i := range b.Sources {
		h.channelOf = append(h.channelOf, place(&h.channels, b.Sources[i].channel()))
	}
	return h, nil
}

// add adds a kind of events that is asked for.
func (h *history) add(k *EventKind) error {
	number := h.event(k.Event)
	if number == 0 {
		return &InputError{-1, "event " + k.Event, "is not in the schema"}
	}
	if _, twice := h.of[number]; twice {
		return &InputError{-1, "event " + k.Event, "is asked for twice"}
	}
	columns := eventColumns{kind: place(&h.kinds, cmp.Or(k.Kind, k.Event))}
	for _, c := range []struct {
		field  string
		number *uint32
		kinds  []customer.Kind
		reason string
	}{
		{k.Amount, &columns.amount, []customer.Kind{customer.KindInt64, customer.KindDecimal}, "is neither whole numbers nor decimals"},
		{k.Category, &columns.category, []customer.Kind{customer.KindText}, "is not texts"},
	} {
		if c.field == "" {
			continue
		}
		if *c.number = h.field(number, c.field); *c.number == 0 {
			return &InputError{-1, "field " + c.field, "is not one of the event"}
		}
		r := h.role(*c.number)
		if !slices.Contains(c.kinds, h.Schema.Events[r.index].Fields[r.field].Kind) {
			return &InputError{-1, "field " + c.field, c.reason}
		}
	}
	h.of[number] = columns
	return nil
}

// place returns the index of a name among names, to which it is added if it is not there.
func place(names *[]string, name string) int32 {
	i := slices.Index(*names, name)
	if i < 0 {
		i = len(*names)
		*names = append(*names, name)
	}
	return int32(i)
}

// page returns the events of some customers.
func (h *history) page(page []loading) *eventsPage {
	out := &eventsPage{}
	type placed struct {
		atom int
		*entry
	}
	var all []placed
	for i := range page {
		all = all[:0]
		for a := range page[i].atoms {
			entries := page[i].atoms[a].entries
			for j := range entries {
				if e := &entries[j]; h.wants(e) {
					all = append(all, placed{a, e})
				}
			}
		}
		slices.SortFunc(all, func(x, y placed) int {
			return cmp.Or(cmp.Compare(x.time, y.time), cmp.Compare(x.atom, y.atom), cmp.Compare(x.id, y.id))
		})
		for _, e := range all {
			out.Customers = append(out.Customers, page[i].id)
			h.append(out, e.entry)
		}
	}
	return out
}

// wants tells whether an entry is an event that is asked for.
func (h *history) wants(e *entry) bool {
	_, asked := h.of[e.event]
	return asked && e.counts(h.m) && e.time >= h.since && h.role(e.source).what == aSource
}

func (h *history) append(out *eventsPage, e *entry) {
	columns := h.of[e.event]
	amount, category := int64(0), ""
	for _, v := range e.values {
		switch v.number {
		case columns.amount:
			amount = minorUnits(v.value, h.scale)
		case columns.category:
			category, _ = v.value.Text()
		}
	}
	out.Times, out.Arrived = append(out.Times, microTime(e.time).Unix()), append(out.Arrived, microTime(e.learned).Unix())
	out.Amounts, out.categories = append(out.Amounts, amount), append(out.categories, category)
	out.Kinds, out.Channels = append(out.Kinds, columns.kind), append(out.Channels, h.channelOf[h.role(e.source).index])
}

// minorUnits returns money in units of the last of some digits after the point, rounded half to even; an unset value is 0.
func minorUnits(v customer.Value, scale int) int64 {
	if n, ok := v.Int64(); ok {
		return n
	}
	c, digits, _ := v.Decimal()
	for ; digits < scale; digits++ {
		if c > math.MaxInt64/10 || c < math.MinInt64/10 {
			return math.MinInt64
		}
		c *= 10
	}
	unit := int64(1)
	for ; digits > scale; digits-- {
		unit *= 10
	}
	n, rest := c/unit, c%unit
	if twice := 2 * max(rest, -rest); twice > unit || twice == unit && n%2 != 0 {
		if c < 0 {
			return n - 1
		}
		return n + 1
	}
	return n
}

// retained is a time before which events are beyond retention at a moment.
func (b *bound) retained(m moment) int64 {
	if b.Retention == 0 {
		return math.MinInt64
	}
	since, _ := civil.Window(microTime(m.at), b.Retention, b.loc)
	return since.UnixMicro()
}
