package profile

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// rows brings some rows up to date.
func (x *resealing) rows(ctx context.Context, page []store.Entry) error {
	ids, keys := make([]customer.ID, len(page)), make([][]byte, len(page))
	for i, e := range page {
		var err error
		if ids[i], err = nameOf(e.Key); err != nil {
			return err
		}
		keys[i] = e.Key
	}
	for left := true; left; {
		n := 0
		err := x.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
			f, err := x.reread(ctx)
			if err != nil {
				return nil, err
			}
			l := x.layout(f)
			entries, err := x.read(ctx, keys)
			if err != nil {
				return nil, err
			}
			var stale []customer.ID
			var of []store.Entry
			for i, e := range entries {
				r, err := readRow(e)
				if err != nil {
					return nil, err
				}
				if r != nil && l.isStale(r) {
					stale, of = append(stale, ids[i]), append(of, e)
				}
			}
			if n, left = 0, false; len(stale) == 0 {
				return nil, nil
			}
			whole, err := x.whole(ctx, l, stale, of)
			if err != nil {
				return nil, err
			}
			b, size := new(store.Batch), 0
			for i, r := range whole {
				if r == nil {
					continue
				}
				_, data := l.shrink(stale[i], r)
				if bytes.Equal(data, of[i].Value) {
					continue
				}
				if left = size > purgedBytes; left {
					break
				}
				n, size = n+1, size+len(data)
				b.If(of[i].Key, of[i].Version)
				b.Put(of[i].Key, data)
			}
			if n == 0 {
				return nil, nil
			}
			b.If([]byte(schemaKey), f.read)
			return b, nil
		})
		if err != nil {
			return err
		}
		x.changed.Add(int64(n))
	}
	return nil
}

// isStale tells whether a stored row has values that are not to be readable, or may have, or is a
// digest under a key that is not the newest.
func (l *layout) isStale(r *row) bool {
	switch len(r.digest) {
	case 0:
		return l.hides(r)
	case seal.BlindBytes:
		return binary.BigEndian.Uint32(r.digest) != binary.BigEndian.Uint32(l.index.Blind("", ""))
	}
	return !bytes.Equal(r.digest, unsure) && l.hidden
}
