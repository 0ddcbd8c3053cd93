package segment

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// subject is the values of a Subject that have been read.
type subject struct {
	matcher  *Matcher
	customer customer.ID
	isMember func(set string) (bool, error)
	slots    []stored // of matcher.tags
}

func (x *subject) id() customer.ID { return x.customer }

func (x *subject) stored(tag int) stored { return *x.at(tag) }

func (x *subject) at(tag int) *stored { return &x.slots[x.matcher.slot[tag]] }

func (x *subject) member(b *bound) (bool, error) {
	ok, err := x.isMember(b.name)
	if err != nil {
		return false, fmt.Errorf("segment: set %q: %w", b.name, err)
	}
	return ok, nil
}

// valueError says that the value of a tag cannot be used.
func valueError(t *Tag, why error) error {
	return fmt.Errorf("segment: tag %q: %w", t.Name, why)
}

// read fills the slots, which are unset.
func (x *subject) read(values any) (err error) {
	tags := x.matcher.tags
	switch values := values.(type) {
	case nil:
	case map[string]any:
		for i, t := range tags {
			if v, ok := values[t.Name]; ok {
				if err = t.putAny(&x.slots[i], v); err != nil {
					return valueError(t, err)
				}
			}
		}
	case map[string]customer.Value:
		for i, t := range tags {
			if v, ok := values[t.Name]; ok {
				if err = t.put(&x.slots[i], v); err != nil {
					return valueError(t, err)
				}
			}
		}
	case []customer.Field:
		return x.readFields(values)
	case customer.Row:
		return x.readRow(&values)
	case *customer.Row:
		return x.readRow(values)
	default:
		return x.readStruct(values)
	}
	return nil
}

func (x *subject) readRow(row *customer.Row) error {
	switch {
	case row == nil:
		return errors.New("segment: Values are a nil pointer")
	case x.customer == customer.ID{}:
		x.customer = row.ID
	case x.customer != row.ID:
		return errors.New("segment: Values are the row of another customer than ID")
	}
	return x.readFields(row.Values)
}

func (x *subject) readFields(fields []customer.Field) (err error) {
	tags := x.matcher.tags
	seen := make([]bool, 64)[:0]
	if len(tags) > cap(seen) {
		seen = make([]bool, len(tags))
	}
	seen = seen[:len(tags)]
	for i := range fields {
		slot, used := x.matcher.slots[fields[i].Name]
		if !used {
			continue
		}
		if seen[slot] {
			return valueError(tags[slot], reason("has two values"))
		}
		seen[slot] = true
		if err = tags[slot].put(&x.slots[slot], fields[i].Value); err != nil {
			return valueError(tags[slot], err)
		}
	}
	return nil
}

func (x *subject) readStruct(values any) (err error) {
	v := reflect.ValueOf(values)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return errors.New("segment: Values are a nil pointer")
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String {
		return x.readMap(v)
	}
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("segment: Values are of type %T, which is none of those they can be", values)
	}
	paths, err := x.matcher.paths(v.Type())
	if err != nil {
		return err
	}
	for i, t := range x.matcher.tags {
		f, err := v.FieldByIndexErr(paths[i])
		if err != nil {
			continue // below an embedded pointer that is nil
		}
		if err = t.putField(&x.slots[i], f); err != nil {
			return valueError(t, err)
		}
	}
	return nil
}

// readMap reads a map with keys of a kind of string.
func (x *subject) readMap(v reflect.Value) error {
	key := reflect.New(v.Type().Key()).Elem()
	for i, t := range x.matcher.tags {
		key.SetString(t.Name)
		if f := v.MapIndex(key); f.IsValid() {
			if err := t.putField(&x.slots[i], f); err != nil {
				return valueError(t, err)
			}
		}
	}
	return nil
}

