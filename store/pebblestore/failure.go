package pebblestore

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/redact"
)

// A failure is the logger of a Pebble: silent, and waiting for what is fatal.
type failure struct {
	opened   atomic.Bool // before that errors are those of Open
	once     sync.Once
	happened chan struct{}
	err      error // set before happened is closed
}

// Infof implements pebble.Logger.
func (*failure) Infof(string, ...any) {}

// Errorf implements pebble.Logger.
func (*failure) Errorf(string, ...any) {}

// Fatalf implements pebble.Logger. Pebble relies on its not returning: what comes
// after would act on a state that is no longer true. It may hold locks, so that
// from here on nobody calls Pebble again.
func (f *failure) Fatalf(text string, args ...any) {
	f.once.Do(func() {
		for i, arg := range args {
			if err, ok := arg.(error); ok {
				args[i] = redact.Safe(err.Error())
			}
		}
		f.err = fmt.Errorf("pebblestore: the disk has failed, open the store again in a new process: %s", withoutKeys(redact.Sprintf(text, args...)))
		close(f.happened)
	})
	select {}
}

// withoutKeys is the first line of a text without what may be of the data.
func withoutKeys(text redact.RedactableString) string {
	line, _, _ := strings.Cut(text.Redact().StripMarkers(), "\n")
	return line
}

// disk is where an error of the log passes, if there is one.
func (f *failure) disk(err error) error {
	if err != nil && f.opened.Load() {
		f.Fatalf("%v", err)
	}
	return err
}

// reason is the failure that has happened, or nil.
func (f *failure) reason() error {
	select {
	case <-f.happened:
		return f.err
	default:
		return nil
	}
}

// readError is what a read returns for an error of Pebble.
func readError(err error) error {
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: pebblestore: %s", store.ErrCorrupt, withoutKeys(redact.Sprint(err)))
	}
	return fmt.Errorf("%w: pebblestore: %w", store.ErrUnavailable, err)
}
