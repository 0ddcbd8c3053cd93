package profile_test

import (
	"bytes"
	"math/rand/v2"

	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
)

// options are those of a process: each has a vault of its own on the one store.
func (w *world) options() *profile.Options {
	if !w.sealed {
		return w.o
	}
	o := *w.o
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes))
	if err == nil {
		o.Vault, err = seal.NewVault(w.store, wrapper, &seal.Options{Cache: w.cache})
	}
	if err == nil {
		o.Index, err = seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{2}, seal.KeyBytes)})
	}
	if err != nil {
		panic(err)
	}
	return &o
}

// protectSome makes fields of events personal, or public again, as long as the schema is valid.
func protectSome(r *rand.Rand, s *profile.Schema) {
	for i := range s.Events {
		for j := range s.Events[i].Fields {
			f := &s.Events[i].Fields[j]
			was := f.Sensitivity
			if f.Sensitivity = oneOf(r, profile.Public, profile.Personal, profile.Sensitive); s.Validate() != nil {
				f.Sensitivity = was
			}
		}
	}
}
