package bitset

import (
	"encoding/binary"
	"io"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// Numbers of the portable format of Roaring bitmaps,
// https://github.com/RoaringBitmap/RoaringFormatSpec.
const (
	maxChunks         = 1 << 16
	cookieWithoutRuns = 12346 // 32 bits, followed by the number of containers
	cookieWithRuns    = 12347 // 16 bits, followed by the number of containers less one
	offsetThreshold   = 4     // with runs and less containers there are no offsets
)

// appendRoaring writes the members of the chunks in the portable format of
// Roaring bitmaps of 32 bits (RoaringFormatSpec): position p of chunk i is bit
// i*65,536 + p. Containers are runs where the chunks are, and of the smaller of the
// other two kinds elsewhere. It panics if there are more than 65,536 chunks.
func appendRoaring(dst []byte, chunks []Set) []byte {
	if len(chunks) > maxChunks {
		panic("bitset: more than 65,536 chunks")
	}
	type container struct {
		key   int
		set   Set
		shape shape
	}
	n := 0
	for _, s := range chunks {
		if !s.IsEmpty() {
			n++
		}
	}
	containers := make([]container, 0, n)
	flags := make([]byte, (n+7)/8) // bit k tells whether container k is runs
	body, hasRuns := 0, false
	for i, s := range chunks {
		if s.IsEmpty() {
			continue
		}
		s = s.flat()
		c := container{i, s, shapeAsKept(s)}
		if k := len(containers); c.shape.kind == runsKind {
			flags[k/8] |= 1 << (k % 8)
			hasRuns = true
		}
		containers = append(containers, c)
		body += c.shape.bytes(s.Len())
	}
	le := binary.LittleEndian
	dst = slices.Grow(dst, 8+len(flags)+8*n+body)
	start := len(dst)
	if hasRuns {
		dst = le.AppendUint32(dst, cookieWithRuns|uint32(n-1)<<16)
		dst = append(dst, flags...)
	} else {
		dst = le.AppendUint32(dst, cookieWithoutRuns)
		dst = le.AppendUint32(dst, uint32(n))
	}
	for _, c := range containers {
		dst = le.AppendUint16(dst, uint16(c.key))
		dst = le.AppendUint16(dst, uint16(c.set.Len()-1))
	}
	if !hasRuns || n >= offsetThreshold {
		offset := len(dst) - start + 4*n
		for _, c := range containers {
			dst = le.AppendUint32(dst, uint32(offset))
			offset += c.shape.bytes(c.set.Len())
		}
	}
	for _, c := range containers {
		dst = appendMembers(dst, c.set, c.shape)
	}
	return dst
}

// ReadRoaring reads chunks in the portable format from the start of data, and
// returns how many bytes they took. The last chunk is not empty; for dense see
// [Of]; data is not kept. Everything is checked: containers and members ascend,
// numbers of members and offsets are right, runs do not touch. What is malformed
// gives an error that wraps [ErrFormat]. Memory stays below 2 MiB and 8 KiB for
// each container that is there.
func ReadRoaring(data []byte, dense int) (chunks []Set, n int, err error) {
	r := reader{data: data, container: -1, dense: dense}
	cookie := r.uint32()
	containers, hasRuns := 0, false
	var flags []byte
	switch {
	case r.err != nil:
	case cookie == cookieWithoutRuns:
		containers = int(min(r.uint32(), maxChunks+1))
		if containers > maxChunks {
			r.fail("more than 65,536 containers")
		}
	case cookie&0xffff == cookieWithRuns:
		hasRuns = true
		containers = int(cookie>>16) + 1
		flags = r.take((containers + 7) / 8)
		if r.err == nil && containers%8 != 0 && bits.Len8(flags[len(flags)-1]) > containers%8 {
			r.fail("flags beyond the last container")
		}
	default:
		r.at = 0
		r.fail("no cookie of a Roaring bitmap")
	}
	heads := r.take(4 * containers)
	var offsets []byte
	if !hasRuns || containers >= offsetThreshold {
		offsets = r.take(4 * containers)
	}
	if r.err != nil {
		return nil, 0, r.err
	}
	le := binary.LittleEndian
	if containers > 0 {
		chunks = make([]Set, int(le.Uint16(heads[4*containers-4:]))+1)
	}
	previous := -1
	for k := range containers {
		r.container = k
		key, members := int(le.Uint16(heads[4*k:])), int(le.Uint16(heads[4*k+2:]))+1
		switch {
		case key <= previous || key >= len(chunks):
			r.fail("keys do not ascend")
		case offsets != nil && uint64(le.Uint32(offsets[4*k:])) != uint64(r.at):
			r.fail("offset %d", le.Uint32(offsets[4*k:]))
		}
		if r.err != nil {
			return nil, 0, r.err
		}
		previous = key
		var s Set
		switch {
		case hasRuns && flags[k/8]>>(k%8)&1 != 0:
			s = r.runs()
		case members > maxDense:
			s = r.bitmap()
		default:
			s = r.positions(members)
		}
		if r.err == nil && s.Len() != members {
			r.fail("%d members, said to be %d", s.Len(), members)
		}
		if r.err != nil {
			return nil, 0, r.err
		}
		chunks[key] = s
	}
	return chunks, r.at, nil
}

// ToRoaring is the bitmap of the members of the chunks: position p of chunk i is
// bit i*65,536 + p. It belongs to the caller, shares no memory and does not copy
// on write; its containers lie together. They are runs only where the chunks are.
// It panics if there are more than 65,536 chunks.
func ToRoaring(chunks []Set) *roaring.Bitmap {
	b := roaring.New()
	if _, err := b.ReadFrom(&given{data: appendRoaring(nil, chunks)}); err != nil {
		panic("bitset: ToRoaring: " + err.Error()) // our own bytes
	}
	return b
}

// given is what is read by a bitmap that may keep and change the memory of it: it has
// the methods of the byte input of roaring, which copies what comes from any other
// reader. (FromUnsafeBytes of a bitmap keeps memory too, but has containers copied
// before they are changed, and so others share them that are not.)
type given struct {
	data []byte
	at   int
}

func (g *given) NextReturnsSafeSlice() bool { return true }
func (g *given) GetReadBytes() int64        { return int64(g.at) }

// Next returns the next n bytes.
func (g *given) Next(n int) ([]byte, error) {
	if n > len(g.data)-g.at {
		return nil, io.ErrUnexpectedEOF
	}
	g.at += n
	return g.data[g.at-n : g.at : g.at], nil
}

func (g *given) SkipBytes(n int) error {
	_, err := g.Next(n)
	return err
}

func (g *given) ReadUInt16() (uint16, error) {
	b, err := g.Next(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(b), nil
}

func (g *given) ReadUInt32() (uint32, error) {
	b, err := g.Next(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (g *given) Read(p []byte) (int, error) {
	n := copy(p, g.data[g.at:])
	if g.at += n; n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// FromRoaring is the chunks of the members of b, the last of which is not empty.
// For dense see [Of]. b is read only, not even its flags are written. A bitmap
// that is not valid, as [roaring.Bitmap.Validate] would tell, gives an error that
// wraps [ErrFormat].
func FromRoaring(b *roaring.Bitmap, dense int) ([]Set, error) {
	data, err := b.ToBytes()
	if err != nil {
		return nil, err
	}
	chunks, _, err := ReadRoaring(data, dense)
	return chunks, err
}
