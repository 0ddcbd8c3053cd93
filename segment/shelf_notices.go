package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"time"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

const kindPage = "segment/notices"

// summed returns a value with its checksum as one more item, a byte string.
func summed(data []byte) []byte {
	sum := crc32.Checksum(data, castagnoli)
	v := wire.Onto(data)
	v.Bytes(binary.LittleEndian.AppendUint32(nil, sum))
	return v.Data()
}

// unsummed returns the value that summed was given; ok tells whether it is that.
func unsummed(data []byte) (value []byte, ok bool) {
	n := len(data) - 5 // the head of the byte string, and 4 bytes
	if n < 0 || !bytes.Equal(summed(data[:n:n]), data) {
		return nil, false
	}
	return data[:n], true
}

func decodeSummedRoot(data []byte) (*root, error) {
	rest, ok := unsummed(data)
	if !ok {
		return nil, corrupt("root: checksum")
	}
	return decodeRoot(rest)
}

// pageNotice is more than a notice takes of a page, besides the name of its segment where that is new.
const pageNotice = 16 + 5*9 + 8

// encodePage returns a page of the first n notices, which is small enough for every store.
func encodePage(list []Notice) (data []byte, n int) {
	names := map[string]int{}
	var order []string
	size := 128
	for n < len(list) && n < noticeBlock {
		name := list[n].Segment
		more := pageNotice
		if _, ok := names[name]; !ok {
			more += len(name) + 4
		}
		if size += more; n > 0 && size > partBytes {
			break
		}
		if _, ok := names[name]; !ok {
			names[name] = len(order)
			order = append(order, name)
		}
		n++
	}
	v := wire.Sized(kindPage, shelfFormat, size)
	v.Uint(list[0].Number)
	v.List(len(order))
	for _, name := range order {
		v.Text(name)
	}
	v.List(6 * n)
	at := int64(0)
	for i := range list[:n] {
		x := &list[i]
		v.Bytes(x.Customer[:])
		v.Int(x.At.UnixNano() - at)
		v.Uint(uint64(names[x.Segment]))
		v.Uint(uint64(x.Version))
		v.Bool(x.Entered)
		v.Uint(uint64(x.Cause))
		at = x.At.UnixNano()
	}
	return summed(v.Data()), n
}

func decodePage(data []byte, first uint64) ([]Notice, error) {
	fault := func(err error) ([]Notice, error) { return nil, corrupt("notices from %d: %w", first, err) }
	rest, ok := unsummed(data)
	if !ok {
		return fault(errSum)
	}
	v := openValue(rest, kindPage)
	if v.Uint() != first {
		return fault(errPlace)
	}
	var names []string
	for range v.List() {
		names = append(names, v.Text())
	}
	n := v.List()
	v.bad = n%6 != 0
	var list []Notice
	at := int64(0)
	for i := range n / 6 {
		x := Notice{Number: first + uint64(i)}
		v.bad = v.bad || copy(x.Customer[:], v.Bytes()) != len(x.Customer)
		at += v.Int()
		name := v.count()
		if name >= len(names) {
			v.bad = true
			break
		}
		x.At, x.Segment, x.Version, x.Entered, x.Cause = time.Unix(0, at).UTC(), names[name], v.count(), v.Bool(), Cause(v.upTo(255))
		v.bad = v.bad || x.Cause == 0 || int(x.Cause) >= len(causeNames)
		list = append(list, x)
	}
	if err := v.close(); err != nil {
		return fault(err)
	}
	return list, nil
}

// notices yields the notices with numbers above after and up to last, which have been saved. An error is the last element.
func (k *shelf) notices(ctx context.Context, after, last uint64) iter.Seq2[Notice, error] {
	return func(yield func(Notice, error) bool) {
		fail := func(err error) { yield(Notice{}, err) }
		if after >= last {
			return
		}
		from := pageKey(after + 1)
		for e, err := range k.store.Scan(ctx, store.Range{From: []byte(pageKeys), To: pageKey(after + 2), Limit: 1, Reverse: true}) {
			if err != nil {
				fail(err)
				return
			}
			from = e.Key
		}
		for e, err := range k.store.Scan(ctx, store.Range{From: from, To: pageKey(last + 1)}) {
			if err != nil {
				fail(err)
				return
			}
			first := binary.BigEndian.Uint64(e.Key[len(pageKeys):])
			if first > after+1 {
				break
			}
			page, err := decodePage(e.Value, first)
			if err != nil {
				fail(err)
				return
			}
			for _, n := range page {
				if n.Number <= after || n.Number > last {
					continue
				}
				if after = n.Number; !yield(n, nil) {
					return
				}
			}
		}
		if after < last {
			fail(k.gap(ctx, after))
		}
	}
}

// gap returns the error for a notice that is not there: it is not kept any more, or should be.
func (k *shelf) gap(ctx context.Context, after uint64) error {
	_, r, err := k.last(ctx)
	if err != nil {
		return err
	}
	if r != nil && after+1 < r.first {
		return fmt.Errorf("%w: those up to %d are gone, and notices after %d are asked for", ErrExpiredNotices, r.first-1, after)
	}
	return corrupt("notices from %d: %w", after+1, errNotThere)
}
