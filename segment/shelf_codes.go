package segment

import (
	"math/bits"
	"sync"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/wire"
)

// kindCodes is a column of enums as bit slices of their codes, which is smaller than the sets of a snapshot file where there are
// many values in no order, and read far faster.
const kindCodes = "segment/codes"

// enumSlices holds the enums of a chunk as they lie on a shelf. Rules ask it for the positions of a few codes; who wants more
// has an enumColumn made of it, and so has who asks for more than fewCodes codes. Safe for concurrent use.
type enumSlices struct {
	mooring
	set    bitset.Set
	slices []uint64 // of the codes, zero where nothing is set; nil once whole is made
	dense  int      // as for bitset.Of

	mu    sync.Mutex
	asked map[uint16]bitset.Set // the positions of the codes that were asked for, until whole is made
	whole *enumColumn
}

// fewCodes is the number of codes up to which the set of each is looked up.
const fewCodes = 8

func (e *enumSlices) members() bitset.Set { return e.set }

func (e *enumSlices) bytes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 160 + e.set.Bytes() + 8*len(e.slices)
	for _, s := range e.asked {
		n += 48 + s.Bytes()
	}
	if e.whole != nil {
		n += e.whole.bytes()
	}
	return n
}

func (e *enumSlices) together() column { return e.column() }

// column returns the same as a column like any other.
func (e *enumSlices) column() *enumColumn {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.made()
}

// made is column for who holds e.mu.
func (e *enumSlices) made() *enumColumn {
	if e.whole == nil {
		ed := enumEditors.Get().(*enumEditor)
		defer enumEditors.Put(ed)
		var block [64]uint64
		for i := range kernel.Size {
			kernel.Decode(&block, e.slices, i)
			for k, code := range block {
				ed.codes[i<<6+k] = uint16(code)
			}
		}
		e.whole = ed.freeze(e.dense).(*enumColumn)
		e.asked, e.slices = nil, nil
	}
	return e.whole
}

// of returns the positions of a code.
func (e *enumSlices) of(code uint16) bitset.Set {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.asked[code]
	switch {
	case ok:
	case e.whole != nil || len(e.asked) == fewCodes:
		return e.made().of(code)
	default:
		if e.asked == nil {
			e.asked = map[uint16]bitset.Set{}
		}
		var w kernel.Words
		kernel.Between(&w, e.slices, uint64(code), uint64(code))
		s = bitset.Of(&w, e.dense)
		e.asked[code] = s
	}
	return s
}

// oneOf is the function of the same name for codes, which are not 0.
func (e *enumSlices) oneOf(codes []uint32) (s bitset.Set, ok bool) {
	for _, code := range codes {
		switch of := e.of(uint16(code)); {
		case of.IsEmpty():
		case !s.IsEmpty():
			return bitset.Set{}, false
		default:
			s = of
		}
	}
	return s, true
}

// encodeCodes returns a column as a value, nil if its sets are smaller.
func encodeCodes(tag, c int, col *enumColumn) []byte {
	width, size := bits.Len16(col.codes[len(col.codes)-1]), 0
	for _, s := range col.sets {
		size += s.Bytes()
	}
	if 8*kernel.Size*width >= size {
		return nil
	}
	enums, ints := enumEditors.Get().(*enumEditor), intEditors.Get().(*intEditor)
	defer enumEditors.Put(enums)
	defer intEditors.Put(ints)
	enums.load(col)
	for p, code := range &enums.codes {
		ints.spare[p] = uint64(code)
	}
	words := make([]uint64, width*kernel.Size)
	kernel.Encode(words, ints.spare[:])
	v := wire.Sized(kindCodes, shelfFormat, 8*len(words)+col.set.Bytes()+64)
	v.Uint(uint64(tag))
	v.Uint(uint64(c))
	v.Bytes(bitset.AppendSet(nil, col.set))
	writeWords(v, words)
	return v.Data()
}

// decodeCodes reads what encodeCodes wrote.
func (s *shelved) decodeCodes(data []byte) (*enumSlices, error) {
	v := openValue(data, kindCodes)
	if v.Uint() != uint64(s.of.tag) || v.Uint() != uint64(s.chunk) || s.times || s.of.t.Kind != Enum {
		return nil, errPlace
	}
	members, words := v.Bytes(), v.words()
	if err := v.close(); err != nil {
		return nil, err
	}
	set, n, err := bitset.ReadSet(members, s.of.dense)
	width := len(words) / kernel.Size
	if err != nil || n != len(members) || width > bits.Len(maxEnum) || !s.holds(set, words) {
		return nil, errForm
	}
	var w kernel.Words
	if kernel.Between(&w, words, uint64(s.of.last)+1, maxEnum); kernel.Count(&w) > 0 {
		return nil, errForm
	}
	return &enumSlices{set: set, slices: words, dense: s.of.dense}, nil
}

// holds tells whether set is of customers who exist, and the slices have no value beyond it, a value that is not zero everywhere
// in it, and none that is always zero above.
func (s *shelved) holds(set bitset.Set, slices []uint64) bool {
	var w, some kernel.Words
	set.Load(&w)
	if set.IsEmpty() || len(slices) == 0 || s.of.exist[s.chunk].AndCount(&w) != set.Len() {
		return false
	}
	for i := 0; i < len(slices); i += kernel.Size {
		kernel.Or(&some, &some, (*kernel.Words)(slices[i:]))
	}
	return some == w && kernel.Count((*kernel.Words)(slices[len(slices)-kernel.Size:])) > 0
}
