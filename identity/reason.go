package identity

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Reason says why records that have an identifier in common are not one customer
// because of it. Safe for concurrent use.
type Reason uint8

// The reasons.
const (
	// Conflict: the customers differ in a type of which a customer has fewer values.
	Conflict Reason = iota + 1
	// Ambiguous: the record could be of either of two customers that are not one.
	Ambiguous
	// TooMany: with the record the customer would have too many values of a type.
	TooMany
	// Shared: the value is seen with so many customers that it says nothing.
	Shared
	// Passed: the value has passed to somebody else in between.
	Passed
	// Unproven: the source is not sure enough that the value is the customer's.
	Unproven
	// Separated: a steward has ruled that they are different customers.
	Separated
	// Refused: the value is masked, junk or malformed, and no identifier.
	Refused
)

var reasonNames = [...]string{"invalid", "conflict", "ambiguous", "too many", "shared", "passed", "unproven", "separated", "refused"}

var reasonNamesZH = [...]string{"无效", "标识冲突", "归属不明", "标识过多", "多人共用", "已转归他人", "证明不足", "已裁定为不同客户", "不是有效标识"}

// String returns the reason in lower case, or "invalid".
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return reasonNames[0]
	}
	return reasonNames[r]
}

// Chinese returns the same in Chinese.
func (r Reason) Chinese() string {
	if int(r) >= len(reasonNamesZH) {
		return reasonNamesZH[0]
	}
	return reasonNamesZH[r]
}

// MarshalText returns String. It never fails.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what String writes, and nothing else.
func (r *Reason) UnmarshalText(text []byte) error {
	i := slices.Index(reasonNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("%w: unknown reason: %s", ErrInput, enum.NotOne(reasonNames[1:]))
	}
	*r = Reason(i)
	return nil
}
