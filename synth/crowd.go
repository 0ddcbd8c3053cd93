package synth

import (
	"errors"
	"iter"
	"time"
)

// CrowdOptions describe the people of a [Crowd] and how badly they are recorded.
// A nil pointer is [DefaultCrowd]; a pointer that is set is taken as it stands, so
// that its zeros mean none. Not safe for concurrent use while it is changed;
// [NewCrowd] keeps no part of it.
type CrowdOptions struct {
	// Start and End bound the times of records, [Start, End), at least a year.
	Start, End time.Time
	// Recycled is the share of people whose number belonged to another customer
	// until at least 90 days before they got it. At most 0.2.
	Recycled float64
	// Family is the share of people who give the number of a relative, who is a
	// customer too. At most 0.2.
	Family float64
	// Tablet is the share of people who use the app on a tablet of the shop, two
	// and two on the same, beside their own phone. At most 0.2.
	Tablet float64
	// Masked and Junk are shares of all values recorded: with stars in the middle,
	// and made up because a field had to be filled. Their sum is at most 1.
	Masked, Junk float64
	// OneChannel is the share of people who only ever use one channel. At most 1.
	OneChannel float64
}

// DefaultCrowd returns the options of a nil [CrowdOptions]: 2024 and 2025 in UTC,
// 5% recycled numbers, 3% family numbers, 2% tablets, 10% masked and 5% junk
// values, 20% in one channel only.
func DefaultCrowd() *CrowdOptions {
	return &CrowdOptions{
		Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Recycled: 0.05, Family: 0.03, Tablet: 0.02, Masked: 0.10, Junk: 0.05, OneChannel: 0.20,
	}
}

// Validate returns every fault, each wrapping ErrOptions, or nil.
func (o *CrowdOptions) Validate() error {
	if o == nil {
		return nil
	}
	var errs []error
	share := func(field string, v, most float64) {
		if !(v >= 0 && v <= most) {
			errs = append(errs, optionError(field, "is not a share, or too large"))
		}
	}
	share("Recycled", o.Recycled, 0.2)
	share("Family", o.Family, 0.2)
	share("Tablet", o.Tablet, 0.2)
	share("Masked", o.Masked, 1)
	share("Junk", o.Junk, 1-min(1, max(0, o.Masked)))
	share("OneChannel", o.OneChannel, 1)
	if y := o.Start.UTC().Year(); y < 1 || y > 9000 || o.End.Before(o.Start.AddDate(1, 0, 0)) || o.End.UTC().Year() > 9000 {
		errs = append(errs, optionError("Start, End", "are not at least a year apart, in years 1 to 9000"))
	}
	return errors.Join(errs...)
}

// A Crowd is Chinese customers who meet a company in twelve channels, each with
// its own idea of who somebody is; and the truth about who they are. Records are
// made as they are ranged over, from a seed: nothing is stored. Safe for
// concurrent use.
//
// A person has a name and a mobile number, perhaps a second one, an e-mail
// address, a WeChat account, and accounts in the app, on the marketplaces and in
// the membership programme. Numbers change, are recycled and shared; fields are
// masked, made up and written in many forms. People are made in blocks of 100 in
// which the shares of recycled and family numbers and of tablets are exact.
//
// What is realistic is the shape of the trouble, not its statistics: people use
// channels independently, every touch records the same fields, errors are
// independent, and nobody's name is misspelt. Names are drawn from common family
// and given names, numbers and addresses are made up.
type Crowd struct {
	seed   uint64
	people int
	opts   CrowdOptions
}

// maxPeople keeps all numbers different.
const maxPeople = 100_000_000

// NewCrowd returns the crowd of a seed: 1 to 100 million people. Errors wrap
// ErrOptions.
func NewCrowd(seed uint64, people int, opts *CrowdOptions) (*Crowd, error) {
	err := opts.Validate()
	if people < 1 || people > maxPeople {
		err = errors.Join(optionError("people", "is not between 1 and 100 million"), err)
	}
	if err != nil {
		return nil, err
	}
	if opts == nil {
		opts = DefaultCrowd()
	}
	return &Crowd{seed: seed, people: people, opts: *opts}, nil
}

// A Record is what one channel recorded of somebody at one moment. Safe for
// concurrent reads.
type Record struct {
	// Channel is one of [CrowdChannels].
	Channel string
	// ID is the channel's own number of the record, unique in the channel.
	ID string
	// Time is in whole seconds, in UTC.
	Time time.Time
	// Name as written, empty where the channel has none.
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
)

// String returns the name in lower case.
func (o Origin) String() string {
	if int(o) >= len(originNames) {
		return "invalid"
	}
	return originNames[o]
}

var originNames = [...]string{"own", "recycled", "family", "tablet", "masked", "junk"}

// Evidence tells whether the mark is evidence of who the person is: it is whole,
// and the person's own at that time. A family number and a tablet are not.
func (m Mark) Evidence() bool { return m.Origin <= Recycled }

// CrowdChannels returns the twelve channels of a [Crowd]. The slice belongs to the
// caller.
func CrowdChannels() []string {
	names := make([]string, len(crowdChannels))
	for i, c := range crowdChannels {
		names[i] = c.name
	}
	return names
}

// Len returns the number of people.
func (c *Crowd) Len() int { return c.people }

// Records yields all records, person by person, those of a person by time. It can
// be used again. Cost: some microseconds a record, a few kilobytes in all.
func (c *Crowd) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for p := range c.people {
			for _, r := range c.Person(p + 1) {
				if !yield(r) {
					return
				}
			}
		}
	}
}
