package segment

import (
	"maps"
	"slices"

	"github.com/clientele-go/clientele/internal/wire"
)

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
