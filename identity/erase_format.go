package identity

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// erasePartKey is where a part of what an erasure does after its commit is.
func erasePartKey(ruling blind, part int) []byte {
	return key("e", ruling[:], binary.BigEndian.AppendUint32(nil, uint32(part)))
}

// eraseParts divides writes into what is done in one commit, and kept in one value, of any
// store.
func eraseParts(writes []store.Write) iter.Seq[[]store.Write] {
	const most, bytes = 900, 32 << 10
	return func(yield func([]store.Write) bool) {
		for len(writes) > 0 {
			n, size := 0, 0
			for n < min(len(writes), most) && (n == 0 || size < bytes) {
				size += len(writes[n].Key) + 3
				if n == 0 || !sameWrite(writes[n-1], writes[n]) {
					size += len(writes[n].Value) + 5
				}
				n++
			}
			if !yield(writes[:n]) {
				return
			}
			writes = writes[n:]
		}
	}
}

// sameWrite reports whether two writes differ in their keys alone.
func sameWrite(a, b store.Write) bool { return a.Delete == b.Delete && bytes.Equal(a.Value, b.Value) }

// erasePartData encodes writes; those with equal values, next to each other, have it once.
func erasePartData(writes []store.Write) []byte {
	w := wire.New("identity/erase", 1)
	for len(writes) > 0 {
		n := 1
		for n < len(writes) && sameWrite(writes[0], writes[n]) {
			n++
		}
		if writes[0].Delete {
			w.Null()
		} else {
			w.Bytes(writes[0].Value)
		}
		w.List(n)
		for _, x := range writes[:n] {
			w.Bytes(x.Key)
		}
		writes = writes[n:]
	}
	return w.Data()
}

func readErasePart(data []byte) (writes []store.Write, err error) {
	d := wire.Read(data)
	d.Expect("identity/erase", 1)
	for d.More() {
		x := store.Write{Delete: d.Null()}
		if !x.Delete {
			x.Value = d.Bytes()
		}
		n := d.List()
		for range n {
			x.Key = d.Bytes()
			writes = append(writes, x)
		}
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return writes, nil
}

// An erasing says that an erasure is to be finished.
type erasing struct {
	name  blind // of its ruling
	parts int
}

func (j erasing) data() []byte {
	w := wire.New("identity/erasing", 1)
	w.Bytes(j.name[:])
	w.Uint(uint64(j.parts))
	return w.Data()
}

func readErasing(data []byte) (j erasing, err error) {
	d := wire.Read(data)
	d.Expect("identity/erasing", 1)
	j.name = readBlind(d)
	parts := d.Uint()
	if err := d.Close(); err != nil {
		return erasing{}, err
	}
	if j.name == (blind{}) || parts > 1<<20 {
		return erasing{}, fmt.Errorf("%w: erasure", store.ErrCorrupt)
	}
	j.parts = int(parts)
	return j, nil
}
