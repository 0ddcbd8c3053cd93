package customer

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// MarshalText returns String, or an error if k is not valid.
func (k Kind) MarshalText() ([]byte, error) {
	if k > KindLabels {
		return nil, fmt.Errorf("customer: kind %d is not valid", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads what MarshalText writes. On error k stays as it was.
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("customer", "kind", kindNames, text, k)
}
