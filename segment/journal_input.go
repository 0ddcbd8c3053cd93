package segment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

const (
	kindStep   = "segment/step"
	stepFormat = 1
)

// What a step does.
const (
	stepBegin   uint64 = iota + 1 // the first one: what OpenLive was given
	stepBatch                     // Apply, ApplyRows
	stepClock                     // Advance
	stepDefine                    // Define, Drop, Rollback
	stepDeclare                   // Declare
)

// input is what a step of a Live was given, from which all that it did follows. Not safe for concurrent use.
type input struct {
	what        uint64
	at          time.Time
	batch       *Batch        // stepBatch
	merged      []customer.ID // stepBatch: who of those deleted is part of another customer
	actor       string        // stepBegin, stepDefine
	definitions []Definition  // stepBegin, stepDefine
	drop        []string      // stepDefine
	tags        []Tag         // stepDeclare
}

// encode returns the input as a value.
func (in *input) encode() ([]byte, error) {
	size := 64
	if in.batch != nil {
		size += 32*len(in.batch.writes) + 16*len(in.merged)
	}
	w := wire.Sized(kindStep, stepFormat, size)
	w.Uint(in.what)
	w.Int(in.at.UnixNano())
	switch in.what {
	case stepBegin:
		w.Bytes([]byte(in.actor))
		writeJSON(w, in.definitions)
	case stepBatch:
		ids := make([]byte, 0, 16*len(in.merged))
		for _, id := range in.merged {
			ids = append(ids, id[:]...)
		}
		w.Bytes(ids)
		writeBatch(w, in.batch)
	case stepDefine:
		w.Bytes([]byte(in.actor))
		writeJSON(w, in.definitions)
		w.List(len(in.drop))
		for _, name := range in.drop {
			w.Text(name)
		}
	case stepDeclare:
		writeJSON(w, in.tags)
	}
	data := w.Data()
	if in.what == stepBatch || in.what == stepClock {
		return data, nil
	}
	// A rule that was built in Go may be too large for its JSON.
	if _, err := readInput(data); err != nil {
		return nil, fmt.Errorf("%w: definitions or tags cannot be written as JSON: %w", ErrLimit, err)
	}
	return data, nil
}

// writeJSON writes a list, each element as JSON. What has no JSON is written as such that cannot be read.
func writeJSON[T any](w *wire.Writer, list []T) {
	w.List(len(list))
	for i := range list {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false) // the text must not grow beyond MaxRuleBytes
		if e.Encode(&list[i]) != nil {
			text.Reset()
		}
		w.Text(text.String())
	}
}

// readJSONs reads what writeJSON wrote.
func readJSONs[T any, P interface {
	*T
	Validate() error
}](r *wire.Reader) (list []T, err error) {
	for range r.List() {
		var v T
		if text := r.Text(); err == nil {
			if err = json.Unmarshal([]byte(text), &v); err == nil {
				err = P(&v).Validate()
			}
		}
		list = append(list, v)
	}
	return list, err
}

// readInput reads what encode returned.
func readInput(data []byte) (*input, error) {
	r := wire.Read(data)
	r.Expect(kindStep, stepFormat)
	in := &input{what: r.Uint()}
	in.at = time.Unix(0, r.Int()).UTC()
	var err error
	switch in.what {
	case stepBegin:
		in.actor = string(r.Bytes())
		in.definitions, err = readJSONs[Definition](r)
	case stepBatch:
		ids := r.Bytes()
		for ; len(ids) >= 16; ids = ids[16:] {
			in.merged = append(in.merged, customer.ID(ids[:16]))
		}
		if len(ids) > 0 {
			err = errors.New("ids of merges")
		}
		if in.batch = readBatch(r); in.batch == nil {
			err = errors.New("writes")
		}
	case stepClock:
	case stepDefine:
		in.actor = string(r.Bytes())
		in.definitions, err = readJSONs[Definition](r)
		for range r.List() {
			in.drop = append(in.drop, r.Text())
		}
	case stepDeclare:
		in.tags, err = readJSONs[Tag](r)
	default:
		err = errors.New("unknown step")
	}
	if err == nil && !validClock(in.at) {
		err = errors.New("clock")
	}
	return in, errors.Join(r.Close(), err)
}