// paths returns where in a struct of this type the value of each tag is, as reflect.Value.FieldByIndex takes it.
func (m *Matcher) paths(typ reflect.Type) ([][]int, error) {
	if p, ok := m.plans.Load(typ); ok {
		return p.([][]int), nil
	}
	paths := make([][]int, len(m.tags))
	keyed := make([]bool, len(m.tags))
	for _, f := range reflect.VisibleFields(typ) {
		if !f.IsExported() {
			continue
		}
		key, isKeyed := f.Tag.Lookup("segment")
		name := key
		if !isKeyed {
			name = f.Name
		}
		slot, used := m.slots[name]
		switch {
		case !used || key == "-" || keyed[slot] && !isKeyed:
			continue
		case keyed[slot]:
			return nil, fmt.Errorf("segment: tag %q: two fields of %s are its value", name, typ)
		}
		paths[slot], keyed[slot] = f.Index, isKeyed
	}
	for i, t := range m.tags {
		if paths[i] == nil {
			return nil, fmt.Errorf("segment: tag %q: no field of %s is its value", t.Name, typ)
		}
	}
	m.plans.Store(typ, paths)
	return paths, nil
}

// putAny is put for a value of Go.
func (t *Tag) putAny(s *stored, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if t.Kind == Enum {
			return t.putText(s, v)
		}
		return t.mismatch(customer.KindText.String())
	case bool:
		if t.Kind == Flag {
			s.set, s.b = true, v
			return nil
		}
		return t.mismatch(customer.KindBool.String())
	case int:
		return t.putInt(s, int64(v))
	case int64:
		return t.putInt(s, v)
	case float64:
		return t.putGoFloat(s, v, 64)
	case time.Time:
		if t.Kind == Time {
			return t.putTime(s, v)
		}
		return t.mismatch(customer.KindTime.String())
	case customer.Value:
		return t.put(s, v)
	}
	return t.putField(s, reflect.ValueOf(v))
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	valueType = reflect.TypeFor[customer.Value]()
)

// putField is put for a field of a struct, or any other value of Go.
func (t *Tag) putField(s *stored, f reflect.Value) error {
	for i := 0; i < 8 && (f.Kind() == reflect.Pointer || f.Kind() == reflect.Interface); i++ {
		if f.IsNil() {
			return nil
		}
		f = f.Elem()
	}
	switch f.Kind() {
	case reflect.Bool:
		return t.put(s, customer.BoolValue(f.Bool()))
	case reflect.String:
		return t.put(s, customer.TextValue(f.String()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return t.putInt(s, f.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if f.Uint() > math.MaxInt64 {
			return reason("whole number does not fit in 64 bits with a sign")
		}
		return t.putInt(s, int64(f.Uint()))
	case reflect.Float32, reflect.Float64:
		return t.putGoFloat(s, f.Float(), f.Type().Bits())
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.String {
			if f.IsNil() {
				return nil
			}
			labels := make([]string, f.Len())
			for i := range labels {
				labels[i] = f.Index(i).String()
			}
			return t.put(s, customer.LabelsValue(labels...))
		}
	case reflect.Struct:
		switch f.Type() {
		case timeType:
			if f.CanAddr() {
				return t.put(s, customer.TimeValue(*f.Addr().Interface().(*time.Time)))
			}
			return t.putAny(s, f.Interface())
		case valueType:
			if f.CanAddr() {
				return t.put(s, *f.Addr().Interface().(*customer.Value))
			}
			return t.putAny(s, f.Interface())
		}
	}
	return t.mismatch(f.Type().String())
}

// putGoFloat is put for a float of Go of so many bits, which is how many programs hold every number.
func (t *Tag) putGoFloat(s *stored, f float64, bits int) error {
	if bits == 32 {
		f = shortest(f)
	}
	switch {
	case t.Kind != Float && t.Kind != Integer && t.Kind != Decimal:
		return t.mismatch(customer.KindFloat64.String())
	case t.Kind == Float || math.IsNaN(f) || math.IsInf(f, 0):
		return s.putFloat(f)
	case f == math.Trunc(f) && f >= -1<<63 && f < 1<<63:
		return t.putInt(s, int64(f))
	case t.Kind == Integer:
		return reason("number is not whole or does not fit in 64 bits")
	}
	v, ok := parseDecimal(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok {
		return reason("number has too many digits for a decimal")
	}
	return t.put(s, v)
}
