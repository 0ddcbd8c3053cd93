package store

import (
	"errors"

	"github.com/clientele-go/clientele/internal/wire"
)

// Errors of stores, bare or wrapped; what a store cannot do at all is
// errors.ErrUnsupported.
var (
	// ErrConflict: a condition of a batch does not hold, or the database gave
	// way to another writer. Nothing was written. Read again and retry, as Update does.
	ErrConflict = errors.New("store: conflict")
	// ErrInvalid: the call itself is wrong, whatever the store holds: an empty
	// key, a key written twice in a batch, a negative limit.
	ErrInvalid = errors.New("store: invalid")
	// ErrTooLarge: beyond the Limits of the store.
	ErrTooLarge = errors.New("store: too large")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store: closed")
	// ErrUnavailable: the database cannot be reached or refuses for now. Nothing
	// was written; the same call may succeed later.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrUnknownOutcome: a commit may have happened or not, or may even happen
	// later. Read to find out, or use Once.
	ErrUnknownOutcome = errors.New("store: unknown outcome of a commit")
	// ErrCorrupt: what is stored is not what was written, or was written by a
	// newer version of the library.
	ErrCorrupt = wire.ErrCorrupt
)
