package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// Place is how far a sink is in the notices of a source. The zero Place is the beginning. To skip a batch that a receiver
// never takes, save a Place whose After is its Until. Safe for concurrent use.
type Place struct {
	After uint64 // the number of the last notice that the sink has taken; 0: it has none
	// Until is the number of the last notice of the batch that begins after After and may have gone out; After where there
	// is none.
	Until uint64
}

// Cursor keeps a Place. Not safe for concurrent use.
type Cursor interface {
	// Load returns the Place that was saved last, the zero Place if none was.
	Load(ctx context.Context) (Place, error)
	// Save keeps p in place of what Load returned. After an error it is kept or not.
	Save(ctx context.Context, p Place) error
}

// MemoryCursor returns a cursor at p that forgets when the process ends. It is safe for concurrent use.
func MemoryCursor(p Place) Cursor { return &memoryCursor{place: p} }

type memoryCursor struct {
	mu    sync.Mutex
	place Place
}

func (c *memoryCursor) Load(ctx context.Context) (Place, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place, ctx.Err()
}

func (c *memoryCursor) Save(ctx context.Context, p Place) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.place = p
	return nil
}

// StoreCursor returns a cursor that s keeps under key, which is copied. Where another one moved it after Load, in this
// process or another, Save is ErrTaken, and Load begins anew: so it is safe to start a second process before the first has
// ended, but both may have delivered the same batch. Where the store does not tell whether it saved, Save finds out. Other
// errors are those of the store, and ErrOptions for a key that is empty or too long. Cost: Load a read, Save a read and a
// commit.
func StoreCursor(s store.Store, key []byte) (Cursor, error) {
	if len(key) == 0 || len(key) > s.Limits().KeyBytes {
		return nil, fmt.Errorf("%w: key of %d bytes, the store takes 1 to %d", ErrOptions, len(key), s.Limits().KeyBytes)
	}
	return &storeCursor{store: s, key: bytes.Clone(key)}, nil
}

type storeCursor struct {
	store   store.Store
	key     []byte
	version store.Version // of the place that was read or saved last
}

func (c *storeCursor) Load(ctx context.Context) (Place, error) {
	entries, err := c.store.Get(ctx, c.key)
	if err != nil {
		return Place{}, err
	}
	p, err := readPlace(entries[0])
	if err != nil {
		return Place{}, err
	}
	c.version = entries[0].Version
	return p, nil
}

// unsettled is how often Save asks what became of a commit.
const unsettled = 8

func (c *storeCursor) Save(ctx context.Context, p Place) error {
	w := wire.New("notify/cursor", 1)
	w.Uint(p.After)
	w.Uint(p.Until)
	lost := false // a commit of this call may have happened, or may yet happen
	for try := 1; ; try++ {
		var there store.Version
		version, err := store.Update(ctx, c.store, nil, func(ctx context.Context) (*store.Batch, error) {
			entries, err := c.store.Get(ctx, c.key)
			if err != nil {
				return nil, err
			}
			there = entries[0].Version
			if there != c.version {
				if lost && bytes.Equal(entries[0].Value, w.Data()) {
					return nil, nil // it did happen
				}
				return nil, ErrTaken
			}
			var b store.Batch
			b.If(c.key, c.version)
			b.Put(c.key, w.Data())
			return &b, nil
		})
		switch {
		case err == nil && version == 0:
			c.version = there
			return nil
		case err == nil:
			c.version = version
			return nil
		case !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil || try == unsettled:
			return err
		}
		lost = true
	}
}

func readPlace(e store.Entry) (Place, error) {
	if e.Version == 0 {
		return Place{}, nil
	}
	r := wire.Read(e.Value)
	r.Expect("notify/cursor", 1)
	p := Place{After: r.Uint(), Until: r.Uint()}
	if err := r.Close(); err != nil {
		return Place{}, fmt.Errorf("notify: cursor: %w", err)
	}
	if p.Until < p.After || p.Until-p.After > MostBatch {
		return Place{}, fmt.Errorf("notify: cursor: %w: After and Until do not fit", store.ErrCorrupt)
	}
	return p, nil
}
