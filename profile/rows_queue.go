package profile

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// The rows' feed has customer.Shards shards by customer, each without gaps. An entry says
// that the row of a customer was changed or taken away, and not how: who follows gets the
// row as it is now. All entries of a commit have one stamp, higher than those of the
// entries before them in any of their shards, so that a reader finds those of a commit
// together again by going through the shards in the order of stamps.

// A rowsHead says which entries a shard has: those after trimmed up to last.
type rowsHead struct {
	last, trimmed, stamp uint64
	version              store.Version
}

func (h *rowsHead) encode() []byte {
	w := wire.Sized("profile/rows", 1, 48)
	w.Uint(h.last)
	w.Uint(h.trimmed)
	w.Uint(h.stamp)
	return w.Data()
}

func decodeRowsHead(data []byte) (rowsHead, error) {
	r := wire.Read(data)
	r.Expect("profile/rows", 1)
	h := rowsHead{last: r.Uint(), trimmed: r.Uint(), stamp: r.Uint()}
	if h.last == 0 || h.trimmed > h.last || h.stamp == 0 {
		fault(r)
	}
	return h, r.Close()
}

// rowsHeads reads the heads of all shards as of one moment.
func (p *Profiles) rowsHeads(ctx context.Context) (*[customer.Shards]rowsHead, error) {
	keys := make([][]byte, customer.Shards)
	for shard := range keys {
		keys[shard] = shardKey(shard)
	}
	entries, err := p.s.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	heads := new([customer.Shards]rowsHead)
	for shard, e := range entries {
		if e.Version == 0 {
			continue
		}
		if heads[shard], err = decodeRowsHead(e.Value); err != nil {
			return nil, fmt.Errorf("profile: head of shard %d of the rows: %w", shard, err)
		}
		heads[shard].version = e.Version
	}
	return heads, nil
}

// lastStamp is that of the last commit.
func lastStamp(heads *[customer.Shards]rowsHead) (stamp uint64) {
	for shard := range heads {
		stamp = max(stamp, heads[shard].stamp)
	}
	return stamp
}

// A queued entry of the rows' feed.
type queued struct {
	id    customer.ID
	stamp uint64
}

func (q *queued) encode() []byte {
	w := wire.Sized("profile/queued", 1, 48)
	w.Bytes(q.id[:])
	w.Uint(q.stamp)
	return w.Data()
}

func decodeQueued(data []byte) (queued, error) {
	r := wire.Read(data)
	r.Expect("profile/queued", 1)
	q := queued{id: readID(r), stamp: r.Uint()}
	if q.id == uuid.Nil {
		fault(r)
	}
	return q, r.Close()
}

// A queue reads the entries of the rows' feed. Not safe for concurrent use.
type queue struct {
	p     *Profiles
	at    customer.Cursor // before what was not taken yet
	heads *[customer.Shards]rowsHead
	read  [customer.Shards][]queued // what follows at, as far as it was read
}

// next takes as many commits as fit into a batch, and at least one, and returns the
// customers, each once, none at the end, and the stamp of the first commit.
func (q *queue) next(ctx context.Context) (ids []customer.ID, from uint64, err error) {
	seen := map[customer.ID]bool{}
	for taken := 0; ; {
		if err := q.fill(ctx); err != nil {
			return nil, 0, err
		}
		stamp, n := q.first()
		if n == 0 || taken > 0 && taken+n > batchRows {
			return ids, from, nil
		}
		if taken == 0 {
			from = stamp
		}
		taken += n
		for shard := range q.read {
			for len(q.read[shard]) > 0 && q.read[shard][0].stamp == stamp {
				if id := q.read[shard][0].id; !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
				q.read[shard] = q.read[shard][1:]
				q.at[shard]++
			}
		}
	}
}

// first returns the lowest stamp and the number of entries that have it, which fill has
// read all.
func (q *queue) first() (stamp uint64, n int) {
	for shard := range q.read {
		for i := range q.read[shard] {
			s := q.read[shard][i].stamp
			if n == 0 || s < stamp {
				stamp, n = s, 0
			}
			if s > stamp {
				break
			}
			n++
		}
	}
	return stamp, n
}

// fill reads so much that of every shard all entries of the first stamp are there.
func (q *queue) fill(ctx context.Context) error {
	for {
		var lacking []int
		for shard, read := range q.read {
			more := q.at[shard]+uint64(len(read)) < q.heads[shard].last
			if more && (len(read) == 0 || read[0].stamp == read[len(read)-1].stamp) {
				lacking = append(lacking, shard)
			}
		}
		if len(lacking) == 0 {
			return nil
		}
		var keys [][]byte
		var shards []int
		for _, shard := range lacking {
			from := q.at[shard] + uint64(len(q.read[shard])) + 1
			for seq := from; seq <= q.heads[shard].last && seq-from < uint64(queuePage/len(lacking)); seq++ {
				keys, shards = append(keys, queueKey(shard, seq)), append(shards, shard)
			}
		}
		entries, err := q.p.s.Get(ctx, keys...)
		if err != nil {
			return err
		}
		for i, e := range entries {
			shard := shards[i]
			if e.Version == 0 {
				return q.missing(ctx, shard)
			}
			one, err := decodeQueued(e.Value)
			if err != nil {
				return fmt.Errorf("profile: entry of shard %d of the rows: %w", shard, err)
			}
			q.read[shard] = append(q.read[shard], one)
		}
	}
}

// missing is the error for an entry that is not there: it has been trimmed meanwhile.
func (q *queue) missing(ctx context.Context, shard int) error {
	heads, err := q.p.rowsHeads(ctx)
	if err != nil {
		return err
	}
	if heads[shard].trimmed > q.at[shard] {
		return customer.ErrCursorExpired
	}
	return fmt.Errorf("%w: profile: an entry of shard %d of the rows is not there", store.ErrCorrupt, shard)
}
