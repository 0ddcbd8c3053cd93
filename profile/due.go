package profile

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Each row that can change because time passes has a mark under the time, which is in the
// row too, and both are written by the same commits: all marks up to a time are the rows
// to be folded anew then.

// dueMark is the value of a mark.
var dueMark = wire.New("profile/due", 1).Data()

// due folds the customers whose rows can have changed since.
func (y *syncing) due(ctx context.Context) error {
	r := store.Under(key('d'))
	r.To = dueKey(y.at+1, customer.ID{})
	return y.each(ctx, y.pages(ctx, r, nil))
}

// nextDue returns the time of the first mark after a time, or never. What remains of earlier
// ones is of customers who wait on.
func (p *Profiles) nextDue(ctx context.Context, after int64) (int64, error) {
	r := store.Under(key('d'))
	r.From = dueKey(after+1, customer.ID{})
	r.Limit = 1
	for e, err := range p.s.Scan(ctx, r) {
		if err != nil {
			return never, err
		}
		return dueTime(e.Key)
	}
	return never, nil
}

// dueTime returns the time in the key of a mark.
func dueTime(k []byte) (int64, error) {
	prefix := len(key('d'))
	if len(k) != prefix+8+len(customer.ID{}) {
		return 0, fmt.Errorf("%w: profile: key of a mark", store.ErrCorrupt)
	}
	return int64(binary.BigEndian.Uint64(k[prefix:]) ^ 1<<63), nil
}
