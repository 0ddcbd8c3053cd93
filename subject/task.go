package subject

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A task is an erasure as it is kept: it is written before anything is erased, and stays. It
// holds names alone.
type task struct {
	version   store.Version
	id        string
	customer  customer.ID // as asked
	actor     string
	ticket    string
	at        time.Time
	present   customer.ID     // who it was when it was asked
	cursor    customer.Cursor // of the feed, before anything was erased
	requested []customer.AtomID
	phase     phase
	done      time.Time
}

// A phase says how far an erasure has come.
type phase uint8

const (
	planned phase = iota // nothing is erased yet, or some in the graph alone
	gone                 // the graph has erased, and all names are written down
	done
)

// Where erasures are, behind the prefix.
const (
	partTask   = "t/" // hash of the id
	partOpen   = "o/" // the same, while it is not done
	partNames  = "n/" // the same, and the hash of some names
	partTraced = "p/" // the same, of ids that are about to be erased, perhaps

	hashBytes  = 16
	longestKey = len(partNames) + hashBytes + 8
)

type taskHash [hashBytes]byte

func hashOf(id string) (h taskHash) {
	sum := sha256.Sum256([]byte(id))
	copy(h[:], sum[:])
	return h
}

func (x *Subjects) key(part string, h []byte) []byte {
	return slices.Concat(x.prefix, []byte(part), h)
}

func (t *task) hash() taskHash { return hashOf(t.id) }

func (t *task) data() []byte {
	w := wire.Sized("subject/task", 1, 256+17*len(t.requested))
	w.Text(t.id)
	w.Bytes(t.customer[:])
	w.Text(t.actor)
	w.Text(t.ticket)
	w.Time(t.at)
	w.Bytes(t.present[:])
	cursor, _ := t.cursor.MarshalText()
	w.Text(string(cursor))
	w.Uint(uint64(t.phase))
	if t.phase == done {
		w.Time(t.done)
	}
	w.List(len(t.requested))
	for _, a := range t.requested {
		w.Bytes(a[:])
	}
	return w.Data()
}

func readTask(e store.Entry) (*task, error) {
	r := wire.Read(e.Value)
	r.Expect("subject/task", 1)
	t := &task{version: e.Version}
	ok := true
	t.id = r.Text()
	t.customer = readID[customer.ID](r, &ok)
	t.actor, t.ticket, t.at = r.Text(), r.Text(), r.Time()
	t.present = readID[customer.ID](r, &ok)
	cursor := r.Text()
	t.phase = phase(min(r.Uint(), 255))
	if t.phase == done {
		t.done = r.Time()
	}
	for range r.List() {
		t.requested = append(t.requested, readID[customer.AtomID](r, &ok))
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("subject: erasure: %w", err)
	}
	if !ok || t.phase > done || t.id == "" || len(t.requested) > mostAtoms || t.cursor.UnmarshalText([]byte(cursor)) != nil {
		return nil, fmt.Errorf("subject: erasure: %w", store.ErrCorrupt)
	}
	return t, nil
}

func readID[T ~[16]byte](r *wire.Reader, ok *bool) (id T) {
	b := r.Bytes()
	*ok = *ok && len(b) == len(id) && !bytes.Equal(b, make([]byte, len(id)))
	copy(id[:], b)
	return id
}

// is tells whether a task is of a request.
func (t *task) is(r *Request) bool {
	return t.customer == r.Customer && slices.Equal(t.requested, ascending(slices.Clone(r.Atoms)))
}

// load reads a task, nil if there is none.
func (x *Subjects) load(ctx context.Context, h taskHash) (*task, error) {
	entries, err := x.s.Get(ctx, x.key(partTask, h[:]))
	if err != nil || entries[0].Version == 0 {
		return nil, err
	}
	return readTask(entries[0])
}

