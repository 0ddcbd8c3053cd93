package segment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
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

// root is the value that names everything else. Safe for concurrent reads.
type root struct {
	index      [16]byte
	epoch      uint64
	formerly   former
	version    uint64
	dense      int
	infer      bool
	location   string
	term       uint64 // of the writer, and the number of the root: see berth
	generation uint64
	step       uint64
	clock      int64
	next       int64
	last       uint64 // number of the last notice
	first      uint64 // number of the first notice that is kept; last+1 for none
	contents   berth
	gone       berth
}

func (r *root) berth() berth { return berth{term: r.term, generation: r.generation} }

func (r *root) encode() []byte {
	v := wire.New(kindRoot, shelfFormat)
	v.Bytes(r.index[:])
	for _, n := range [...]uint64{r.epoch, r.formerly.epoch, r.formerly.positions, r.version, uint64(r.dense)} {
		v.Uint(n)
	}
	v.Bool(r.infer)
	v.Text(r.location)
	v.Uint(r.term)
	v.Uint(r.generation)
	v.Uint(r.step)
	v.Int(r.clock)
	v.Int(r.next)
	v.Uint(r.last)
	v.Uint(r.first)
	writeBerth(v, r.contents)
	writeBerth(v, r.gone)
	return v.Data()
}

func decodeRoot(data []byte) (*root, error) {
	v := openValue(data, kindRoot)
	r := &root{}
	index := v.Bytes()
	v.bad = copy(r.index[:], index) != len(r.index) || len(index) != len(r.index)
	r.epoch, r.formerly.epoch, r.formerly.positions, r.version = v.Uint(), v.Uint(), v.Uint(), v.Uint()
	r.dense, r.infer, r.location = int(v.upTo(1<<16)), v.Bool(), v.Text()
	r.term, r.generation, r.step = v.Uint(), v.Uint(), v.Uint()
	r.clock, r.next, r.last, r.first = v.Int(), v.Int(), v.Uint(), v.Uint()
	r.contents, r.gone = v.berth(), v.berth()
	v.bad = v.bad || r.epoch == 0 || r.dense == 0 || r.first > r.last+1
	if err := v.close(); err != nil {
		return nil, corrupt("root: %w", err)
	}
	return r, nil
}

// contents says where the catalogues lie.
type contents struct {
	positions uint64  // given to customers
	exist     []berth // sets of who exists
	ids       []berth // by chunk
	hashes    []berth // of ids, by chunk
	tags      []berth
	live      []berth // ascending by name
	retired   map[string]int
}

func (c *contents) encode() []byte {
	v := wire.Sized(kindContents, contentsFormat, 64+24*(len(c.exist)+2*len(c.ids)+len(c.tags)+len(c.live)))
	v.Uint(c.positions)
	for _, list := range [...][]berth{c.exist, c.ids, c.hashes, c.tags, c.live} {
		writeBerths(v, list)
	}
	v.List(2 * len(c.retired))
	for _, name := range slices.Sorted(maps.Keys(c.retired)) {
		v.Text(name)
		v.Uint(uint64(c.retired[name]))
	}
	return v.Data()
}

func decodeContents(data []byte) (*contents, error) {
	v := &valueReader{Reader: wire.Read(data)}
	v.Expect(kindContents, contentsFormat)
	c := &contents{positions: v.upTo(uint64(maxPositions)), retired: map[string]int{}}
	c.exist, c.ids, c.hashes, c.tags, c.live = v.berths(), v.berths(), v.berths(), v.berths(), v.berths()
	n := v.List()
	for range n / 2 {
		name := v.Text()
		c.retired[name] = v.count()
	}
	chunks := (int(c.positions) + blockSize - 1) >> chunkBits
	v.bad = v.bad || v.Version() != contentsFormat || n%2 != 0 || len(c.ids) != chunks || len(c.hashes) != chunks || len(c.exist) != groupsOf(chunks)
	return c, v.close()
}

func encodeGone(list []berth) []byte {
	v := wire.Sized(kindGone, shelfFormat, 64+24*len(list))
	writeBerths(v, list)
	return v.Data()
}

