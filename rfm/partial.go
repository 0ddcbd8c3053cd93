package rfm

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/parallel"
)

// The JSON of an accumulator: a partial result on its way to another process.

const accumulatorVersion = 2

type accumulatorJSON[K comparable] struct {
	Version   int            `json:"version"`
	Kind      string         `json:"kind"`
	Location  string         `json:"location"`
	Since     int64          `json:"since"` // unix seconds
	Until     int64          `json:"until"`
	Frequency FrequencyUnit  `json:"frequency"`
	Refunds   RefundPolicy   `json:"refunds"`
	Report    Report         `json:"report"`
	Latest    *int64         `json:"latest"` // null: nothing added
	Turnover  turnover       `json:"turnover"`
	Customers []entryJSON[K] `json:"customers"` // by id
}

type entryJSON[K comparable] struct {
	ID      K          `json:"id"`
	Last    *int64     `json:"last"` // null: no purchase
	Revenue int64      `json:"revenue"`
	Units   uint32     `json:"units"`
	Lines   uint32     `json:"lines"`
	Seen    []unitJSON `json:"seen,omitempty"` // orders or days, ascending
}

type unitJSON struct {
	Unit     unitText `json:"unit"`
	Net      int64    `json:"net,omitempty"`
	Last     *int64   `json:"last,omitempty"`
	Lines    uint32   `json:"lines,omitempty"`
	Refunded bool     `json:"refunded,omitempty"`
}

// unitText writes a unit as 24 hexadecimal digits.
type unitText unit

func (u unitText) MarshalText() ([]byte, error) {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], unit(u).upper())
	binary.BigEndian.PutUint32(b[8:], u.tag)
	return hex.AppendEncode(nil, b[:]), nil
}

func (u *unitText) UnmarshalText(text []byte) error {
	var b [12]byte
	if n, err := hex.Decode(b[:], text[:min(len(text), 24)]); err != nil || n != 12 || len(text) != 24 {
		return errors.New("rfm: a unit is not 24 hexadecimal digits")
	}
	*u = unitText(newUnit(binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint32(b[8:])))
	return nil
}

// MarshalJSON writes all the accumulator holds, customers by id, so that
// another process can merge it: the same transactions give the same bytes. K
// must be encodable by encoding/json; text ids that are not UTF-8 are an error. Orders appear as their
// number, as their text where it has at most 11 bytes (readable, in hexadecimal), else as its hash.
// Cost: O(n log n) and some 100 bytes a customer and 40 an order.
func (a *Accumulator[K]) MarshalJSON() ([]byte, error) {
	parallel.For(a.workers, shards, func(i int) { a.shards[i].fold() })
	if err := a.failure(); err != nil {
		return nil, err
	}
	j := accumulatorJSON[K]{
		Version: accumulatorVersion, Kind: "rfm.Accumulator",
		Location: a.policy.location.String(), Since: a.policy.since, Until: a.policy.until,
		Frequency: a.policy.frequency, Refunds: a.policy.refunds, Report: a.report,
	}
	for i := range a.shards {
		for e := range a.shards[i].n {
			if o := &a.order; o.texts && !utf8.ValidString(o.written(&a.shards[i].at(e).id)) {
				return nil, errors.New("rfm: accumulator: an id is not UTF-8, which JSON cannot hold")
			}
		}
	}
	optional := func(t int64) *int64 {
		if t == never {
			return nil
		}
		return &t
	}
	j.Latest, j.Turnover = optional(a.latest), a.turnover
	for i := range a.shards {
		s := &a.shards[i]
		for i := range s.n {
			e := s.at(i)
			c := entryJSON[K]{ID: e.id, Last: optional(e.last), Revenue: e.revenue, Units: e.units, Lines: e.lines}
			lo, hi := s.units.of(i)
			for k := lo; k < hi; k++ {
				u := unitJSON{Unit: unitText(s.units.units[k])}
				if s.units.net {
					st := &s.units.states[k]
					u.Net, u.Last, u.Lines, u.Refunded = st.net, optional(st.last), st.lines, st.refunded
				}
				c.Seen = append(c.Seen, u)
			}
			j.Customers = append(j.Customers, c)
		}
	}
	slices.SortFunc(j.Customers, func(x, y entryJSON[K]) int { return a.order.compare(x.ID, y.ID) })
	return json.Marshal(j)
}