// advance changes a task as it is in the store, unless change says that there is nothing to
// do, and reads it anew.
func (x *Subjects) advance(ctx context.Context, t *task, change func(t *task, b *store.Batch) (bool, error)) error {
	h := t.hash()
	err := x.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		now, err := x.load(ctx, h)
		if err == nil && now == nil {
			err = fmt.Errorf("subject: an erasure is gone: %w", store.ErrCorrupt)
		}
		if err != nil {
			return nil, err
		}
		*t = *now
		b := new(store.Batch)
		k := x.key(partTask, h[:])
		b.If(k, now.version)
		again, err := change(now, b)
		if err != nil || !again {
			return nil, err
		}
		b.Put(k, now.data())
		return b, nil
	})
	if err != nil {
		return err
	}
	now, err := x.load(ctx, h)
	if err == nil && now != nil {
		*t = *now
	}
	return err
}

// settle is store.Update of what does nothing where it has been done, so that it can be tried
// again where the outcome of a commit is unknown.
func (x *Subjects) settle(ctx context.Context, build func(ctx context.Context) (*store.Batch, error)) error {
	var err error
	for range 8 {
		_, err = store.Update(ctx, x.s, x.backoff, build)
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Names are ids by which a person was known, in entries of their own as there can be many.
type names struct {
	customers []customer.ID
	atoms     []customer.AtomID
}

// add adds other names.
func (n *names) add(other names) {
	n.customers = ascending(append(n.customers, other.customers...))
	n.atoms = ascending(append(n.atoms, other.atoms...))
}

const namesAtOnce = 1500

// note writes names down in a part of the keys, beside those that are there.
func (x *Subjects) note(ctx context.Context, t *task, part string, n names) error {
	h := t.hash()
	put := func(some names) error {
		w := wire.Sized("subject/names", 1, 64+17*(len(some.customers)+len(some.atoms)))
		w.List(len(some.customers))
		for _, id := range some.customers {
			w.Bytes(id[:])
		}
		w.List(len(some.atoms))
		for _, a := range some.atoms {
			w.Bytes(a[:])
		}
		sum := sha256.Sum256(w.Data())
		return x.settle(ctx, func(context.Context) (*store.Batch, error) {
			b := new(store.Batch)
			b.Put(x.key(part, append(h[:], sum[:8]...)), w.Data())
			return b, nil
		})
	}
	for some := range slices.Chunk(n.customers, namesAtOnce) {
		if err := put(names{customers: some}); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(n.atoms, namesAtOnce) {
		if err := put(names{atoms: some}); err != nil {
			return err
		}
	}
	return nil
}

// noted reads the names that were written down in a part of the keys.
func (x *Subjects) noted(ctx context.Context, t *task, part string) (n names, err error) {
	h := t.hash()
	for e, err := range x.s.Scan(ctx, store.Under(x.key(part, h[:]))) {
		if err != nil {
			return n, err
		}
		some, err := readNames(e.Value)
		if err != nil {
			return n, err
		}
		n.customers, n.atoms = append(n.customers, some.customers...), append(n.atoms, some.atoms...)
	}
	n.add(names{})
	return n, nil
}

// forget deletes the names that were written down in a part of the keys.
func (x *Subjects) forget(ctx context.Context, t *task, part string) error {
	h := t.hash()
	r := store.Under(x.key(part, h[:]))
	r.Limit = 400
	for left := true; left; {
		err := x.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
			b := new(store.Batch)
			for e, err := range x.s.Scan(ctx, r) {
				if err != nil {
					return nil, err
				}
				b.Delete(e.Key)
			}
			if left = len(b.Writes) > 0; !left {
				return nil, nil
			}
			return b, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readNames(data []byte) (n names, err error) {
	r := wire.Read(data)
	r.Expect("subject/names", 1)
	ok := true
	for range r.List() {
		n.customers = append(n.customers, readID[customer.ID](r, &ok))
	}
	for range r.List() {
		n.atoms = append(n.atoms, readID[customer.AtomID](r, &ok))
	}
	if err := r.Close(); err != nil {
		return names{}, fmt.Errorf("subject: names of an erasure: %w", err)
	}
	if !ok {
		return names{}, fmt.Errorf("subject: names of an erasure: %w", store.ErrCorrupt)
	}
	return n, nil
}

// ascending orders ids, each once.
func ascending[T ~[16]byte](ids []T) []T {
	slices.SortFunc(ids, compare)
	return slices.Compact(ids)
}

func compare[T ~[16]byte](a, b T) int {
	x, y := [16]byte(a), [16]byte(b)
	return bytes.Compare(x[:], y[:])
}
