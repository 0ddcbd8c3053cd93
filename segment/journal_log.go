package segment

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// logKey returns the key of a part of a step.
func logKey(step uint64, part uint32) []byte {
	key := make([]byte, 0, len(keyLog)+12)
	key = binary.BigEndian.AppendUint64(append(key, keyLog...), step)
	return binary.BigEndian.AppendUint32(key, part)
}

// logParts yields the keys and values of the parts of a step, one at least.
func logParts(step uint64, data []byte, l store.Limits) iter.Seq2[[]byte, []byte] {
	size := min(l.ValueBytes, 1<<20, l.BatchBytes-roomInBatch) - 64
	return func(yield func(key, value []byte) bool) {
		for part := uint32(0); ; part++ {
			n := min(len(data), size)
			key := logKey(step, part)
			w := wire.Sized(kindLog, logFormat, n+40)
			w.Bool(n == len(data))
			w.Bytes(data[:n])
			if !yield(key, sealed(w, string(key))) || n == len(data) {
				return
			}
			data = data[n:]
		}
	}
}

// errGap is wrapped where a step of the log is not there: it was damaged, or a checkpoint has made it needless.
var errGap = errors.New("is missing")

// readLog yields what the steps from first to last were given, one after the other.
func readLog(ctx context.Context, s store.Store, first, last uint64, yield func(step uint64, data []byte) error) error {
	step, part, data := first, uint32(0), []byte(nil)
	if first > last {
		return nil
	}
	scan := s.Scan(ctx, store.Range{From: logKey(first, 0), To: logKey(last+1, 0)})
	for e, err := range scan {
		if err != nil {
			return err
		}
		if len(e.Key) != len(keyLog)+12 {
			return corrupt("log of live segments: unknown key")
		}
		at := binary.BigEndian.Uint64(e.Key[len(keyLog):])
		if at < step {
			continue // left over of a longer one that was not accepted
		}
		if n := binary.BigEndian.Uint32(e.Key[len(keyLog)+8:]); at != step || n != part {
			break
		}
		r, err := unsealed(e.Value, string(e.Key), kindLog, logFormat)
		if err != nil {
			return corrupt("log of live segments: step %d, part %d: %w", step, part, err)
		}
		done, some := r.Bool(), r.Bytes()
		if err := r.Close(); err != nil {
			return corrupt("log of live segments: step %d, part %d: %w", step, part, err)
		}
		if part == 0 && done {
			data = some
		} else {
			data = append(data, some...)
		}
		if part++; !done {
			continue
		}
		if err := yield(step, data); err != nil {
			return err
		}
		step, part, data = step+1, 0, nil
	}
	if step <= last {
		return corrupt("log of live segments: step %d, part %d %w", step, part, errGap)
	}
	return nil
}

// cut deletes the log up to a step.
func (j *journal) cut(ctx context.Context, step uint64) error {
	return clearRange(ctx, j.s, store.Range{From: []byte(keyLog), To: logKey(step+1, 0)}, j.commit)
}

// clearRange deletes the keys of a range.
func clearRange(ctx context.Context, s store.Store, r store.Range, commit func(context.Context, *store.Batch) (store.Version, error)) error {
	b, size := &store.Batch{}, 0
	for e, err := range s.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if size += len(e.Key); full(b, size, s.Limits()) {
			if _, err := commit(ctx, b); err != nil {
				return err
			}
			b, size = &store.Batch{}, len(e.Key)
		}
		b.Delete(e.Key)
	}
	if len(b.Writes) == 0 {
		return nil
	}
	_, err := commit(ctx, b)
	return err
}

// replay carries out the steps of the log from first to last, which were accepted before, and calls done after each.
func (l *Live) replay(ctx context.Context, first, last uint64, done func(step uint64)) (told []Notice, err error) {
	j := l.journal
	err = readLog(ctx, j.s, first, last, func(step uint64, data []byte) error {
		if !j.o.Reader {
			if err := j.renew(ctx); err != nil {
				return err
			}
		}
		some, err := l.carryOut(ctx, step, data)
		if err != nil {
			return err
		}
		told = append(told, some...)
		j.since += int64(len(data))
		done(step)
		return nil
	})
	return told, err
}

// carryOut does in memory what a step that the store has accepted was given.
func (l *Live) carryOut(ctx context.Context, step uint64, data []byte) ([]Notice, error) {
	j := l.journal
	in, err := readInput(data)
	if err != nil {
		return nil, corrupt("log of live segments: step %d: %w", step, err)
	}
	j.replaying = true
	defer func() { j.replaying = false }()
	told, err := l.take(ctx, in)
	switch {
	case err == nil:
		return told, nil
	case ctx.Err() != nil || errors.Is(err, ErrStale) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrClosed):
		return nil, err // of what had to be read for it
	}
	return nil, corrupt("log of live segments: step %d cannot be carried out: %w", step, err)
}

// take takes the step that in says.
func (l *Live) take(ctx context.Context, in *input) ([]Notice, error) {
	switch in.what {
	case stepBegin:
		return l.define(ctx, in, true)
	case stepBatch:
		return l.carry(ctx, in, 0)
	case stepClock:
		return l.advance(ctx, in.at)
	case stepDefine:
		return l.define(ctx, in, false)
	}
	return nil, l.declare(ctx, in)
}