// writeBatch writes a batch, the names of its tags once. It is the last item of a value.
func writeBatch(w *wire.Writer, b *Batch) {
	w.Time(b.At)
	places := map[string]uint64{}
	var names []string
	for i := range b.writes {
		if x := &b.writes[i]; x.verb.onTag() {
			if _, ok := places[x.tag]; !ok {
				places[x.tag] = uint64(len(names))
				names = append(names, x.tag)
			}
		}
	}
	w.List(len(names))
	for _, name := range names {
		w.Bytes([]byte(name)) // that of a tag that is not there, and is cleared, may be anything
	}
	w.Uint(uint64(len(b.writes)))
	var last customer.ID
	for i := range b.writes {
		x := &b.writes[i]
		w.Uint(uint64(x.verb))
		if x.id == last {
			w.Null()
		} else {
			w.Bytes(x.id[:])
			last = x.id
		}
		if !x.verb.onTag() {
			continue
		}
		w.Uint(places[x.tag])
		if writeValue(w, x.value); x.verb == verbNewer {
			w.Int(x.at.UnixNano())
		}
	}
}

// onTag tells whether writes of the verb name a tag.
func (v verb) onTag() bool { return v != verbAdd && v != verbDelete }

// readBatch reads what writeBatch wrote; nil is a fault that r does not know of.
func readBatch(r *wire.Reader) *Batch {
	b := &Batch{At: r.Time()}
	names := make([]string, r.List())
	for i := range names {
		names[i] = string(r.Bytes())
	}
	n := r.Uint()
	var last customer.ID
	for ; n > 0 && r.More(); n-- {
		x := write{verb: verb(min(r.Uint(), 255)), id: last}
		if x.verb > verbIncrement {
			return nil
		}
		if !r.Null() {
			id := r.Bytes()
			if len(id) != len(last) {
				return nil
			}
			x.id = customer.ID(id)
			last = x.id
		}
		if x.verb.onTag() {
			place := r.Uint()
			if place >= uint64(len(names)) {
				return nil
			}
			var ok bool
			x.tag = names[place]
			if x.value, ok = readValue(r); !ok {
				return nil
			}
			if x.verb == verbNewer {
				x.at = time.Unix(0, r.Int()).UTC()
			}
		}
		b.write(x)
	}
	if n > 0 {
		return nil
	}
	return b
}

// writeValue writes a value that is valid: its kind, then what it is made of.
func writeValue(w *wire.Writer, v customer.Value) {
	w.Uint(uint64(v.Kind()))
	switch v.Kind() {
	case customer.KindBool:
		b, _ := v.Bool()
		w.Bool(b)
	case customer.KindInt64:
		n, _ := v.Int64()
		w.Int(n)
	case customer.KindFloat64:
		f, _ := v.Float64()
		w.Float(f)
	case customer.KindDecimal:
		coefficient, scale, _ := v.Decimal()
		w.Int(coefficient)
		w.Uint(uint64(scale))
	case customer.KindTime:
		t, _ := v.Time()
		w.Time(t)
	case customer.KindText:
		text, _ := v.Text()
		w.Text(text)
	case customer.KindLabels:
		n := 0
		for range v.Labels() {
			n++
		}
		w.List(n)
		for label := range v.Labels() {
			w.Text(label)
		}
	}
}

// readValue reads what writeValue wrote, and tells whether it is valid.
func readValue(r *wire.Reader) (v customer.Value, ok bool) {
	switch customer.Kind(min(r.Uint(), 255)) {
	case customer.KindUnset:
	case customer.KindBool:
		v = customer.BoolValue(r.Bool())
	case customer.KindInt64:
		v = customer.Int64Value(r.Int())
	case customer.KindFloat64:
		v = customer.Float64Value(r.Float())
	case customer.KindDecimal:
		coefficient, scale := r.Int(), r.Uint()
		v = customer.DecimalValue(coefficient, int(min(scale, 255)))
	case customer.KindTime:
		v = customer.TimeValue(r.Time())
	case customer.KindText:
		v = customer.TextValue(r.Text())
	case customer.KindLabels:
		labels := make([]string, r.List())
		for i := range labels {
			labels[i] = r.Text()
		}
		v = customer.LabelsValue(labels...)
	default:
		return v, false
	}
	return v, v.Validate() == nil
}