// UnmarshalJSON replaces what the accumulator holds by what MarshalJSON wrote.
// The accumulator comes from [NewAccumulator], with the same Location, AsOf,
// Window, Frequency and Refunds, else a wrapped ErrMismatch is returned. Bad
// input is an error, and the accumulator is unchanged.
func (a *Accumulator[K]) UnmarshalJSON(data []byte) error {
	if a.order.compare == nil {
		return errors.New("rfm: accumulator: not from NewAccumulator")
	}
	var j accumulatorJSON[K]
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("rfm: accumulator: %w", err)
	}
	if j.Kind != "rfm.Accumulator" || j.Version != accumulatorVersion {
		return fmt.Errorf("rfm: not an rfm.Accumulator of version %d", accumulatorVersion)
	}
	if j.Location != a.policy.location.String() {
		return fmt.Errorf("%w: Location", ErrMismatch)
	}
	of := policy{j.Frequency, j.Refunds, a.policy.location, j.Since, j.Until}
	if err := a.policy.mismatch(&of); err != nil {
		return err
	}
	if !j.Report.consistent() {
		return errors.New("rfm: accumulator: the report does not add up")
	}
	read := Accumulator[K]{order: a.order, options: a.options, policy: a.policy, workers: a.workers, locks: a.locks, report: j.Report, latest: never, turnover: j.Turnover}
	if j.Latest != nil {
		read.latest = *j.Latest
	}
	for i := range read.shards {
		read.shards[i].units.net = a.policy.refunds == NetRefunds
		read.shards[i].order = &a.order
	}
	if j.Turnover.overflows() {
		return errors.New("rfm: accumulator: the turnover is out of range")
	}
	var revenue, net turnover
	for row := range j.Customers {
		c := &j.Customers[row]
		revenue.add(magnitude(c.Revenue))
		for i := range c.Seen {
			net.add(magnitude(c.Seen[i].Net))
		}
		if max(revenue, net) > j.Turnover {
			return &CustomerError{Row: row, Field: "revenue", Reason: "beyond the turnover"}
		}
		if fault := read.load(c); fault != "" {
			return &CustomerError{Row: row, Field: fault, Reason: "missing, repeated or inconsistent"}
		}
	}
	*a = read
	return nil
}

// load adds one customer and returns the name of the field at fault, "" for none.
func (a *Accumulator[K]) load(c *entryJSON[K]) (fault string) {
	if a.order.missing(c.ID) {
		return "id"
	}
	hash := a.order.hash(&c.ID)
	s := &a.shards[shardOf(hash)]
	known := s.n
	e := s.entry(hash, c.ID)
	if e < known {
		return "id"
	}
	entry := s.at(e)
	entry.revenue, entry.units, entry.lines = c.Revenue, c.Units, c.Lines
	if c.Last != nil {
		entry.last = *c.Last
	}
	inRange := func(last *int64) bool {
		return last == nil || *last != never && *last >= a.policy.since && *last < a.policy.until && *last <= a.latest
	}
	switch {
	case !inRange(c.Last):
		return "last"
	case entry.units > entry.lines, (entry.last == never) != (entry.lines == 0), (entry.units == 0) != (entry.lines == 0):
		return "lines"
	case !s.units.net && (len(c.Seen) > int(c.Units) || a.policy.frequency == Lines && len(c.Seen) > 0):
		return "seen"
	}
	if !s.units.net {
		entry.units -= uint32(len(c.Seen)) // they are counted once they are sorted in
	}
	slices.SortFunc(c.Seen, func(x, y unitJSON) int { return unit(x.Unit).compare(unit(y.Unit)) })
	for i, u := range c.Seen {
		if i > 0 && u.Unit == c.Seen[i-1].Unit || (u.Last == nil) != (u.Lines == 0) || !inRange(u.Last) {
			return "seen"
		}
		state := unitState{net: u.Net, last: never, lines: u.Lines, refunded: u.Refunded}
		if u.Last != nil {
			state.last = *u.Last
		}
		s.foldFull(1)
		s.place(unit(u.Unit), e, state)
	}
	return ""
}
