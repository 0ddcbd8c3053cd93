package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

const (
	exportKind    = "audit.Export"
	exportVersion = 1
	longestLine   = 1 << 20
)

// exportHead is the first line of an export.
type exportHead struct {
	Kind       string `json:"kind"`
	Version    int    `json:"version"`
	Checkpoint string `json:"checkpoint"`
}

// exportLine is each further one: an entry, or the hash of one whose retention has ended.
type exportLine struct {
	Number   int64     `json:"number"`
	SealedAt time.Time `json:"sealed_at,omitzero"`
	*Entry
	Hash *hash `json:"hash,omitempty"`
}

// Export writes the log as of its newest checkpoint as JSON lines: the checkpoint, then each
// entry with its number, and for those whose retention has ended their hash. Nothing in it is secret from
// who may see the log; [VerifyExport] checks it without the store. Errors
// wrap [ErrTampered] where a page is missing, [store.ErrConflict] where entries were removed meanwhile, or are those of the
// store and of w.
// Cost: O(entries).
func (l *Log) Export(ctx context.Context, w io.Writer) error {
	c, err := l.Checkpoint(ctx)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(w)
	out := json.NewEncoder(buffer)
	if err := out.Encode(exportHead{exportKind, exportVersion, c.Text}); err != nil {
		return err
	}
	next := int64(0)
	for data, err := range l.pages(ctx, 0, c.Size) {
		if err != nil {
			return err
		}
		if next == 0 {
			if err := l.exportHashes(ctx, out, data.number, c); err != nil {
				return err
			}
			next = data.number
		}
		if data.number != next {
			return fmt.Errorf("%w: entry %d is missing", ErrTampered, next)
		}
		e, err := decodeSealed(next, data.data)
		if err != nil {
			return err
		}
		if err := out.Encode(exportLine{Number: next, SealedAt: e.SealedAt, Entry: &e.Entry}); err != nil {
			return err
		}
		next++
	}
	if next != c.Size {
		return fmt.Errorf("%w: entry %d is missing", ErrTampered, next)
	}
	if h, _, err := l.head(ctx); err != nil {
		return err
	} else if h.first != c.First {
		return fmt.Errorf("audit: entries were removed meanwhile: %w", store.ErrConflict)
	}
	return buffer.Flush()
}

// exportHashes writes the hashes of the entries below a number.
func (l *Log) exportHashes(ctx context.Context, out *json.Encoder, below int64, c Checkpoint) error {
	for n := int64(0); n < below; {
		t := tlog.Tile{H: tileHeight, N: n / tileWidth, W: int(min(tileWidth, c.Size-n))}
		data, err := l.readTiles(ctx, []tlog.Tile{t})
		if err != nil {
			return err
		}
		for ; len(data[0]) > 0 && n < below; n++ {
			leaf := hash(data[0])
			data[0] = data[0][tlog.HashSize:]
			if err := out.Encode(exportLine{Number: n, Hash: &leaf}); err != nil {
				return err
			}
		}
	}
	return nil
}

// VerifyExport checks what [Log.Export] wrote, as [Log.Verify] checks a log, and returns its
// checkpoint. origin is that of the log. Of opts, Progress has -1 for the total. Tampering is in the
// result: entries that are out of order, altered or cut off lead to another root, of which
// it cannot tell where. Errors are those of r, or wrap [store.ErrCorrupt] where it is no export.
// Cost: O(entries), in constant memory.
func VerifyExport(ctx context.Context, r io.Reader, origin string, opts *VerifyOptions) (Checkpoint, *Verification, error) {
	o := VerifyOptions{}
	if opts != nil {
		o = *opts
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	corrupt := func(line int64, what string) error {
		if err := lines.Err(); err != nil { // it is the reader that broke off
			return fmt.Errorf("audit: export, line %d: %w", line, err)
		}
		return fmt.Errorf("audit: export, line %d: %s: %w", line, what, store.ErrCorrupt)
	}
	var first exportHead
	if !lines.Scan() {
		return Checkpoint{}, nil, corrupt(1, "is missing")
	}
	again := &canonical{}
	if json.Unmarshal(lines.Bytes(), &first) != nil || first.Kind != exportKind || first.Version != exportVersion || !again.is(&first, lines.Bytes()) {
		return Checkpoint{}, nil, corrupt(1, "not an export of a known version")
	}
	c := Checkpoint{Origin: origin, Root: emptyRoot} // of an empty log
	if first.Checkpoint != "" {
		var err error
		if c, err = ParseCheckpoint(first.Checkpoint, origin, nil); err != nil {
			return Checkpoint{}, nil, corrupt(1, "no checkpoint")
		}
	}
	v := &verifying{options: &o, head: head{size: c.Size, root: c.Root, first: c.First, note: []byte(first.Checkpoint)}}
	v.checkHead(origin, o.Verifier)
	for number := int64(0); lines.Scan(); number++ {
		if err := ctx.Err(); number%4096 == 0 && err != nil {
			return Checkpoint{}, nil, err
		}
		var line exportLine
		if json.Unmarshal(lines.Bytes(), &line) != nil || (line.Entry == nil) == (line.Hash == nil) {
			return Checkpoint{}, nil, corrupt(number+2, "neither entry nor hash")
		}
		line.SealedAt = line.SealedAt.UTC()
		if line.Entry != nil {
			line.Time = line.Time.UTC()
		}
		if !again.is(&line, lines.Bytes()) {
			return Checkpoint{}, nil, corrupt(number+2, "not as it is written")
		}
		v.line(&line, number)
		if o.Progress != nil && number%4096 == 0 {
			o.Progress(number, -1)
		}
	}
	if err := lines.Err(); err != nil {
		return Checkpoint{}, nil, fmt.Errorf("audit: export: %w", err)
	}
	v.end()
	return c, &v.result, nil
}

// canonical tells whether a line is the one form of what was read from it: in any other,
// with names twice or of other case, somebody else may read something else.
type canonical struct{ text bytes.Buffer }

func (c *canonical) is(value any, line []byte) bool {
	c.text.Reset()
	err := json.NewEncoder(&c.text).Encode(value)
	return err == nil && bytes.Equal(bytes.TrimSuffix(c.text.Bytes(), []byte("\n")), line)
}

// line takes the next line of an export.
func (v *verifying) line(line *exportLine, number int64) {
	if line.Number != number {
		v.result.fault(EntryMissing, number)
	}
	if line.Hash != nil {
		if v.result.First++; v.result.First != v.tree.size+1 {
			v.result.fault(EntryMissing, number)
		}
		v.grow(*line.Hash)
		return
	}
	e := line.Entry
	if e.ID == [16]byte{} || e.validate() != nil || !civil.InYears(line.SealedAt) {
		v.result.fault(EntryAltered, number)
	}
	v.grow(tlog.RecordHash(leaf(e.encode(), line.SealedAt)))
}

// end compares the tree with the checkpoints.
func (v *verifying) end() {
	v.result.Size = v.tree.size
	if v.result.First > v.head.first {
		v.result.fault(EntryMissing, v.head.first)
	}
	if v.tree.size != v.head.size || v.tree.root() != v.head.root {
		v.result.fault(RootAltered, v.head.size)
	}
}
