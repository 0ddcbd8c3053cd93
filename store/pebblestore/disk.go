package pebblestore

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A watchedFS makes an error of Pebble's log a failure before Pebble hears of it,
// which would end the process.
type watchedFS struct {
	vfs.FS
	failure *failure
}

func isLogName(name string) bool { return strings.HasSuffix(name, ".log") }

// Create implements vfs.FS.
func (w watchedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.Create(name, category)
	return w.watch(f, err, isLogName(name))
}

// ReuseForWrite implements vfs.FS.
func (w watchedFS) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.ReuseForWrite(from, to, category)
	return w.watch(f, err, isLogName(to))
}

// OpenDir implements vfs.FS. A folder is synced for a new log.
func (w watchedFS) OpenDir(name string) (vfs.File, error) {
	f, err := w.FS.OpenDir(name)
	return w.watch(f, err, true)
}

// Unwrap implements vfs.FS.
func (w watchedFS) Unwrap() vfs.FS { return w.FS }

func (w watchedFS) watch(f vfs.File, err error, watched bool) (vfs.File, error) {
	if !watched {
		return f, err
	}
	if err != nil {
		return nil, w.failure.disk(err)
	}
	return watchedFile{f, w.failure}, nil
}

type watchedFile struct {
	vfs.File
	failure *failure
}

// Write implements vfs.File.
func (f watchedFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	return n, f.failure.disk(err)
}

// Sync implements vfs.File.
func (f watchedFile) Sync() error { return f.failure.disk(f.File.Sync()) }

// SyncData implements vfs.File.
func (f watchedFile) SyncData() error { return f.failure.disk(f.File.SyncData()) }

// SyncTo implements vfs.File.
func (f watchedFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, f.failure.disk(err)
}
