package segment

import (
	"context"
	"fmt"
	"hash/crc32"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// writing is a save under way. Not safe for concurrent use.
type writing struct {
	k      *shelf
	ctx    context.Context
	was    *saved // nil: nothing
	now    *saved
	number uint32
	batch  store.Batch
	bytes  int
	moored []func() // done once the root is there
	failed int      // how many of shelf.failed are among what it has replaced
}

// commitBytes is the size from which a batch is committed, as far as the store takes it.
const commitBytes = 4 << 20

// commitRoom is what a batch leaves free for the condition of the writer.
const commitRoom = 4 << 10

// put writes a value and returns where it lies.
func (w *writing) put(data []byte) (berth, error) {
	r := w.now.root
	w.number++
	b := berth{r.term, r.generation, w.number, uint32(len(data)), crc32.Checksum(data, castagnoli)}
	if len(data) > maxShelfValue {
		return b, fmt.Errorf("%w: a value of %d bytes", ErrLimit, len(data))
	}
	w.now.written = append(w.now.written, b)
	for part := range b.parts() {
		n := min(partBytes, len(data))
		if err := w.add(b.key(part), data[:n]); err != nil {
			return b, err
		}
		data = data[n:]
	}
	return b, nil
}

const maxShelfValue = 1 << 30

// add adds a write to the batch, which is committed where it is full.
func (w *writing) add(key, value []byte) error {
	l := w.k.limits
	size := len(key) + len(value)
	if n := len(w.batch.Writes) + len(w.batch.Conditions); n > 0 && (n >= l.Operations-8 || w.bytes+size > min(l.BatchBytes-commitRoom, commitBytes)) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.batch.Put(key, value)
	w.bytes += size
	return nil
}

func (w *writing) flush() error {
	if len(w.batch.Writes) == 0 {
		return nil
	}
	err := w.k.commit(w.ctx, &w.batch)
	w.batch, w.bytes = store.Batch{}, 0
	return err
}

// putAll writes n values, which are made by several goroutines, and calls each with where they lie.
func (w *writing) putAll(n int, encode func(i int) []byte, each func(i int, at berth)) error {
	window := 4 * w.k.workers
	for first := 0; first < n; first += window {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		data := make([][]byte, min(window, n-first))
		parallel.For(w.k.workers, len(data), func(i int) { data[i] = encode(first + i) })
		for i := range data {
			at, err := w.put(data[i])
			if err != nil {
				return err
			}
			each(first+i, at)
		}
	}
	return nil
}

// replace notes that now stands where was stood.
func (w *writing) replace(was, now berth) {
	if was != now {
		w.drop(was)
	}
}

// drop notes that a value is not needed any more.
func (w *writing) drop(was berth) {
	if was != (berth{}) {
		w.now.replaced = append(w.now.replaced, was)
	}
}
