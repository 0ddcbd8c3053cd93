package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// keyShelf begins the keys of checkpoints: 8 bytes term, 8 bytes generation, 4 bytes part.
const keyShelf = "segment/k/"

const kindRoot = "segment/root"

// shelf writes checkpoints, of which each is the index that all began with and what every step since was given. Not safe
// for concurrent use.
type shelf struct {
	s      store.Store
	commit func(context.Context, *store.Batch) (store.Version, error)
	term   uint64
	root   fakeRoot
	before fakeRoot
	loose  bool   // it is not known whether root is the one that is stored
	last   uint64 // generation
	base   []byte
	inputs [][]byte
}

type fakeRoot struct {
	step, term, generation uint64
	parts                  uint32
	sum                    uint32
	version                store.Version
}

type frozen struct {
	step   uint64
	inputs [][]byte
}

type restored struct {
	ix     *Index
	step   uint64
	inputs [][]byte
}

// took notes what a step was given.
func (k *shelf) took(data []byte) { k.inputs = append(k.inputs, data) }

// freeze returns what a checkpoint writes.
func (l *Live) freeze() *frozen {
	k := l.journal.shelf
	return &frozen{l.journal.head.step, k.inputs[:len(k.inputs):len(k.inputs)]}
}

// restore makes l, which is empty, what a checkpoint says.
func (l *Live) restore(ctx context.Context, f *restored) error {
	for i, data := range f.inputs {
		if _, err := l.carryOut(ctx, uint64(i+1), data); err != nil {
			return err
		}
	}
	return nil
}

func (r *fakeRoot) prefix() []byte {
	key := binary.BigEndian.AppendUint64([]byte(keyShelf), r.term)
	return binary.BigEndian.AppendUint64(key, r.generation)
}

// begin writes the first checkpoint, of an index without segments.
func (k *shelf) begin(ctx context.Context, ix *Index) error {
	s := ix.Snapshot()
	var b bytes.Buffer
	w := wire.New("options", 1)
	w.Bool(ix.infer)
	w.Uint(uint64(s.dense))
	b.Write(binary.AppendUvarint(nil, uint64(len(w.Data()))))
	b.Write(w.Data())
	if err := s.Write(ctx, &b); err != nil {
		return err
	}
	k.base = b.Bytes()
	return k.save(ctx, &frozen{})
}

func (k *shelf) save(ctx context.Context, f *frozen) error {
	if k.loose {
		entries, err := k.s.Get(ctx, []byte(keyRoot))
		if err != nil {
			return err
		}
		if entries[0].Version != k.root.version {
			k.before = k.root
			if k.root, err = readRoot(entries[0]); err != nil {
				return err
			}
		}
	}
	k.last++
	next := fakeRoot{step: f.step, term: k.term, generation: k.last}
	blob := append(binary.AppendUvarint(nil, uint64(len(k.base))), k.base...)
	for _, data := range f.inputs {
		blob = append(binary.AppendUvarint(blob, uint64(len(data))), data...)
	}
	next.sum = crc32.Checksum(blob, castagnoli)
	for len(blob) > 0 {
		n := min(len(blob), 60<<10)
		b := &store.Batch{}
		b.Put(binary.BigEndian.AppendUint32(next.prefix(), next.parts), blob[:n])
		if _, err := k.commit(ctx, b); err != nil {
			return err
		}
		blob = blob[n:]
		next.parts++
	}
	w := wire.New(kindRoot, 1)
	for _, n := range []uint64{next.step, next.term, next.generation, uint64(next.parts), uint64(next.sum)} {
		w.Uint(n)
	}
	b := &store.Batch{}
	b.Put([]byte(keyRoot), sealed(w, keyRoot))
	b.If([]byte(keyRoot), k.root.version)
	version, err := k.commit(ctx, b)
	if k.loose = err != nil; err != nil {
		return err
	}
	next.version = version
	k.before, k.root = k.root, next
	return nil
}

// step returns the step of the last checkpoint.
func (k *shelf) step() uint64 { return k.root.step }

// sweep deletes what neither the last checkpoint nor the one before it names.
func (k *shelf) sweep(ctx context.Context) error {
	for e, err := range k.s.Scan(ctx, store.Under([]byte(keyShelf))) {
		if err != nil {
			return err
		}
		if bytes.HasPrefix(e.Key, k.root.prefix()) || bytes.HasPrefix(e.Key, k.before.prefix()) {
			continue
		}
		b := &store.Batch{}
		b.Delete(e.Key)
		if _, err := k.commit(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func readRoot(e store.Entry) (fakeRoot, error) {
	r, err := unsealed(e.Value, keyRoot, kindRoot, 1)
	if err != nil {
		return fakeRoot{}, corrupt("root of live segments: %w", err)
	}
	root := fakeRoot{r.Uint(), r.Uint(), r.Uint(), uint32(r.Uint()), uint32(r.Uint()), e.Version}
	if err := r.Close(); err != nil {
		return fakeRoot{}, corrupt("root of live segments: %w", err)
	}
	return root, nil
}

// open reads what a root names.
func (k *shelf) open(ctx context.Context, root store.Entry, workers int) (*restored, error) {
	var err error
	if k.root, err = readRoot(root); err != nil {
		return nil, err
	}
	if k.root.term == k.term {
		k.last = k.root.generation
	}
	var blob []byte
	for n := range k.root.parts {
		entries, err := k.s.Get(ctx, binary.BigEndian.AppendUint32(k.root.prefix(), n))
		if err != nil {
			return nil, err
		}
		if entries[0].Version == 0 {
			return nil, corrupt("part %d of the checkpoint %w", n, errGap)
		}
		blob = append(blob, entries[0].Value...)
	}
	if crc32.Checksum(blob, castagnoli) != k.root.sum {
		return nil, corrupt("checkpoint: checksum")
	}
	take := func() []byte {
		n, size := binary.Uvarint(blob)
		data := blob[size : size+int(n)]
		blob = blob[size+int(n):]
		return data
	}
	k.base = take()
	f := &restored{step: k.root.step}
	for len(blob) > 0 {
		f.inputs = append(f.inputs, take())
	}
	blob = k.base
	r := wire.Read(take())
	infer, dense := r.Bool(), r.Uint()
	if f.ix, err = Read(ctx, bytes.NewReader(blob), &Options{Infer: infer, Workers: workers}); err != nil {
		return nil, err
	}
	s := *f.ix.Snapshot()
	s.epoch, s.formerly, s.dense = s.formerly.epoch, former{}, int(dense)
	f.ix.current.Store(&s)
	return f, nil
}

// copyShelf copies all that a root names, and returns the step of the root.
func copyShelf(ctx context.Context, s store.Store, root store.Entry, to func(key, value []byte) error) (uint64, error) {
	r, err := readRoot(root)
	if err != nil {
		return 0, err
	}
	n := uint32(0)
	for e, err := range s.Scan(ctx, store.Under(r.prefix())) {
		if err != nil {
			return 0, err
		}
		n++
		if err := to(e.Key, e.Value); err != nil {
			return 0, err
		}
	}
	if n != r.parts {
		return 0, corrupt("checkpoint: a part %w", errGap)
	}
	return r.step, nil
}
