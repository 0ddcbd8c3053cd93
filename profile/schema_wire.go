package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// UnmarshalJSON reads what json.Marshal writes of a Schema, and validates it. A member that
// a schema does not have is an error too, as it may be a misspelt one, and so is what is not
// UTF-8. Errors wrap ErrSchema. On error s stays as it was.
func (s *Schema) UnmarshalJSON(data []byte) error {
	type plain Schema // without this method
	var read plain
	if !utf8.Valid(data) { // which encoding/json would repair
		return fmt.Errorf("%w: JSON is not UTF-8", ErrSchema)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	switch err := d.Decode(&read); {
	case errors.Is(err, ErrSchema):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: there is more after the JSON", ErrSchema)
	}
	if err := (*Schema)(&read).Validate(); err != nil {
		return err
	}
	*s = Schema(read)
	return nil
}

// data returns the JSON of a valid schema: the same bytes for equal schemas.
func (s *Schema) data() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return data, nil
}

// A stored schema is what is kept of one.
type storedSchema struct {
	version uint64
	since   int64  // unix microseconds; 0: since the store began
	json    []byte // of the schema
	names   []string
}

// schemaPart is the most bytes of a part of a stored schema, and maxSchema bounds the whole,
// so that it is one commit on every store.
const (
	schemaPart = 48 << 10
	maxSchema  = 768 << 10
)

func schemaPartKey(version uint64, part int) []byte {
	return append(schemaVersionKey(version), big16(uint16(part))...)
}

// put adds the writes that put a schema in force to b: its parts, and the head that says
// which version it is.
func (s *storedSchema) put(b *store.Batch) error {
	w := wire.Sized("profile/schema", 1, len(s.json)+32*len(s.names))
	w.Uint(s.version)
	w.Int(s.since)
	w.Bytes(s.json)
	w.List(len(s.names))
	for _, name := range s.names {
		w.Text(name)
	}
	rest := w.Data()
	if len(rest) > maxSchema {
		return fmt.Errorf("%w: with all names there ever were it has more than %d bytes", ErrSchema, maxSchema)
	}
	parts := 0
	for ; len(rest) > 0; parts++ {
		n := min(len(rest), schemaPart)
		b.Put(schemaPartKey(s.version, parts), rest[:n])
		rest = rest[n:]
	}
	head := wire.New("profile/schema-head", 1)
	head.Uint(s.version)
	head.Uint(uint64(parts))
	b.Put([]byte(schemaKey), head.Data())
	return nil
}

func readSchemaHead(data []byte) (version uint64, parts int, err error) {
	r := wire.Read(data)
	r.Expect("profile/schema-head", 1)
	version = r.Uint()
	n := r.Uint()
	if err := r.Close(); err != nil {
		return 0, 0, err
	}
	if version == 0 || n == 0 || n > maxSchema/schemaPart {
		return 0, 0, fmt.Errorf("%w: head of the schema", store.ErrCorrupt)
	}
	return version, int(n), nil
}

func readStoredSchema(data []byte) (*storedSchema, error) {
	r := wire.Read(data)
	r.Expect("profile/schema", 1)
	s := &storedSchema{version: r.Uint(), since: r.Int(), json: r.Bytes()}
	s.names = make([]string, r.List())
	for i := range s.names {
		s.names[i] = r.Text()
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return s, nil
}

// schema reads the schema out of what is stored.
func (s *storedSchema) schema() (*Schema, error) {
	schema := new(Schema)
	switch err := schema.UnmarshalJSON(s.json); {
	case errors.Is(err, errZone): // it is this machine that lacks something
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: schema: %w", store.ErrCorrupt, err)
	}
	return schema, nil
}

func (s *storedSchema) begun() time.Time {
	if s.since == 0 {
		return time.Time{}
	}
	return time.UnixMicro(s.since).UTC()
}

// loadSchema reads the stored schema in force, nil if there is none, and the version of its
// head in the store. Where that is known, the schema has been read before: it is nil too.
func loadSchema(ctx context.Context, s store.Store, known store.Version) (*storedSchema, store.Version, error) {
	head, err := s.Get(ctx, []byte(schemaKey))
	if err != nil {
		return nil, 0, err
	}
	if v := head[0].Version; v == 0 || v == known {
		return nil, v, nil
	}
	version, parts, err := readSchemaHead(head[0].Value)
	if err != nil {
		return nil, 0, err
	}
	keys := make([][]byte, parts)
	for i := range keys {
		keys[i] = schemaPartKey(version, i)
	}
	// Parts are written once, by the commit of the head that names them, and stay.
	entries, err := s.Get(ctx, keys...)
	if err != nil {
		return nil, 0, err
	}
	var data []byte
	for _, e := range entries {
		data = append(data, e.Value...)
	}
	stored, err := readStoredSchema(data)
	if err == nil && stored.version != version {
		err = store.ErrCorrupt
	}
	if err != nil {
		return nil, 0, fmt.Errorf("profile: schema: %w", err)
	}
	return stored, head[0].Version, nil
}
