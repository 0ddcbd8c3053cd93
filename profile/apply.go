package profile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/store"
)

// A Version is a schema that was in force, or is. Safe for concurrent reads.
type Version struct {
	Version uint64    `json:"version"`        // 1, 2, 3 and so on
	Since   time.Time `json:"since,omitzero"` // as Apply was told; zero of the first
	Schema  *Schema   `json:"schema"`
}

// Apply puts a schema in force as of a time, in years 1 to 9999, and returns its version;
// if it is in force already, nothing changes. Evidence that was added stays as it is: what
// was set aside is not taken up again, a trait or field that is not in the schema any more
// counts no more, and one that comes back as it was, of the same kind, has its values
// again. One that changes its kind begins empty. What follows from the evidence is folded
// anew: profiles at once, rows by the next runs of Sync. Other processes notice by
// themselves; one whose options name what the schema does not have, or lack a function that
// it names, gets ErrSchema from then on.
//
// Errors are those of Validate, ErrSchema as of Open, and those of the store; cost: a
// commit of the schema, and then the folding of all customers.
func (p *Profiles) Apply(ctx context.Context, at time.Time, schema *Schema) (version uint64, err error) {
	if err := schema.Validate(); err != nil {
		return 0, err
	}
	if !civil.InYears(at) {
		return 0, &InputError{Row: -1, Field: "time", Reason: "is missing or not in years 1 to 9999"}
	}
	next := &storedSchema{since: at.UnixMicro()}
	if next.json, err = schema.data(); err != nil {
		return 0, err
	}
	err = p.settle(ctx, func(ctx context.Context) (*store.Batch, error) {
		present, read, err := loadSchema(ctx, p.s, 0)
		if err != nil {
			return nil, err
		}
		if present == nil {
			return nil, errNoSchema
		}
		next.version = present.version
		if bytes.Equal(next.json, present.json) {
			return nil, nil
		}
		next.version, next.names = present.version+1, present.names
		f, err := p.bind(next)
		if err != nil {
			return nil, err
		}
		next.names = f.names
		b := new(store.Batch)
		b.If([]byte(schemaKey), read)
		(&refolding{schema: next.version}).put(b)
		return b, next.put(b)
	})
	if err != nil {
		return 0, err
	}
	_, err = p.reread(ctx)
	return next.version, err
}

// settle is store.Update for what may be done again, and then finds that it is done: so it
// tries again after an unknown outcome too.
func (p *Profiles) settle(ctx context.Context, build func(ctx context.Context) (*store.Batch, error)) error {
	var err error
	for range 8 {
		_, err = store.Update(ctx, p.s, p.o.Backoff, build)
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			break
		}
	}
	return err
}

// Versions returns all schemas that were ever in force, the first first. The caller may
// change them. Cost: a scan over them.
func (p *Profiles) Versions(ctx context.Context) ([]Version, error) {
	var versions []Version
	var data []byte
	end := func() error {
		stored, err := readStoredSchema(data)
		if err != nil {
			return fmt.Errorf("profile: schema: %w", err)
		}
		schema, err := stored.schema()
		if err != nil {
			return err
		}
		versions = append(versions, Version{stored.version, stored.begun(), schema})
		return nil
	}
	for e, err := range p.s.Scan(ctx, store.Under([]byte(schemaKey+"/"))) {
		if err != nil {
			return nil, err
		}
		suffix := e.Key[len(schemaKey)+1:]
		if len(suffix) != 10 {
			return nil, fmt.Errorf("%w: key among the schemas", store.ErrCorrupt)
		}
		if binary.BigEndian.Uint16(suffix[8:]) == 0 && data != nil {
			if err := end(); err != nil {
				return nil, err
			}
			data = nil
		}
		data = append(data, e.Value...)
	}
	if data == nil {
		return nil, errNoSchema
	}
	if err := end(); err != nil {
		return nil, err
	}
	return versions, nil
}
