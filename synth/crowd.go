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
	// Since and Until bound the times of records, [Since, Until), at least a year.
	Since, Until time.Time
	// Recycled is the share of people whose number belonged to another customer
	// until at least 90 days before they got it. At most 0.2.
	Recycled float64
	// Family is the share of people who give the number of a relative, who is a
	// customer too. At most 0.2.
	Family float64
	// Tablet is the share of people who use the app on a tablet of the shop, two
	// and two on the same, beside their own phone. At most 0.2.
	Tablet float64
	// Masked and Junk are shares of all names, numbers and addresses that are typed
	// or shown, rather than kept by a login: with stars in the middle, and made up
	// because a field had to be filled. Their sum is at most 1.
	Masked, Junk float64
	// OneChannel is the share of people who only ever use one channel. At most 1.
	OneChannel float64
	// Misspelt is the share of all names of which a character is another one. At most 1.
	Misspelt float64
	// Gifts is the share of orders that go to another customer, with that one's name
	// and number on them. At most 1.
	Gifts float64
	// Frequency scales how often people are met, which is at 1 as [Crowd] says; at 0
	// it is once in each channel they use. At most 100.
	Frequency float64
}

// DefaultCrowd returns the options of a nil [CrowdOptions]: 2024 and 2025 in UTC,
// 5% recycled numbers, 3% family numbers, 2% tablets, 10% masked and 5% junk
// values, 20% in one channel only, frequency 1: some 36 records a person. No name is
// misspelt and there are no gifts.
func DefaultCrowd() *CrowdOptions {
	return &CrowdOptions{
		Since: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Recycled: 0.05, Family: 0.03, Tablet: 0.02, Masked: 0.10, Junk: 0.05, OneChannel: 0.20, Frequency: 1,
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
	share("Misspelt", o.Misspelt, 1)
	share("Gifts", o.Gifts, 1)
	if !(o.Frequency >= 0 && o.Frequency <= 100) {
		errs = append(errs, optionError("Frequency", "is not between 0 and 100"))
	}
	if y := o.Since.UTC().Year(); y < 1 || y > 9000 || o.Until.Before(o.Since.AddDate(1, 0, 0)) || o.Until.UTC().Year() > 9000 {
		errs = append(errs, optionError("Since, Until", "are not at least a year apart, in years 1 to 9000"))
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
// masked, made up and written in many forms; a new phone is a new device, and
// browsers lose their cookies twice a year. People are made in blocks of 100 in
// which the shares of recycled and family numbers and of tablets are exact.
//
// # How often
//
// In a year, somebody of mean activity is met in a channel they use: in the app 15
// times, in the first mini-program and on the website 12, by the official account
// 8, in the second mini-program 6, in the store and on Tmall 4, on JD, Douyin and
// WeCom 3, by the call centre 0.7 and by after-sales 0.5 times, at random times.
// Activity is a person's own: log-normal with mean 1 and σ 0.8, cut off at 0.1 and
// 5. A channel somebody uses has at least one record. With [DefaultCrowd] that is
// some 36 records a person, 150 and more for 3 in 100.
//
// A quarter of what is done in the app and the first mini-program, a fifth in the
// second, an eighth on the website and all on the marketplaces are orders, with the
// name and number of who receives them. People of the company (store, call centre,
// WeCom, after-sales) write names down. A quarter in the app and more than half on
// the website is without login, and has a device or a cookie alone. A tablet of the
// shop has 12 logins a year, and after each up to two records without account: they
// are of who logged in last.
//
// # What is realistic, and what is not
//
// The shape of the trouble is realistic, not its statistics. People use channels
// independently and at an even rate, nobody comes or leaves, and errors are
// independent. A new number is at once told to all channels, and the old one is not
// used by its new owner for 90 days. A relative's number is given with orders and to
// people, and is never verified by who borrows it; six of ten relatives have the
// family name in common. Nobody has two accounts in one channel, signs in with
// another's account, changes their name or sells a device; all gifts of one person
// go to one other. Names are drawn from common family and given names, numbers and
// addresses are made up. The frequencies are judgements.
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
// be used again. Cost: some microseconds a record; the records of one person are in memory.
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
