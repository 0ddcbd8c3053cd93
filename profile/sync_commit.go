package profile

import (
	"bytes"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A commit of jobs in the making.
type commit struct {
	batch  store.Batch
	empty  bool
	heads  [customer.Shards]rowsHead // as they will be
	jobs   int                       // how many it takes
	folded int
	rows   int
}

// batch makes the commit of as many jobs as fit.
func (y *syncing) batch(pg *page) *commit {
	c := &commit{heads: *y.heads}
	limits := y.p.s.Limits()
	// What all have in common is the heads, the position of the refolding and the
	// conditions, with room to spare.
	room := limits.BatchBytes - 16<<10
	stamp := lastStamp(y.heads) + 1
	most := len(pg.jobs) >> max(0, pg.lost-mostLost)
	for i := range pg.jobs {
		j := &pg.jobs[i]
		if room -= len(j.data) + 512; i > 0 && (room < 0 || i >= most) {
			break
		}
		c.jobs++
		if j.fold {
			c.folded++
		}
		if y.put(c, pg.layout, j, stamp) {
			c.rows++
		}
	}
	if pg.refold != nil && c.jobs > 0 {
		pg.refold.advance(&c.batch, pg.jobs[c.jobs-1].id)
	}
	if c.empty = len(c.batch.Writes) == 0; c.empty {
		return c
	}
	b := &c.batch
	b.If([]byte(schemaKey), pg.layout.read)
	if pg.follow != nil {
		b.If([]byte(followKey), pg.follow.version)
	}
	for shard := range c.heads {
		h := &c.heads[shard]
		if h.last != y.heads[shard].last {
			h.stamp = stamp
			b.If(shardKey(shard), h.version)
			b.Put(shardKey(shard), h.encode())
		}
	}
	slices.SortFunc(b.Writes, func(x, y store.Write) int { return bytes.Compare(x.Key, y.Key) })
	slices.SortFunc(b.Conditions, func(x, y store.Condition) int { return bytes.Compare(x.Key, y.Key) })
	return c
}

// put adds what becomes of a customer to a commit and tells whether it is handed on.
func (y *syncing) put(c *commit, l *layout, j *job, stamp uint64) bool {
	b, writes := &c.batch, len(c.batch.Writes)
	for _, mark := range j.marks {
		if j.before == nil || j.before.due != mark {
			b.Delete(dueKey(mark, j.id))
		}
	}
	handOn := false
	if j.fold {
		old, due := never, never
		if j.before != nil {
			old = j.before.due
		}
		if j.after != nil {
			due = j.after.due
			b.Put(rowKey(j.id), j.data)
			handOn = j.before == nil || !l.same(j.id, j.before, j.after)
		} else {
			if j.before != nil {
				b.Delete(rowKey(j.id))
			}
			// A row may have been taken away by who erased the customer.
			handOn = j.before != nil || j.wait != 0
		}
		if old != due {
			if old != never {
				b.Delete(dueKey(old, j.id))
			}
			if due != never {
				b.Put(dueKey(due, j.id), dueMark)
			}
		}
		if j.wait != 0 {
			b.Delete(waitKey(j.id))
		}
	}
	if len(b.Writes) == writes {
		return false
	}
	b.If(waitKey(j.id), j.wait)
	b.If(rowKey(j.id), j.stored)
	if handOn {
		shard := customer.ShardOf(j.id)
		h := &c.heads[shard]
		h.last++
		b.Put(queueKey(shard, h.last), (&queued{j.id, stamp}).encode())
	}
	return handOn
}