func decodeGone(data []byte) ([]berth, error) {
	v := openValue(data, kindGone)
	return v.berths(), v.close()
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

// encodeColumn returns a column as a value: the frames of a snapshot file, or its bit slices.
func encodeColumn(kind string, tag, c int, col column) []byte {
	switch col := col.(type) {
	case *intColumn:
		if !col.sparse() && col.set.Len() >= bitsFrom {
			return encodeBits(kind, tag, c, col)
		}
	case *enumColumn:
		if data := encodeCodes(tag, c, col); data != nil {
			return data
		}
	}
	var b bytes.Buffer
	f := &fileWriter{ctx: context.Background(), w: bufio.NewWriterSize(&b, 1<<12)}
	f.column(cellValue(kind, tag, c, col), col, nil)
	_ = f.w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
}

// eachFrame calls f with each frame of a value, which are of a kind and a tag.
func eachFrame(data []byte, dense int, kind string, tag int, each func(f *fileReader, v *wire.Reader) error) error {
	f := &fileReader{dense: dense}
	for first := true; first || len(data) > 0; first = false {
		if len(data) < 8 {
			return errForm
		}
		size, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
		if data = data[8:]; uint64(size) > uint64(len(data)) {
			return errForm
		}
		value := data[:size:size]
		if data = data[size:]; crc32.Checksum(value, castagnoli) != sum {
			return errSum
		}
		f.n++
		v := wire.Read(value)
		if v.Expect(kind, fileFormat); v.Uint() != uint64(tag) {
			return errPlace
		}
		if err := errors.Join(each(f, v), f.done(v)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelved) berths() []berth { return []berth{s.at} }

func (s *shelved) kind() string {
	if s.times {
		return kindTimes
	}
	return kindColumn
}

func (s *shelved) name() string {
	if s.times {
		return fmt.Sprintf("tag %q: times of chunk %d", s.of.t.Name, s.chunk)
	}
	return fmt.Sprintf("tag %q: chunk %d", s.of.t.Name, s.chunk)
}

func (s *shelved) take(data [][]byte) (err error) {
	var col column
	switch wire.Read(data[0]).Kind() { // no frame is as long as these letters would say
	case kindBits:
		col, err = s.decodeBits(data[0])
	case kindCodes:
		col, err = s.decodeCodes(data[0])
	default:
		col, err = s.frames(data[0])
	}
	if err == nil && col.members().Len() != int(s.n) {
		err = errForm
	}
	if err == nil {
		s.col = col
	}
	return err
}

func (s *shelved) frames(data []byte) (col column, err error) {
	err = eachFrame(data, s.of.dense, s.kind(), s.of.tag, func(f *fileReader, v *wire.Reader) (err error) {
		if v.Uint() != uint64(s.chunk) || col != nil && (s.times || s.of.t.Kind != Labels) {
			return errPlace
		}
		col, err = f.read(v, s.kind(), s.of.t, s.of.last, s.of.exist[s.chunk], col)
		return err
	})
	return col, err
}

// shelvedTerms are the texts of a tag that lie on a shelf.
type shelvedTerms struct {
	of *shelvedTag
	at []savedTerms
}

// count returns the number of texts.
func (k *shelvedTerms) count() int { return k.of.last }

func (t *terms) berths() []berth {
	list := make([]berth, len(t.kept.at))
	for i, b := range t.kept.at {
		list[i] = b.at
	}
	return list
}

func (t *terms) name() string { return fmt.Sprintf("tag %q: texts", t.kept.of.t.Name) }

func (t *terms) take(data [][]byte) error {
	d, of := tagData{terms: newTerms()}, t.kept.of
	for i, data := range data {
		before := d.last
		err := eachFrame(data, of.dense, kindTerms, of.tag, func(f *fileReader, v *wire.Reader) error { return f.texts(v, of.t, &d) })
		if err != nil {
			return err
		}
		if d.last-before != t.kept.at[i].n {
			return errForm
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes = d.terms.codes
	texts := d.terms.all()
	t.texts.Store(&texts)
	return nil
}

// encodeTerms returns texts as a value.
func encodeTerms(tag int, texts []string) []byte {
	var b bytes.Buffer
	f := &fileWriter{ctx: context.Background(), w: bufio.NewWriterSize(&b, 1<<12)}
	f.terms(texts, tag)
	_ = f.w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
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

// savedLive is what a root names of a live segment.
type savedLive struct {
	at             berth
	name           string
	version        int
	count, waiting int
	sizes          sizeLog
	chunks         [2]int // of members and held, which may be fewer than the index has
	definitions    berth  // all versions
	members, held  []berth
	records        []berth // by chunk; zero: nobody
	history        []Version
	woken          atomic.Pointer[frozenSegment] // as it was written, once it is read
}

func (s *savedLive) encode() []byte {
	v := wire.Sized(kindShelfLive, shelfFormat, 256+16*len(s.sizes.kept)+24*len(s.records))
	v.Text(s.name)
	for _, n := range [...]int{s.version, s.count, s.waiting, s.chunks[0], s.chunks[1], s.sizes.every, s.sizes.last} {
		v.Uint(uint64(n))
	}
	v.List(3 * len(s.sizes.kept))
	for _, size := range s.sizes.kept {
		v.Int(size.At.UnixNano())
		v.Uint(uint64(size.Version))
		v.Uint(uint64(size.Members))
	}
	writeBerth(v, s.definitions)
	writeBerths(v, s.members)
	writeBerths(v, s.held)
	writeBerths(v, s.records)
	return v.Data()
}

// decodeLive reads a segment of an index of so many chunks, but for its history.
func decodeLive(data []byte, chunks int) (*savedLive, error) {
	v := openValue(data, kindShelfLive)
	s := &savedLive{name: v.Text(), version: v.count(), count: v.count(), waiting: v.count()}
	s.chunks[0], s.chunks[1] = v.count(), v.count()
	s.sizes.every, s.sizes.last = v.count(), v.count()
	n := v.List()
	for range n / 3 {
		s.sizes.kept = append(s.sizes.kept, Size{time.Unix(0, v.Int()).UTC(), v.count(), v.count()})
	}
	s.definitions = v.berth()
	s.members, s.held, s.records = v.berths(), v.berths(), v.berths()
	v.bad = v.bad || n%3 != 0 || n == 0 || s.sizes.every == 0 || len(s.records) > chunks ||
		s.chunks[0] > chunks || len(s.members) != groupsOf(s.chunks[0]) ||
		s.chunks[1] > chunks || len(s.held) != groupsOf(s.chunks[1])
	return s, v.close()
}

func encodeDefinitions(history []Version) ([]byte, error) {
	v := wire.New(kindDefinitions, shelfFormat)
	text, err := json.Marshal(history)
	v.Bytes(text)
	return v.Data(), err
}

// decodeDefinitions reads the history of s.
func (s *savedLive) decodeDefinitions(data []byte) error {
	v := openValue(data, kindDefinitions)
	text := v.Bytes()
	if err := v.close(); err != nil {
		return err
	}
	if json.Unmarshal(text, &s.history) != nil || len(s.history) == 0 {
		return errForm
	}
	for i := range s.history {
		h := &s.history[i]
		if h.Definition.Name != s.name || h.Definition.Validate() != nil {
			return errForm
		}
		h.At = clockTime(h.At)
	}
	if s.history[len(s.history)-1].Number != s.version {
		return errForm
	}
	return nil
}

// encodeRecords returns what a timed segment knows of the customers of a chunk.
func encodeRecords(c int, records map[uint16]record) []byte {
	var w kernel.Words
	for p := range records {
		addMember(&w, p)
	}
	states, since := make([]byte, 0, len(records)), make([]byte, 0, 4*len(records))
	last := int64(0)
	for p := range members(&w) {
		r := records[p]
		b := byte(r.state)
		if r.pending {
			b |= recordPending
		}
		states, since, last = append(states, b), binary.AppendVarint(since, r.since-last), r.since
	}
	v := wire.Sized(kindRecords, shelfFormat, 128+len(states)+len(since))
	v.Uint(uint64(c))
	v.Bytes(bitset.AppendSet(nil, bitset.Of(&w, kernel.Bits/64)))
	v.Bytes(states)
	v.Bytes(since)
	return v.Data()
}

const recordPending = 1 << 7

func decodeRecords(data []byte, c int) (map[uint16]record, error) {
	v := openValue(data, kindRecords)
	chunk, places, states, since := v.Uint(), v.Bytes(), v.Bytes(), v.Bytes()
	if err := v.close(); err != nil {
		return nil, err
	}
	set, n, err := bitset.ReadSet(places, kernel.Bits/64)
	if err != nil || n != len(places) || set.Len() != len(states) {
		return nil, errForm
	}
	if chunk != uint64(c) {
		return nil, errPlace
	}
	records := make(map[uint16]record, len(states))
	last := int64(0)
	for p := range set.All() {
		delta, size := binary.Varint(since)
		is := state(states[0] &^ recordPending)
		if size <= 0 || is > stateWaiting {
			return nil, errForm
		}
		last += delta
		records[p] = record{is, states[0]&recordPending != 0, last}
		states, since = states[1:], since[size:]
	}
	if len(since) > 0 {
		return nil, errForm
	}
	return records, nil
}
