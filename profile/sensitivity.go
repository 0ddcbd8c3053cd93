package profile

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// Sensitivity says who may see a value. Safe for concurrent use.
type Sensitivity uint8

// The sensitivities, each stricter than those before. Values that are Personal or
// Sensitive are left out of row batches unless Options.Rows names them.
const (
	Public    Sensitivity = iota // anybody
	Internal                     // the company
	Personal                     // tells who somebody is, or how to reach them
	Sensitive                    // health, faith, whereabouts, documents: what the law protects most
)

var sensitivities = [...]string{"public", "internal", "personal", "sensitive"}

// String returns the sensitivity in lower case, or "invalid".
func (s Sensitivity) String() string {
	if int(s) >= len(sensitivities) {
		return "invalid"
	}
	return sensitivities[s]
}

// MarshalText returns String, or an error if s is not valid.
func (s Sensitivity) MarshalText() ([]byte, error) {
	if int(s) >= len(sensitivities) {
		return nil, fmt.Errorf("%w: sensitivity %d is not valid", ErrSchema, uint8(s))
	}
	return []byte(sensitivities[s]), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Sensitivity) UnmarshalText(text []byte) error {
	for i, name := range sensitivities {
		if name == string(text) {
			*s = Sensitivity(i)
			return nil
		}
	}
	return fmt.Errorf("%w: unknown sensitivity %.32q: %s", ErrSchema, text, enum.NotOne(sensitivities[:]))
}
