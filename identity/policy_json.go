package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// duration is a time as text, such as "2160h0m0s". Safe for concurrent use.
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%w: not a time such as 2160h", ErrPolicy)
	}
	*d = duration(read)
	return nil
}

// sameType has the fields of a Type without its methods. Safe for concurrent reads.
type sameType Type

// typeJSON is a Type in JSON: its own times are hidden by texts. Safe for concurrent reads.
type typeJSON struct {
	*sameType
	Window   duration `json:"window,omitempty"`
	Silence  duration `json:"silence,omitempty"`
	Lifetime duration `json:"lifetime,omitempty"`
}

// MarshalJSON writes the fields under their names, times as String of [time.Duration]
// writes them, such as "2160h0m0s", without those that are zero. A kind or proof that is not
// valid is an error.
func (t Type) MarshalJSON() ([]byte, error) {
	return json.Marshal(typeJSON{(*sameType)(&t), duration(t.Window), duration(t.Silence), duration(t.Lifetime)})
}

// UnmarshalJSON reads what MarshalJSON writes into t, which is set as a whole, or left as it
// was where that fails. Times are read as [time.ParseDuration] does. A name of a field that is
// none is an error, so that no limit is lost by a slip.
func (t *Type) UnmarshalJSON(data []byte) error {
	var read Type
	in := typeJSON{sameType: (*sameType)(&read)}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("identity: type of identifiers: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: type of identifiers: there is more after it", ErrPolicy)
	}
	read.Window, read.Silence, read.Lifetime = time.Duration(in.Window), time.Duration(in.Silence), time.Duration(in.Lifetime)
	*t = read
	return nil
}
