package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

const (
	rootKey   = "segment/root"
	valueKeys = "segment/k/" // 8 bytes term, 8 bytes generation, 4 bytes part
)

// ErrStale says that what a snapshot of another process would read has been deleted since.
var ErrStale = errors.New("segment: snapshot is older than what the store keeps")

// shelf writes checkpoints, of which each is the index that all began with and what every step since was given. Not safe
// for concurrent use.
type shelf struct {
	store   store.Store
	workers int
	commit  func(context.Context, *store.Batch) error
	term    uint64
	root    atomic.Pointer[root]
	before  *root
	version store.Version
	settled bool
	attempt uint64
	base    []byte
	inputs  [][]byte
}

// root is a checkpoint. Safe for concurrent reads.
type root struct {
	step, term, generation uint64
	parts, sum             uint32
	clock                  int64
	last                   uint64
	location               string
}

// frozen is what a checkpoint writes. Safe for concurrent reads.
type frozen struct {
	snapshot *Snapshot
	infer    bool
	step     uint64
	clock    int64
	last     uint64
	location string
	inputs   [][]byte
}

// restored is what was read of a checkpoint. Safe for concurrent reads.
type restored struct {
	root   *root
	index  *Index
	inputs [][]byte
}

func newShelf(s store.Store, workers int) *shelf {
	k := &shelf{store: s, workers: workers}
	k.root.Store(&root{})
	return k
}

// took notes what a step was given.
func (k *shelf) took(data []byte) { k.inputs = append(k.inputs, data) }

func (l *Live) freeze() *frozen {
	f := &frozen{snapshot: l.Snapshot(), infer: l.ix.infer, clock: l.now, last: l.last, location: locationName(l.loc)}
	if l.journal != nil {
		f.inputs = slices.Clone(l.journal.shelf.inputs)
	}
	return f
}

func (l *Live) saved(*frozen) {}

func (k *shelf) resume(x *restored, o *LiveOptions) *Live {
	own := *o
	own.At, own.After = time.Unix(0, x.root.clock), x.root.last
	l := emptyLive(x.index, &own)
	for _, data := range x.inputs {
		in, err := readInput(data)
		if err == nil {
			_, err = l.take(context.Background(), in)
		}
		if err != nil {
			panic(err)
		}
	}
	return l
}

func (r *root) prefix() []byte {
	key := binary.BigEndian.AppendUint64([]byte(valueKeys), r.term)
	return binary.BigEndian.AppendUint64(key, r.generation)
}

