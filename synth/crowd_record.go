package synth

import (
	"time"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Record is what one channel recorded of somebody at one moment. Safe for
// concurrent reads.
type Record struct {
	// Channel is one of [CrowdChannels].
	Channel string
	// ID is the channel's own number of the record, unique in the channel.
	ID string
	// Time is in whole seconds, in UTC.
	Time time.Time
	// Name as written, empty where the channel has none. It may be masked (王**, 王女士),
	// junk (无), or, on a gift, that of another customer.
	Name string
	// Fields are what was recorded that may identify somebody.
	Fields []Mark

	// Person is the truth: who it was, from 1.
	Person int
	// Part numbers the parts into which the records of the person fall, from 1:
	// records are of one part if a chain of marks with Evidence, equal in type
	// and meaning, joins them. Nobody can join two parts without guessing.
	Part int
}

// A Mark is a value that may identify somebody, as a channel recorded it. Safe for
// concurrent reads.
type Mark struct {
	// Type is phone, email, unionid, openid, account, member, buyer, device or
	// cookie. Ids are unique within their Scope.
	Type string
	// Scope is the app or marketplace an openid, buyer or account is valid in,
	// empty for other types.
	Scope string
	// Value as written.
	Value string
	// Verified says that the channel made sure it belongs to the person: by a
	// code, or because the person was logged in.
	Verified bool
	// Origin is the truth about the value.
	Origin Origin
	// Meaning is the truth: the value in its plainest form; empty where Origin is
	// Masked or Junk.
	Meaning string
}

// An Origin is the truth about a [Mark]. Safe for concurrent use.
type Origin uint8

// The origins of a mark.
const (
	Own      Origin = iota // of this person alone
	Recycled               // a number that is another customer's at another time
	Family                 // a number that a relative uses as well
	Tablet                 // a device of the shop, used by others too
	Masked                 // not whole
	Junk                   // made up
	Gift                   // of another customer, whom an order goes to
)

var originNames = []string{"own", "recycled", "family", "tablet", "masked", "junk", "gift"}

// String returns the name in lower case.
func (o Origin) String() string { return enum.Name(originNames, o) }

// MarshalText returns the text of String.
func (o Origin) MarshalText() ([]byte, error) {
	return enum.Marshal("synth", "origin", originNames, o)
}

// UnmarshalText reads what MarshalText wrote.
func (o *Origin) UnmarshalText(text []byte) error {
	return enum.Unmarshal("synth", "origin", originNames, text, o)
}

// Evidence tells whether the mark is evidence of who the person is: it is whole,
// and the person's own at that time. A family number, a tablet and the number on a
// gift are not.
func (m Mark) Evidence() bool { return m.Origin <= Recycled }
