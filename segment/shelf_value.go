package segment

import (
	"errors"
	"math"
	"time"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/wire"
)

// The kinds of the values of a shelf, beside those of columns and texts, which are frames as in a snapshot file.
const (
	kindRoot        = "segment/root"        // one
	kindContents    = "segment/contents"    // one a root: where the catalogues lie
	kindGone        = "segment/gone"        // one a root: what it has replaced
	kindShelfTag    = "segment/tag"         // one a tag: what is said of it, and where its chunks lie
	kindShelfLive   = "segment/live"        // one a live segment: sizes, and where its members lie
	kindDefinitions = "segment/definitions" // one a live segment
	kindSets        = "segment/sets"        // sets of setsTogether chunks
	kindRecords     = "segment/records"     // what a timed segment knows of the customers of a chunk
	shelfFormat     = 1
	contentsFormat  = 2 // 1 had no hashes of ids
)

// errPlace is what is wrong with a value that belongs somewhere else.
var errPlace = errors.New("is of another place")

// errForm is what is wrong with a value that nobody can have written.
var errForm = errors.New("form")

func writeBerth(v *wire.Writer, b berth) {
	v.Uint(b.term)
	v.Uint(b.generation)
	v.Uint(uint64(b.number))
	v.Uint(uint64(b.bytes))
	v.Uint(uint64(b.sum))
}

// valueReader reads values and notes what cannot be. Not safe for concurrent use.
type valueReader struct {
	*wire.Reader
	bad bool
}

func openValue(data []byte, kind string) *valueReader {
	r := &valueReader{Reader: wire.Read(data)}
	r.Expect(kind, shelfFormat)
	return r
}

// close returns what is wrong.
func (r *valueReader) close() error {
	if err := r.Close(); err != nil {
		return err
	}
	if r.bad {
		return errForm
	}
	return nil
}

// upTo reads a number that is at most most.
func (r *valueReader) upTo(most uint64) uint64 {
	n := r.Uint()
	if n > most {
		r.bad = true
		return 0
	}
	return n
}

func (r *valueReader) count() int { return int(r.upTo(math.MaxInt32)) }

func (r *valueReader) berth() berth {
	return berth{r.Uint(), r.Uint(), uint32(r.upTo(math.MaxUint32)), uint32(r.upTo(math.MaxInt32)), uint32(r.upTo(math.MaxUint32))}
}

// berths reads a list.
func (r *valueReader) berths() []berth {
	var list []berth
	for range r.List() {
		list = append(list, r.berth())
	}
	return list
}

func writeBerths(v *wire.Writer, list []berth) {
	v.List(len(list))
	for _, b := range list {
		writeBerth(v, b)
	}
}

// savedTag is what a root names of a tag.
type savedTag struct {
	t       Tag
	written time.Time
	last    int // number of texts
	terms   []savedTerms
	columns []savedColumn // by chunk; a zero berth is no column
	times   []savedColumn
}

type savedTerms struct {
	n  int
	at berth
}

type savedColumn struct {
	n  uint32 // members
	at berth
}

func (s *savedTag) encode() []byte {
	v := wire.Sized(kindShelfTag, shelfFormat, 256+24*(len(s.columns)+len(s.times)))
	writeTag(v, &s.t, s.written)
	v.Uint(uint64(s.last))
	v.List(6 * len(s.terms))
	for _, t := range s.terms {
		v.Uint(uint64(t.n))
		writeBerth(v, t.at)
	}
	for _, columns := range [...][]savedColumn{s.columns, s.times} {
		n := 0
		for _, c := range columns {
			if c.at != (berth{}) {
				n++
			}
		}
		v.List(7 * n)
		for chunk, c := range columns {
			if c.at != (berth{}) {
				v.Uint(uint64(chunk))
				v.Uint(uint64(c.n))
				writeBerth(v, c.at)
			}
		}
	}
	return v.Data()
}

// decodeTag reads what savedTag.encode wrote, for an index of so many chunks.
func decodeTag(data []byte, chunks int) (*savedTag, tagData, error) {
	v := openValue(data, kindShelfTag)
	t, d, known := readTag(v.Reader)
	s := &savedTag{t: t, written: d.written, last: v.count()}
	n, sum := v.List(), 0
	v.bad = v.bad || !known || n%6 != 0
	for range n / 6 {
		b := savedTerms{v.count(), v.berth()}
		s.terms, sum = append(s.terms, b), sum+b.n
	}
	v.bad = v.bad || sum != s.last || d.terms == nil && n > 0 || s.last > maxLabels || t.Kind == Enum && s.last > maxEnum
	for _, columns := range [...]*[]savedColumn{&s.columns, &s.times} {
		n := v.List()
		v.bad = v.bad || n%7 != 0
		at := -1
		for range n / 7 {
			c := v.count()
			col := savedColumn{uint32(v.upTo(blockSize)), v.berth()}
			if c <= at || c >= chunks {
				v.bad = true
				break
			}
			if *columns == nil {
				*columns = make([]savedColumn, chunks)
			}
			at, (*columns)[c] = c, col
		}
	}
	return s, d, v.close()
}

// setsTogether is how many sets of a segment, of chunks one after the other, make a value.
const setsTogether = 8

func groupsOf(chunks int) int { return (chunks + setsTogether - 1) / setsTogether }

// encodeSets returns sets of the chunks from first on as a value.
func encodeSets(first int, sets []bitset.Set) []byte {
	v := wire.New(kindSets, shelfFormat)
	v.Uint(uint64(first))
	v.List(len(sets))
	for _, set := range sets {
		v.Bytes(bitset.AppendSet(nil, set))
	}
	return v.Data()
}

// decodeSets reads n sets of the chunks from first on to the end of list.
func decodeSets(list []bitset.Set, data []byte, first, n, dense int) ([]bitset.Set, error) {
	v := openValue(data, kindSets)
	if v.Uint() != uint64(first) || v.List() != n {
		return list, errPlace
	}
	for range n {
		data := v.Bytes()
		set, read, err := bitset.ReadSet(data, dense)
		if err != nil || read != len(data) {
			return list, errForm
		}
		list = append(list, set)
	}
	return list, v.close()
}

// decodeAllSets reads the sets of so many chunks.
func decodeAllSets(data [][]byte, chunks, dense int) (all []bitset.Set, err error) {
	for i := range data {
		first := i * setsTogether
		if all, err = decodeSets(all, data[i], first, min(setsTogether, chunks-first), dense); err != nil {
			return nil, err
		}
	}
	return all, nil
}