func (k *shelf) save(ctx context.Context, f *frozen) error {
	if !k.settled {
		e, err := k.store.Get(ctx, []byte(rootKey))
		if err != nil {
			return err
		}
		k.version, k.settled = e[0].Version, true
		if e[0].Version != 0 {
			r, err := readRoot(e[0].Value)
			if err != nil {
				return err
			}
			k.root.Store(r)
		}
	}
	base := k.base
	if f.step == 0 {
		w := wire.New("options", 1)
		w.Bool(f.infer)
		w.Uint(uint64(f.snapshot.dense))
		w.Int(f.clock)
		w.Uint(f.last)
		b := bytes.NewBuffer(append(binary.AppendUvarint(nil, uint64(len(w.Data()))), w.Data()...))
		if err := f.snapshot.Write(ctx, b); err != nil {
			return err
		}
		base = b.Bytes()
	}
	k.attempt++
	next := &root{step: f.step, term: k.term, generation: k.attempt, location: f.location}
	blob := append(binary.AppendUvarint(nil, uint64(len(base))), base...)
	for _, data := range f.inputs {
		blob = append(binary.AppendUvarint(blob, uint64(len(data))), data...)
	}
	next.sum = crc32.Checksum(blob, castagnoli)
	for len(blob) > 0 {
		n := min(len(blob), 60<<10)
		b := &store.Batch{}
		b.Put(binary.BigEndian.AppendUint32(next.prefix(), next.parts), blob[:n])
		if err := k.commit(ctx, b); err != nil {
			return err
		}
		blob = blob[n:]
		next.parts++
	}
	w := wire.New("segment/root", 1)
	for _, n := range []uint64{next.step, next.term, next.generation, uint64(next.parts), uint64(next.sum)} {
		w.Uint(n)
	}
	w.Bytes([]byte(next.location))
	b := &store.Batch{}
	b.Put([]byte(rootKey), sealed(w, rootKey))
	b.If([]byte(rootKey), k.version)
	k.settled = false
	if err := k.commit(ctx, b); err != nil {
		return err
	}
	k.before = k.root.Load()
	k.root.Store(next)
	for e, err := range k.store.Scan(ctx, store.Under([]byte(valueKeys))) {
		if err != nil {
			return err
		}
		if bytes.HasPrefix(e.Key, next.prefix()) || bytes.HasPrefix(e.Key, k.before.prefix()) {
			continue
		}
		b := &store.Batch{}
		b.Delete(e.Key)
		if err := k.commit(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func readRoot(data []byte) (*root, error) {
	r, err := unsealed(data, rootKey, "segment/root", 1)
	if err != nil {
		return nil, corrupt("root: %w", err)
	}
	x := &root{step: r.Uint(), term: r.Uint(), generation: r.Uint(), parts: uint32(r.Uint()), sum: uint32(r.Uint()), location: string(r.Bytes())}
	if err := r.Close(); err != nil {
		return nil, corrupt("root: %w", err)
	}
	return x, nil
}

// open reads the last checkpoint; nil if there is none.
func (k *shelf) open(ctx context.Context) (*restored, error) {
	for {
		_, r, err := k.last(ctx)
		if err != nil || r == nil {
			return nil, err
		}
		x, err := k.read(ctx, r)
		if !errors.Is(err, ErrStale) {
			return x, err
		}
	}
}

func (k *shelf) last(ctx context.Context) ([]byte, *root, error) {
	e, err := k.store.Get(ctx, []byte(rootKey))
	if err != nil || e[0].Version == 0 {
		return nil, nil, err
	}
	r, err := readRoot(e[0].Value)
	return e[0].Value, r, err
}

func (k *shelf) read(ctx context.Context, r *root) (*restored, error) {
	k.root.Store(r)
	if r.term == k.term {
		k.attempt = r.generation
	}
	var blob []byte
	for n := range r.parts {
		entries, err := k.store.Get(ctx, binary.BigEndian.AppendUint32(r.prefix(), n))
		if err != nil {
			return nil, err
		}
		if entries[0].Version == 0 {
			if _, now, err := k.last(ctx); err != nil || *now != *r {
				return nil, errors.Join(err, ErrStale)
			}
			return nil, corrupt("part %d of the checkpoint %w", n, errGap)
		}
		blob = append(blob, entries[0].Value...)
	}
	if crc32.Checksum(blob, castagnoli) != r.sum {
		return nil, corrupt("checkpoint: checksum")
	}
	take := func() []byte {
		n, size := binary.Uvarint(blob)
		data := blob[size : size+int(n)]
		blob = blob[size+int(n):]
		return data
	}
	k.base = take()
	x := &restored{root: r}
	for len(blob) > 0 {
		x.inputs = append(x.inputs, take())
	}
	k.inputs = slices.Clone(x.inputs)
	blob = k.base
	w := wire.Read(take())
	infer, dense := w.Bool(), w.Uint()
	r.clock, r.last = w.Int(), w.Uint()
	var err error
	if x.index, err = Read(ctx, bytes.NewReader(blob), &Options{Infer: infer, Workers: k.workers}); err != nil {
		return nil, err
	}
	s := *x.index.Snapshot()
	s.epoch, s.formerly, s.dense = s.formerly.epoch, former{}, int(dense)
	x.index.current.Store(&s)
	return x, nil
}

// copy writes all that the last root names to another store, and returns the root.
func (k *shelf) copy(ctx context.Context, to store.Store) ([]byte, *root, error) {
	value, r, err := k.last(ctx)
	if err != nil {
		return nil, nil, err
	}
	n := uint32(0)
	for e, err := range k.store.Scan(ctx, store.Under(r.prefix())) {
		if err != nil {
			return nil, nil, err
		}
		n++
		b := &store.Batch{}
		b.Put(e.Key, e.Value)
		if _, err := to.Commit(ctx, b); err != nil {
			return nil, nil, err
		}
	}
	if n != r.parts {
		return nil, nil, ErrStale
	}
	return value, r, nil
}
