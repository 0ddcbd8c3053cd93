package store

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/clientele-go/clientele/internal/wire"
)

// A dumped is one line of a dump.
type dumped struct {
	Key     string  `json:"key"`
	Version Version `json:"version"`
	Kind    string  `json:"kind,omitempty"`
	Format  uint64  `json:"format,omitempty"`
	Items   []any   `json:"items,omitempty"`
	Raw     *string `json:"raw,omitempty"`
}

// Dump writes the entries of a range as JSON lines, in order, to look at them or
// to compare them. A value of this library is its kind, the version of its format
// and its items; any other is raw, in base64:
//
//	{"key":"run/2026-03-05","version":7,"kind":"once","format":1}
//	{"key":"a%00b","version":9,"raw":"AAECAw=="}
//
// Bytes of a key that are not printable ASCII, and %, are written %XX. Items that
// are byte strings are {"bytes": base64}, NaN and infinities {"float": "NaN"}. What
// a dump shows is what is stored: sealed values stay sealed, others are plain. It
// is a scan, no snapshot. Errors are those of Scan and of w.
func Dump(ctx context.Context, s Store, r Range, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	lines := json.NewEncoder(buffered)
	lines.SetEscapeHTML(false)
	for e, err := range s.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if err := lines.Encode(dump(e)); err != nil {
			return fmt.Errorf("store: dump: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("store: dump: %w", err)
	}
	return nil
}

func dump(e Entry) dumped {
	d := dumped{Key: printable(e.Key), Version: e.Version}
	value := wire.Read(e.Value)
	for value.More() {
		d.Items = append(d.Items, item(value.Item()))
	}
	if value.Close() != nil || value.Kind() == "" {
		raw := base64.StdEncoding.EncodeToString(e.Value)
		d.Items, d.Raw = nil, &raw
		return d
	}
	d.Kind, d.Format = value.Kind(), value.Version()
	return d
}

// item is an item of a value as encoding/json takes it.
func item(v any) any {
	switch v := v.(type) {
	case []byte:
		return map[string][]byte{"bytes": v}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return map[string]string{"float": strconv.FormatFloat(v, 'g', -1, 64)}
		}
	case []any:
		for i := range v {
			v[i] = item(v[i])
		}
	}
	return v
}

func printable(key []byte) string {
	out := make([]byte, 0, len(key))
	for _, b := range key {
		if b < ' ' || b > '~' || b == '%' {
			out = fmt.Appendf(out, "%%%02X", b)
			continue
		}
		out = append(out, b)
	}
	return string(out)
}
