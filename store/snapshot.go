package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// A snapshot file is the magic line; the number of entries and the last version,
// of 8 bytes each, big-endian; for each entry, in the order of keys, the lengths of
// key and value and its version, of 8 bytes each, then key and value; and the
// SHA-256 of all that.
const snapshotMagic = "clientele store snapshot 1\n"

// Save writes the store as of one moment to the file path, whose former content
// stays until the new one is complete and synced: a crash leaves one of the two,
// and perhaps a file .snapshot-* beside it, which can be deleted.
// It can run beside commits. Load reads the file. Cost: O(bytes stored).
func (m *Memory) Save(ctx context.Context, path string) (err error) {
	if err := m.check(ctx); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".snapshot-*")
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			err = fmt.Errorf("store: snapshot: %w", err)
		}
	}()
	if err := m.write(ctx, file); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if runtime.GOOS == "windows" || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // a system that does not sync folders
	}
	return errors.Join(err, folder.Close())
}

func (m *Memory) write(ctx context.Context, file io.Writer) error {
	entries, last, err := m.copy(ctx, Range{})
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	sum := sha256.New()
	w := io.MultiWriter(buffered, sum)
	head := binary.BigEndian.AppendUint64([]byte(snapshotMagic), uint64(entries.len()))
	if _, err := w.Write(binary.BigEndian.AppendUint64(head, uint64(last))); err != nil {
		return err
	}
	var record []byte
	entries.ascend(Range{}, func(e treeItem) bool {
		if err = ctx.Err(); err != nil {
			return false
		}
		record = binary.BigEndian.AppendUint64(record[:0], uint64(len(e.data)))
		record = binary.BigEndian.AppendUint64(record, uint64(len(e.value())))
		record = binary.BigEndian.AppendUint64(record, uint64(e.version))
		record = append(record, e.data[:cap(e.data)]...)
		_, err = w.Write(record)
		return err == nil
	})
	if err != nil {
		return err
	}
	if _, err := buffered.Write(sum.Sum(nil)); err != nil {
		return err
	}
	return buffered.Flush()
}

// Load replaces what the store holds by the snapshot in the file path. Versions
// go on far beyond those of both, so that none of those given out after the
// snapshot was saved, and lost since, is used again. A file that is
// damaged or cut short is [ErrCorrupt] and leaves the store as it was; one that
// is not there is fs.ErrNotExist, wrapped. Cost: O(bytes stored).
func (m *Memory) Load(ctx context.Context, path string) error {
	if err := m.check(ctx); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	defer file.Close()
	entries, last, err := readSnapshot(ctx, file)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(ctx); err != nil {
		return err
	}
	m.forest, m.last, m.loaded = entries, max(m.last, last), true
	return nil
}

// leap is by how much versions go on after a snapshot: by chance and more than were
// given out since, so that none of those is used again, also where one snapshot is
// loaded several times.
func leap() Version {
	return 1<<32 + Version(maphash.Comparable(maphash.MakeSeed(), 0)%(1<<40))
}

// A snapshotReader reads what is summed.
type snapshotReader struct {
	in  *bufio.Reader
	sum hash.Hash
	err error
}

// read returns the next n bytes, or nil once there was an error.
func (r *snapshotReader) read(n int) []byte {
	if r.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.err = err
		return nil
	}
	r.sum.Write(b)
	return b
}

func (r *snapshotReader) number() uint64 {
	b := r.read(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func readSnapshot(ctx context.Context, file io.Reader) (entries *forest, last Version, err error) {
	corrupt := func(entry int, what string) (*forest, Version, error) {
		return nil, 0, fmt.Errorf("%w: snapshot: entry %d: %s", ErrCorrupt, entry, what)
	}
	r := &snapshotReader{in: bufio.NewReaderSize(file, 1<<20), sum: sha256.New()}
	if magic := r.read(len(snapshotMagic)); r.err == nil && string(magic) != snapshotMagic {
		return nil, 0, fmt.Errorf("%w: not a snapshot of version 1", ErrCorrupt)
	}
	count := r.number()
	last = Version(r.number())
	if r.err == nil && last > 1<<62 {
		return nil, 0, fmt.Errorf("%w: snapshot: version out of range", ErrCorrupt)
	}
	entries = newForest()
	var before []byte
	for i := 0; uint64(i) < count && r.err == nil; i++ {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		keyBytes, valueBytes, version := r.number(), r.number(), Version(r.number())
		if r.err != nil {
			break
		}
		if keyBytes == 0 || keyBytes > uint64(memoryLimits.KeyBytes) || valueBytes > uint64(memoryLimits.ValueBytes) {
			return corrupt(i, "sizes out of range")
		}
		if version == 0 || version > last {
			return corrupt(i, "version out of range")
		}
		data := r.read(int(keyBytes + valueBytes))
		if r.err != nil {
			break
		}
		e := treeItemOf(data[:keyBytes])
		if before != nil && bytes.Compare(before, e.data) >= 0 {
			return corrupt(i, "not in the order of keys")
		}
		before, e.version = e.data, version
		entries.load(e)
	}
	want := r.sum.Sum(nil)
	got := r.read(len(want))
	switch {
	case errors.Is(r.err, io.EOF) || errors.Is(r.err, io.ErrUnexpectedEOF):
		return nil, 0, fmt.Errorf("%w: snapshot cut short", ErrCorrupt)
	case r.err != nil:
		return nil, 0, fmt.Errorf("store: snapshot: %w", r.err)
	case !bytes.Equal(got, want):
		return nil, 0, fmt.Errorf("%w: snapshot: checksum", ErrCorrupt)
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, 0, fmt.Errorf("%w: snapshot: bytes left over", ErrCorrupt)
	}
	return entries, last, nil
}
