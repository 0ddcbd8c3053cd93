package subject

import (
	"bytes"
	"context"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
)

// A sealedField is what a value is bound to beside the atom.
type sealedField struct {
	name    string
	version uint64
}

// sealedFields returns all that parts seal values for.
func (x *Subjects) sealedFields(ctx context.Context) ([]sealedField, error) {
	all := []sealedField{{"observation", 1}, {"ruling", 1}, {"relation", 1}}
	if x.parts.Profiles == nil {
		return all, nil
	}
	versions, err := x.parts.Profiles.Versions(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	names := []string{"aside", "partial"}
	add := func(name string) {
		if !known[name] {
			known[name] = true
			names = append(names, name)
		}
	}
	for _, v := range versions {
		for _, t := range v.Schema.Traits {
			add("trait\t" + t.Kind.String() + "\t" + t.Name)
		}
		for _, e := range v.Schema.Events {
			for _, f := range e.Fields {
				add("field\t" + f.Kind.String() + "\t" + e.Name + "\t" + f.Name)
			}
		}
	}
	for _, v := range versions {
		for _, name := range names {
			all = append(all, sealedField{name, v.Version})
		}
	}
	return all, nil
}

// opens returns how many values in an entry open under keys of the person's atoms that are live.
func (s *search) opens(k kept) (n int) {
	var keys []*seal.Key
	for a, of := range s.live {
		if bytes.Contains(k.key, a[:]) || bytes.Contains(k.value, a[:]) {
			keys = append(keys, of...)
		}
	}
	if len(keys) == 0 {
		return 0
	}
	opens := func(sealed []byte) bool {
		for _, key := range keys {
			for _, f := range s.fields {
				if _, err := key.Open(nil, sealed, f.name, f.version); err == nil {
					return true
				}
			}
		}
		return false
	}
	var walk func(data []byte)
	var each func(item any)
	each = func(item any) {
		switch item := item.(type) {
		case []byte:
			if opens(item) {
				n++
			} else if wire.Read(item).Kind() != "" {
				walk(item)
			}
		case []any:
			for _, i := range item {
				each(i)
			}
		}
	}
	walk = func(data []byte) {
		r := wire.Read(data)
		for r.More() {
			each(r.Item())
		}
	}
	walk(k.value)
	return n
}
