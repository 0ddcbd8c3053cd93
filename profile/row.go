package profile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// A row is what was last handed on of a customer.
type row struct {
	at     int64      // the moment it is as of
	due    int64      // when it can change next without new evidence, or never
	values []numbered // those that are set, ascending by number
	// digest stands for values that are too large for the store, or that are not to be readable
	// there: it has none then, and they are made anew when they are asked for. It is unsure where
	// what was made was not the same, so that whatever follows is handed on.
	digest []byte
	// made are the values of a row that was just made and is stored as a digest.
	made []numbered
}

// rowBytes is the size from which a row is kept as a digest. It leaves room in
// store.MinLimits, as rows of several customers are committed together.
const rowBytes = 32 << 10

// unsure is the digest of no values.
var unsure = make([]byte, sha256.Size)

// rowIndex is the kind of the blind index that is the digest of values not to be readable.
const rowIndex = "profile/@row"

func (r *row) encode() []byte {
	version := uint64(1)
	if len(r.digest) == seal.BlindBytes {
		version = 2
	}
	w := wire.Sized("profile/row", version, 48+16*len(r.values))
	w.Int(r.at)
	w.Int(r.due)
	w.Bytes(r.digest)
	w.List(2 * len(r.values))
	for i := range r.values {
		w.Uint(uint64(r.values[i].number))
		writeValue(w, r.values[i].value)
	}
	return w.Data()
}

// plain is what of a row's values a digest is made.
func plain(values []numbered) []byte {
	r := row{values: values} // not at and due, with which they do not change
	return r.encode()
}

// hiddenText is what of a customer's values a digest is made that hides them: rows of different
// customers that are equal have different ones.
func hiddenText(id customer.ID, values []numbered) string {
	return string(id[:]) + string(plain(values))
}

// shrink returns the row of a customer in the form in which it is stored, and that form's bytes.
func (l *layout) shrink(id customer.ID, r *row) (*row, []byte) {
	small := &row{at: r.at, due: r.due, made: r.values}
	if l.hides(r) {
		small.digest = l.index.Blind(rowIndex, hiddenText(id, r.values))
		return small, small.encode()
	}
	data := r.encode()
	if len(data) <= rowBytes {
		return r, data
	}
	sum := sha256.Sum256(plain(r.values))
	small.digest = sum[:]
	return small, small.encode()
}

func decodeRow(data []byte) (*row, error) {
	d := wire.Read(data)
	d.Expect("profile/row", 2)
	r := &row{at: d.Int(), due: d.Int()}
	digest := d.Bytes()
	switch {
	case d.Version() == 2 && len(digest) != seal.BlindBytes, d.Version() == 1 && len(digest) != 0 && len(digest) != sha256.Size:
		fault(d)
	case len(digest) > 0:
		r.digest = digest
	}
	n := d.List()
	if n%2 != 0 || n > 0 && r.digest != nil || r.due <= r.at {
		fault(d)
		n = 0
	}
	r.values = make([]numbered, n/2)
	for i := range r.values {
		v := &r.values[i]
		v.number = readNumber(d)
		v.value = readValue(d)
		if v.number == 0 || i > 0 && v.number <= r.values[i-1].number || v.value.IsUnset() {
			fault(d)
		}
	}
	if err := d.Close(); err != nil {
		return nil, fmt.Errorf("profile: row: %w", err)
	}
	return r, nil
}

// readRow reads a row; one that is not there is nil.
func readRow(e store.Entry) (*row, error) {
	if e.Version == 0 {
		return nil, nil
	}
	return decodeRow(e.Value)
}

// same tells whether a customer's stored row has the values of one that shrink returned.
func (l *layout) same(id customer.ID, stored, r *row) bool {
	values := r.values
	if r.digest != nil {
		values = r.made
	}
	switch {
	case stored.digest == nil:
		return slices.EqualFunc(stored.values, values, func(v, w numbered) bool { return v.number == w.number && v.value == w.value })
	case bytes.Equal(stored.digest, r.digest):
		return true
	case len(stored.digest) == sha256.Size: // of values that were readable
		sum := sha256.Sum256(plain(values))
		return bytes.Equal(stored.digest, sum[:])
	}
	// Under an older key, perhaps.
	return slices.ContainsFunc(l.index.All(rowIndex, hiddenText(id, values)), func(blind []byte) bool { return bytes.Equal(blind, stored.digest) })
}

// A layout is what rows have under a schema.
type layout struct {
	*inForce
	index   *seal.Index
	columns []column // ascending by number
	given   []int    // their indices in the order of the schema, in which they are handed on
	hidden  bool     // some are protected
}

type column struct {
	name      string
	number    uint32
	computed  bool
	index     int  // in Schema.Traits or Computed
	protected bool // its values are not to be readable in the store
}

func (c column) compare(number uint32) int { return cmp.Compare(c.number, number) }

