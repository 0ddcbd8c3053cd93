package segment

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
)

// FuzzCursor: a text is a cursor if it is what MarshalText writes of it.
func FuzzCursor(f *testing.F) {
	for _, c := range []Cursor{{}, {uuid.UUID{1}, 1, 0, false}, {uuid.UUID{15: 255}, 1 << 63, 1<<32 - 1, true}} {
		text, _ := c.MarshalText()
		f.Add(text)
	}
	f.Add([]byte("x"))
	f.Add(bytes.Repeat([]byte("A"), 39))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Cursor
		if err := c.UnmarshalText(text); err != nil {
			if err != ErrCursor || c != (Cursor{}) {
				t.Fatalf("%v, %v", err, c)
			}
			return
		}
		if again, err := c.MarshalText(); err != nil || !bytes.Equal(text, again) {
			t.Fatalf("%q is written %q, %v", text, again, err)
		}
	})
}
