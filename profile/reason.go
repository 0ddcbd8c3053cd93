package profile

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Reason says why a value or an event was set aside. Safe for concurrent use.
type Reason uint8

// The reasons.
const (
	Undeclared Reason = iota + 1 // the schema has no such trait or field
	WrongKind                    // of another kind than declared, or not valid
	OutOfRange                   // outside Check.Least and Most, or with more digits than Check.Scale
	NoMatch                      // not Check.Pattern, or not one of Check.In
	Incomplete                   // the event lacks a required field
)

var reasons = [...]string{"", "undeclared", "wrong_kind", "out_of_range", "no_match", "incomplete"}

var reasonsZH = [...]string{"无效", "未声明", "类型不符", "超出范围", "不符合规定的格式或取值", "缺少必填字段"}

// String returns the reason in lower case, or "invalid".
func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasons) {
		return "invalid"
	}
	return reasons[r]
}

// Chinese returns the same in Chinese.
func (r Reason) Chinese() string {
	if int(r) >= len(reasonsZH) {
		return reasonsZH[0]
	}
	return reasonsZH[r]
}

// MarshalText returns String, or an error if r is not valid.
func (r Reason) MarshalText() ([]byte, error) {
	if r.String() == "invalid" {
		return nil, fmt.Errorf("profile: reason %d is not valid", uint8(r))
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (r *Reason) UnmarshalText(text []byte) error {
	for i, name := range reasons {
		if i > 0 && name == string(text) {
			*r = Reason(i)
			return nil
		}
	}
	return fmt.Errorf("profile: unknown reason: %s", enum.NotOne(reasons[:]))
}
