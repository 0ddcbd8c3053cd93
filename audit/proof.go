package audit

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that an entry is in a log as of a checkpoint, to somebody who has nothing else
// of it. As JSON it can be handed on. Safe for concurrent reads.
type Proof struct {
	Number     int64       `json:"number"`     // of the entry
	Data       []byte      `json:"data"`       // the entry and when it was sealed, as stored
	Path       []tlog.Hash `json:"path"`       // from the leaf to the root (RFC 6962, section 2.1.1)
	Checkpoint string      `json:"checkpoint"` // text
}

// Prove returns the proof of an entry as of a checkpoint of the log; the zero Checkpoint:
// the newest. Errors wrap [ErrUnknown] (no such entry, its retention has ended, or the
// checkpoint is of before it), [ErrTampered] where what is stored leads to another root, or are
// those of the store. Cost: a page and one or two tiles of 8 KiB for each eight levels of the tree.
func (l *Log) Prove(ctx context.Context, number int64, at Checkpoint) (*Proof, error) {
	if at == (Checkpoint{}) {
		var err error
		if at, err = l.Checkpoint(ctx); err != nil {
			return nil, err
		}
	}
	if number < 0 || number >= at.Size || at.Size > mostEntries {
		return nil, fmt.Errorf("%w: number %d", ErrUnknown, number)
	}
	data, err := l.data(ctx, number)
	if err != nil {
		return nil, err
	}
	path, err := l.prove(ctx, at.Size, at.Root, func(r tlog.HashReader) ([]hash, error) {
		return tlog.ProveRecord(at.Size, number, r)
	})
	if err != nil {
		return nil, err
	}
	p := &Proof{Number: number, Data: bytes.Clone(data), Path: path, Checkpoint: at.Text}
	if tlog.CheckRecord(path, at.Size, at.Root, number, tlog.RecordHash(data)) != nil {
		return nil, fmt.Errorf("%w: entry %d", ErrTampered, number)
	}
	return p, nil
}

// Verify checks a proof and returns the entry. verifier has the public key of the log's
// signer; nil: the checkpoint is taken as it is. Errors wrap [ErrTampered].
func (p *Proof) Verify(origin string, verifier note.Verifier) (Sealed, error) {
	c, err := ParseCheckpoint(p.Checkpoint, origin, verifier)
	if err != nil {
		return Sealed{}, err
	}
	if p.Number < 0 || p.Number >= c.Size ||
		tlog.CheckRecord(p.Path, c.Size, c.Root, p.Number, tlog.RecordHash(p.Data)) != nil {
		return Sealed{}, fmt.Errorf("%w: entry %d is not in the tree", ErrTampered, p.Number)
	}
	e, err := decodeSealed(p.Number, p.Data)
	if err != nil {
		return Sealed{}, fmt.Errorf("%w: entry %d is none", ErrTampered, p.Number)
	}
	return e, nil
}

// ProveExtends returns the proof that a log at a newer checkpoint begins with all of what it
// was at an older one (RFC 6962, section 2.1.2), for [CheckExtends]. Errors are those of
// [Log.Prove].
func (l *Log) ProveExtends(ctx context.Context, older, newer Checkpoint) ([]tlog.Hash, error) {
	switch {
	case older.Size > newer.Size:
		return nil, fmt.Errorf("%w: the older checkpoint is of more entries", ErrTampered)
	case older.Size < 0 || newer.Size > mostEntries:
		return nil, fmt.Errorf("%w: a checkpoint of an impossible size", ErrTampered)
	}
	if older.Size == 0 || older.Size == newer.Size {
		return nil, nil
	}
	return l.prove(ctx, newer.Size, newer.Root, func(r tlog.HashReader) ([]hash, error) {
		return tlog.ProveTree(newer.Size, older.Size, r)
	})
}

// CheckExtends checks what ProveExtends returned, given two checkpoints that are trusted, such
// as by their signature. Errors wrap [ErrTampered].
func CheckExtends(proof []tlog.Hash, older, newer Checkpoint) error {
	var err error
	switch {
	case older.Origin != newer.Origin || older.Size > newer.Size || older.Size < 0 || newer.Size > mostEntries:
		err = ErrTampered
	case older.Size == newer.Size:
		if older.Root != newer.Root || len(proof) > 0 {
			err = ErrTampered
		}
	case older.Size == 0:
		if len(proof) > 0 {
			err = ErrTampered
		}
	default:
		err = tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, older.Root)
	}
	if err != nil {
		return fmt.Errorf("%w: the log does not go on from the older checkpoint", ErrTampered)
	}
	return nil
}
