package audit

import (
	"bytes"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/internal/wire"
)

// A glance goes through the bytes of an entry without reading them into one. It is for the
// entries as they nearly always are: of any others it says no more than that it does not know.
// Not safe for concurrent use.
type glance struct {
	data    []byte
	unknown bool
}

var entryHead = wire.New("audit/entry", 1).Data()

// The first bytes of items of package wire, as RFC 8949 has them.
const (
	itemUint  = 0x00
	itemBytes = 0x40
	itemText  = 0x60
	itemList  = 0x80
	itemNull  = 0xf6
)

// customerOf returns the customer of an entry, if sealed of a leaf, where it can tell that decode
// accepts it. Otherwise it is for decode to say.
func customerOf(data []byte, sealed bool) (id customer.ID, ok bool) {
	g := glance{data: data}
	if !bytes.HasPrefix(data, entryHead) {
		return id, false
	}
	g.data = data[len(entryHead):]
	g.must(g.id() != uuid.Nil)
	g.time()
	g.text(1)
	g.text(1)
	g.must(g.number(itemUint) < uint64(len(outcomeNames)))
	g.text(0)
	id = g.idOrNull()
	g.idOrNull()
	g.text(0)
	details := g.number(itemList)
	g.must(details%2 == 0 && details <= 2*mostDetails)
	for range details / 2 {
		if g.unknown {
			break
		}
		g.text(1)
		g.text(0)
	}
	sums := g.number(itemList)
	g.must(sums%2 == 0 && sums <= 2*mostDetails)
	for range sums / 2 {
		if g.unknown {
			break
		}
		g.text(1)
		g.must(g.number(itemBytes) == uint64(len(hash{})))
		g.take(uint64(len(hash{})))
	}
	if sealed {
		g.time()
	}
	return id, !g.unknown && len(g.data) == 0
}

func (g *glance) must(known bool) { g.unknown = g.unknown || !known }

// take returns the next n bytes, nil if there are fewer.
func (g *glance) take(n uint64) []byte {
	if g.unknown || n > uint64(len(g.data)) {
		g.unknown = true
		return nil
	}
	b := g.data[:n]
	g.data = g.data[n:]
	return b
}

// number reads the head of an item, in its shortest form.
func (g *glance) number(item byte) uint64 {
	if g.unknown || len(g.data) == 0 || g.data[0]&0xe0 != item {
		g.unknown = true
		return 0
	}
	short := g.data[0] & 0x1f
	g.data = g.data[1:]
	if short < 24 {
		return uint64(short)
	}
	if short > 27 {
		g.unknown = true
		return 0
	}
	n := uint64(0)
	for _, b := range g.take(1 << (short - 24)) {
		n = n<<8 | uint64(b)
	}
	g.must(n >= [4]uint64{24, 1 << 8, 1 << 16, 1 << 32}[short-24])
	return n
}

// text reads a line of at least so many bytes.
func (g *glance) text(least int) {
	b := g.take(g.number(itemText))
	g.must(len(b) >= least && line.Valid(b, mostText))
}

// time reads a time since 1970.
func (g *glance) time() {
	g.must(g.number(itemList) == 2)
	seconds := g.number(itemUint)
	nanos := g.number(itemUint)
	g.must(seconds < civil.EndSecond && nanos < uint64(time.Second))
}

func (g *glance) id() (id uuid.UUID) {
	g.must(g.number(itemBytes) == uint64(len(id)))
	copy(id[:], g.take(uint64(len(id))))
	return id
}

// idOrNull reads an id, which is not zero, or that there is none.
func (g *glance) idOrNull() (id uuid.UUID) {
	if len(g.data) > 0 && g.data[0] == itemNull {
		g.data = g.data[1:]
		return id
	}
	id = g.id()
	g.must(id != uuid.Nil)
	return id
}
