package segment

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// column reads a column and puts it in its place.
func (f *fileReader) column(v *wire.Reader, s *Snapshot, tag, c int, kind string) error {
	d := &s.data[tag]
	d.extents = new(extents)
	columns := &d.columns
	if kind == kindTimes {
		columns = &d.times
	}
	if len(*columns) == 0 {
		*columns = make([]column, len(s.exists))
	}
	col, err := f.read(v, kind, s.tags.tags[tag], d.last, s.exists[c], (*columns)[c])
	(*columns)[c] = col
	return err
}

// read reads a column of a tag with so many texts, of a chunk in which exist exists. before is what came before of labels.
func (f *fileReader) read(v *wire.Reader, kind string, t *Tag, last int, exist bitset.Set, before column) (col column, err error) {
	k := t.Kind
	if kind == kindTimes {
		k = Integer
	}
	set, err := f.set(v)
	if err != nil {
		return nil, err
	}
	if err := f.subset(set, exist); err != nil {
		return nil, err
	}
	if set.IsEmpty() {
		return nil, f.broken("empty column")
	}
	switch k {
	case Flag:
		col, err = f.flags(v, set)
	case Enum:
		col, err = f.enums(v, set, last)
	case Labels:
		col, err = f.labels(v, set, last, before)
	case Float:
		col, err = f.floats(v, set)
	default:
		col, err = f.ints(v, set)
	}
	if err != nil {
		return nil, err
	}
	if c, ok := col.(*intColumn); ok && k == Time {
		if unit := t.unit(); !validTime(unitTime(c.min, unit)) || !validTime(unitTime(c.max, unit)) {
			return nil, f.broken("times")
		}
	}
	return col, nil
}

// subset refuses a set that is not within another.
func (f *fileReader) subset(set, of bitset.Set) error {
	var w kernel.Words
	set.Load(&w)
	if of.AndCount(&w) != set.Len() {
		return f.broken("set is not within another")
	}
	return nil
}

func (f *fileReader) flags(v *wire.Reader, set bitset.Set) (column, error) {
	yes, err := f.set(v)
	if err != nil {
		return nil, err
	}
	c := &flagColumn{set: set, yes: yes}
	if yes.Equal(set) {
		c.yes = set
	}
	return c, f.subset(yes, set)
}

// codes reads codes and their sets.
func (f *fileReader) codes(v *wire.Reader, last int) (codes []uint32, sets []bitset.Set, err error) {
	n := v.List()
	for range n {
		code := v.Uint()
		if code == 0 || code > uint64(last) || len(codes) > 0 && code <= uint64(codes[len(codes)-1]) {
			return nil, nil, f.broken("code")
		}
		codes = append(codes, uint32(code))
	}
	if v.List() != n {
		return nil, nil, f.broken("sets")
	}
	for range n {
		set, err := f.set(v)
		if err != nil {
			return nil, nil, err
		}
		if set.IsEmpty() {
			return nil, nil, f.broken("empty set")
		}
		sets = append(sets, set)
	}
	return codes, sets, nil
}

func (f *fileReader) enums(v *wire.Reader, set bitset.Set, last int) (column, error) {
	codes, sets, err := f.codes(v, last)
	if err != nil {
		return nil, err
	}
	total, top := 0, uint32(0)
	for i, s := range sets {
		total, top = total+s.Len(), codes[i]
	}
	if total != set.Len() || top > maxEnum {
		return nil, f.broken("values")
	}
	c := &enumColumn{set: set, sets: sets, codes: make([]uint16, len(codes))}
	if len(sets) == 1 {
		c.set = sets[0]
	}
	for i, code := range codes {
		c.codes[i] = uint16(code)
	}
	fits := false
	if top < 256 {
		c.bytes8, fits = spread[uint8](set, c.codes, sets)
	} else {
		c.words, fits = spread[uint16](set, c.codes, sets)
	}
	if !fits {
		return nil, f.broken("values")
	}
	return c, nil
}

// spread returns the code of each position. It tells whether the sets have nothing in common and together are set, which has
// as many members as they.
func spread[C uint8 | uint16](set bitset.Set, codes []uint16, sets []bitset.Set) (at []C, ok bool) {
	at = make([]C, kernel.Bits)
	ed := enumEditors.Get().(*enumEditor)
	defer enumEditors.Put(ed)
	for i, s := range sets {
		for _, p := range s.Positions(ed.codes[:0]) {
			if at[p] != 0 {
				return nil, false
			}
			at[p] = C(codes[i])
		}
	}
	for _, p := range set.Positions(ed.codes[:0]) {
		if at[p] == 0 {
			return nil, false
		}
	}
	return at, true
}

// labels reads labels of a chunk; some may have come before.
func (f *fileReader) labels(v *wire.Reader, set bitset.Set, last int, before column) (column, error) {
	codes, sets, err := f.codes(v, last)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if err := f.subset(s, set); err != nil {
			return nil, err
		}
	}
	c, ok := before.(*labelsColumn)
	if !ok {
		return &labelsColumn{set: set, codes: codes, sets: sets}, nil
	}
	if n := len(c.codes); !set.Equal(c.set) || len(codes) == 0 || n == 0 || codes[0] <= c.codes[n-1] {
		return nil, f.broken("labels")
	}
	c.codes, c.sets = append(c.codes, codes...), append(c.sets, sets...)
	return c, nil
}

func (f *fileReader) ints(v *wire.Reader, set bitset.Set) (column, error) {
	low, shift, width := v.Int(), v.Uint(), int(v.Uint())
	data := v.Bytes()
	if shift > 63 || width > 64 || len(data) != (set.Len()*width+7)/8 {
		return nil, f.broken("numbers")
	}
	ed := intEditors.Get().(*intEditor)
	defer intEditors.Put(ed)
	ed.load(nil)
	data = append(data[:len(data):len(data)], make([]byte, 9)...)
	at := 0
	for _, p := range set.Positions(make([]uint16, 0, set.Len())) {
		lo, bit := at>>3, at&7
		offset := binary.LittleEndian.Uint64(data[lo:]) >> bit
		if bit+width > 64 {
			offset |= uint64(data[lo+8]) << (64 - bit)
		}
		if width < 64 {
			offset &= 1<<width - 1
		}
		n := int64(offset<<shift + uint64(low))
		if n < low || offset<<shift>>shift != offset {
			return nil, f.broken("numbers")
		}
		ed.put(p, n)
		at += width
	}
	return ed.freeze(f.dense), nil
}

func (f *fileReader) floats(v *wire.Reader, set bitset.Set) (column, error) {
	data := v.Bytes()
	if len(data) != 8*set.Len() {
		return nil, f.broken("numbers")
	}
	n := set.Len()
	places := set.Positions(make([]uint16, 0, n))
	c := &floatColumn{set: set, min: math.Inf(1), max: math.Inf(-1)}
	few := n < kernel.Bits*4/5
	if few {
		c.places, c.floats = slices.Clone(places), make([]float64, n)
	} else {
		c.floats = make([]float64, kernel.Bits)
	}
	for i, p := range places {
		v := floatAt(data[8*i:])
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, f.broken("numbers")
		}
		v += 0 // not -0
		c.min, c.max = min(c.min, v), max(c.max, v)
		if few {
			c.floats[i] = v
		} else {
			c.floats[p] = v
		}
	}
	return c, nil
}

func floatAt(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }
