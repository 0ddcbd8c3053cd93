package customer

import "fmt"

// MarshalText returns String, or an error if k is not valid.
func (k Kind) MarshalText() ([]byte, error) {
	if k > KindLabels {
		return nil, fmt.Errorf("customer: kind %d is not valid", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads what MarshalText writes. On error k stays as it was.
func (k *Kind) UnmarshalText(text []byte) error {
	for kind := KindUnset; kind <= KindLabels; kind++ {
		if kind.String() == string(text) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("customer: unknown kind of %d bytes", len(text))
}
