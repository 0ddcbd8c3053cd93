package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// restored is what the root of a shelf names, of which only the catalogues have been read.
type restored struct {
	root    *root
	index   *Index
	live    []*savedLive // ascending by name
	retired map[string]int
}

// newShelf returns the shelf of a store, which open fills. Workers is the number of goroutines that it reads with; 0 means
// GOMAXPROCS.
func newShelf(s store.Store, workers int) *shelf {
	k := &shelf{store: s, limits: s.Limits(), workers: parallel.Workers(workers)}
	k.root.Store(&root{})
	return k
}

// open reads the catalogues of the last root; nil if there is none. Of what it returns chunks are read when they are
// needed. Cost: O(chunks of all tags).
func (k *shelf) open(ctx context.Context) (*restored, error) {
	for {
		e, err := k.store.Get(ctx, []byte(rootKey))
		if err != nil {
			return nil, err
		}
		k.version, k.settled = e[0].Version, true
		if e[0].Version == 0 {
			return nil, nil
		}
		r, err := decodeSummedRoot(e[0].Value)
		if err != nil {
			return nil, err
		}
		k.root.Store(r)
		x, err := k.catalogues(ctx, r)
		if !errors.Is(err, ErrStale) { // else another process has put a new root meanwhile
			return x, err
		}
	}
}

// catalogues reads what a root names.
func (k *shelf) catalogues(ctx context.Context, r *root) (*restored, error) {
	data, err := k.value(ctx, "contents", r.contents)
	if err != nil {
		return nil, err
	}
	list, err := decodeContents(data)
	if err != nil {
		return nil, corrupt("contents: %w", err)
	}
	chunks := len(list.ids)
	sets, err := k.values(ctx, "who exists", list.exist)
	if err != nil {
		return nil, err
	}
	exist, err := decodeAllSets(sets, chunks, r.dense)
	if err != nil {
		return nil, corrupt("who exists: %w", err)
	}
	s := &Snapshot{
		index: uuid.UUID(r.index), epoch: r.epoch, formerly: r.formerly, version: r.version, dense: r.dense, exists: exist, shelf: k,
	}
	for c, set := range exist {
		if n := set.Len(); n > 0 && uint64(c)<<chunkBits|uint64(set.Select(n-1)) >= list.positions {
			return nil, corrupt("who exists: %w", errForm)
		}
		s.alive += set.Len()
	}
	now := &saved{root: r, contents: *list, exist: exist, live: map[string]*savedLive{}, kept: map[string]*frozenSegment{}}
	if err := k.openTags(ctx, s, now); err != nil {
		return nil, err
	}
	x := &restored{root: r, index: &Index{infer: r.infer, workers: k.workers}, retired: list.retired}
	x.index.ids = k.openIDs(list, exist)
	s.ids = x.index.ids.view()
	x.index.current.Store(s)
	if x.live, err = k.openLive(ctx, list.live, chunks); err != nil {
		return nil, err
	}
	for i, g := range x.live {
		g.at = list.live[i]
		now.live[g.name] = g
	}
	k.saved, k.attempt, k.swept, k.unsure, k.failed, k.late = now, r.generation, false, nil, nil, nil
	return x, nil
}

func (k *shelf) openIDs(list *contents, exist []bitset.Set) *dictionary {
	d := newDictionary(byChance())
	d.count, d.blocks = uint32(list.positions), make([][]customer.ID, len(list.ids))
	d.kept = &shelvedIDs{shelf: k, dict: d, blocks: make([]idBlock, len(list.ids)), hashes: make([]idHashes, len(list.ids))}
	for c := range d.kept.blocks {
		b, x := &d.kept.blocks[c], &d.kept.hashes[c]
		b.chunk, b.n, b.at = c, min(blockSize, int(list.positions)-c<<chunkBits), list.ids[c]
		x.chunk, x.exist, x.at = c, exist[c], list.hashes[c]
	}
	return d
}