// layout finds what rows have.
func (p *Profiles) layout(f *inForce) *layout {
	l := &layout{inForce: f, index: p.o.Index}
	add := func(c column, s Sensitivity) {
		if p.o.Rows == nil && s <= Internal || slices.Contains(p.o.Rows, c.name) {
			c.protected = p.o.Vault != nil && s >= Personal
			l.hidden = l.hidden || c.protected
			l.columns = append(l.columns, c)
		}
	}
	for i := range f.Traits {
		add(column{name: f.Traits[i].Name, number: f.traitNumbers[i], index: i}, f.Traits[i].Sensitivity)
	}
	for i := range f.Computed {
		add(column{name: f.Computed[i].Name, number: f.computedNumbers[i], computed: true, index: i}, f.Computed[i].Sensitivity)
	}
	given := slices.Clone(l.columns)
	slices.SortFunc(l.columns, func(a, b column) int { return a.compare(b.number) })
	for _, c := range given {
		i, _ := l.find(c.number)
		l.given = append(l.given, i)
	}
	return l
}

func (l *layout) find(number uint32) (int, bool) {
	return slices.BinarySearchFunc(l.columns, number, column.compare)
}

// hides tells whether a row has a value that is not to be readable in the store.
func (l *layout) hides(r *row) bool {
	return slices.ContainsFunc(r.values, func(v numbered) bool {
		i, found := l.find(v.number)
		return found && l.columns[i].protected
	})
}

// row makes the row of a folded profile.
func (l *layout) row(f *folded, at int64) *row {
	r := &row{at: at, due: max(f.next, at+1), values: make([]numbered, 0, len(l.columns))}
	for i := range l.columns {
		c := &l.columns[i]
		value := &f.traits
		if c.computed {
			value = &f.computed
		}
		if v := (*value)[c.index]; !v.IsUnset() {
			r.values = append(r.values, numbered{number: c.number, value: v})
		}
	}
	return r
}

// fields are the values of a row as they are handed on: all columns, then the names that
// rows have no more, unset.
func (l *layout) fields(r *row, retired []string) []customer.Field {
	fields := make([]customer.Field, 0, len(l.columns)+len(retired))
	for _, i := range l.given {
		c := &l.columns[i]
		f := customer.Field{Name: c.name}
		if j, ok := slices.BinarySearchFunc(r.values, c.number, func(v numbered, n uint32) int { return cmp.Compare(v.number, n) }); ok {
			f.Value = r.values[j].value
		}
		fields = append(fields, f)
	}
	for _, name := range retired {
		fields = append(fields, customer.Field{Name: name})
	}
	return fields
}

// rowsKey has the numbers that rows ever had, so that who keeps rows is told to forget
// the values of those that they have no more.
const rowsKey = "pf/rows"

// An ever is a number that rows have or had.
type ever struct {
	number uint32
	// until, of one that rows have no more, is the last stamp of the rows' feed when all
	// customers had been folded without it: who has read up to there knows. 0: rows have it, or
	// that is not done yet.
	until uint64
}

func encodeEver(all []ever) []byte {
	w := wire.New("profile/columns", 1)
	for _, c := range all {
		w.Uint(uint64(c.number))
		w.Uint(c.until)
	}
	return w.Data()
}

// readEver reads numbers, ascending; there are none where the entry is not there.
func readEver(e store.Entry) (all []ever, err error) {
	if e.Version == 0 {
		return nil, nil
	}
	d := wire.Read(e.Value)
	d.Expect("profile/columns", 1)
	for d.More() {
		c := ever{readNumber(d), d.Uint()}
		if n := len(all); n > 0 && c.number <= all[n-1].number {
			fault(d)
		}
		all = append(all, c)
	}
	if err := d.Close(); err != nil {
		return nil, fmt.Errorf("profile: columns of rows: %w", err)
	}
	return all, nil
}

// with returns those ever together with the columns, and whether that is something else.
func (l *layout) with(all []ever) ([]ever, bool) {
	with := slices.Clone(all)
	for i := range l.columns {
		n := l.columns[i].number
		at, found := slices.BinarySearchFunc(with, n, func(c ever, n uint32) int { return cmp.Compare(c.number, n) })
		if !found {
			with = slices.Insert(with, at, ever{number: n})
		}
		with[at].until = 0
	}
	return with, !slices.Equal(with, all)
}

// without returns those ever, of which all customers have been folded without those that
// are not columns, up to a stamp, and whether that is something else.
func (l *layout) without(all []ever, stamp uint64) ([]ever, bool) {
	without := slices.Clone(all)
	for i := range without {
		if c := &without[i]; c.until == 0 && !l.has(c.number) {
			c.until = stamp
		}
	}
	return without, !slices.Equal(without, all)
}

func (l *layout) has(number uint32) bool {
	_, found := l.find(number)
	return found
}

// retired are the names of those ever that rows have no more, ascending, but for those that
// who has read the entries before a stamp knows of.
func (l *layout) retired(all []ever, stamp uint64) (names []string, err error) {
	for _, c := range all {
		if int(c.number) >= len(l.names) {
			return nil, fmt.Errorf("%w: profile: a column of rows that no schema has", store.ErrCorrupt)
		}
		if c.until != 0 && c.until < stamp {
			continue
		}
		name := l.names[c.number][strings.LastIndexByte(l.names[c.number], '\t')+1:]
		if !slices.ContainsFunc(l.columns, func(c column) bool { return c.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