// openTags reads what is said of the tags.
func (k *shelf) openTags(ctx context.Context, s *Snapshot, now *saved) error {
	at := now.contents.tags
	data, err := k.values(ctx, "catalogue of tags", at)
	if err != nil {
		return err
	}
	now.tags, s.data = make([]*savedTag, len(at)), make([]tagData, len(at))
	errs := make([]error, len(at))
	parallel.For(k.workers, len(at), func(i int) { now.tags[i], s.data[i], errs[i] = decodeTag(data[i], len(s.exists)) })
	tags := make([]Tag, len(at))
	for i, err := range errs {
		if err != nil {
			return corrupt("tag %d: %w", i, err)
		}
		tags[i] = now.tags[i].t
	}
	if s.tags, err = NewCatalogue(tags...); err != nil {
		return corrupt("catalogue of tags: %w", err)
	}
	parallel.For(k.workers, len(at), func(i int) {
		d, from := &s.data[i], now.tags[i]
		of := &shelvedTag{shelf: k, dense: s.dense, tag: i, t: s.tags.tags[i], last: from.last, exist: s.exists}
		d.renew(of.columns(from.columns, false))
		d.times = of.columns(from.times, true)
		if d.last = from.last; d.terms != nil && d.last > 0 {
			d.terms = &terms{kept: &shelvedTerms{of, from.terms}}
			d.terms.texts.Store(new([]string))
		}
	})
	return nil
}

// columns returns the columns of a tag, of which none has been read.
func (of *shelvedTag) columns(at []savedColumn, times bool) []column {
	if len(at) == 0 {
		return nil
	}
	all, columns := make([]shelved, len(at)), make([]column, len(at))
	for c, col := range at {
		if s := &all[c]; col.at != (berth{}) {
			s.of, s.chunk, s.times, s.n, s.at = of, int32(c), times, col.n, col.at
			columns[c] = s
		}
	}
	return columns
}

func (k *shelf) openLive(ctx context.Context, at []berth, chunks int) ([]*savedLive, error) {
	data, err := k.values(ctx, "catalogue of live segments", at)
	if err != nil {
		return nil, err
	}
	all, definitions := make([]*savedLive, len(at)), make([]berth, len(at))
	for i := range at {
		g, err := decodeLive(data[i], chunks)
		if err == nil && i > 0 && g.name <= all[i-1].name {
			err = errForm
		}
		if err != nil {
			return nil, corrupt("live segment %d: %w", i, err)
		}
		all[i], definitions[i] = g, g.definitions
	}
	if data, err = k.values(ctx, "definitions of live segments", definitions); err != nil {
		return nil, err
	}
	errs := make([]error, len(at))
	parallel.For(k.workers, len(at), func(i int) { errs[i] = all[i].decodeDefinitions(data[i]) })
	for i, err := range errs {
		if err != nil {
			return nil, corrupt("live segment %q: definitions: %w", all[i].name, err)
		}
	}
	return all, nil
}

// shelvedSegment is the members of a live segment that lie on a shelf until somebody needs them. Safe for concurrent use.
type shelvedSegment struct {
	loanState
	shelf         *shelf
	dense         int
	saved         *savedLive
	members, held []bitset.Set
}

func (g *shelvedSegment) berths() []berth { return slices.Concat(g.saved.members, g.saved.held) }
func (g *shelvedSegment) name() string    { return fmt.Sprintf("live segment %q: members", g.saved.name) }

func (g *shelvedSegment) take(data [][]byte) error {
	n := len(g.saved.members)
	members, err := decodeAllSets(data[:n], g.saved.chunks[0], g.dense)
	if err != nil {
		return err
	}
	held, err := decodeAllSets(data[n:], g.saved.chunks[1], g.dense)
	if err != nil {
		return err
	}
	count := 0
	for _, set := range members {
		count += set.Len()
	}
	if count != g.saved.count {
		return errForm
	}
	if g.saved.chunks[1] == 0 {
		held = nil
	}
	g.members, g.held = members, held
	return nil
}

// sets returns the members and those held out.
func (g *shelvedSegment) sets(ctx context.Context) (members, held []bitset.Set, err error) {
	if err := g.shelf.fetch(ctx, g); err != nil {
		return nil, nil, err
	}
	return g.members, g.held, nil
}

// records reads what a timed segment knows of its customers.
func (k *shelf) records(ctx context.Context, g *savedLive) ([]*roster, error) {
	all := make([]*roster, len(g.records))
	var at []berth
	var chunks []int
	for c, b := range g.records {
		if b != (berth{}) {
			at, chunks = append(at, b), append(chunks, c)
		}
	}
	data, err := k.read(ctx, at, nil)
	if err != nil {
		return nil, err
	}
	for i, c := range chunks {
		of := fmt.Sprintf("live segment %q: records of chunk %d", g.name, c)
		if err := at[i].check(data[i]); err != nil {
			return nil, k.missed(ctx, of, err)
		}
		records, err := decodeRecords(data[i], c)
		if err != nil {
			return nil, corrupt("%s: %w", of, err)
		}
		all[c] = &roster{of: records, lent: true}
	}
	return all, nil
}
