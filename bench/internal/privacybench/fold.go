package privacybench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

const (
	traits    = 30
	atomsEach = 5 // of a customer
)

func personal() *profile.Schema {
	s := &profile.Schema{Location: "Asia/Shanghai", Sources: []profile.Source{{Name: "crm"}, {Name: "shop"}}}
	for i := range traits {
		s.Traits = append(s.Traits, profile.Trait{Name: "trait_" + strconv.Itoa(i), Kind: customer.KindText, Sensitivity: profile.Personal})
	}
	return s
}

// said is what is known of n customers: each atom has some of the traits, or all.
func said(n int, all bool) iter.Seq[profile.Evidence] {
	return func(yield func(profile.Evidence) bool) {
		for c := range n {
			for a := range atomsEach {
				e := profile.Evidence{
					Atom: atomOf(atomsEach*c + a), ID: strconv.Itoa(a), Source: []string{"crm", "shop"}[a%2],
					Time: begin.Add(time.Duration(a) * time.Hour),
				}
				for i := range traits {
					if all || i%atomsEach == a {
						e.Values = append(e.Values, customer.Field{Name: "trait_" + strconv.Itoa(i), Value: customer.TextValue(fmt.Sprintf("value %04d %02d %d", c, i, a))})
					}
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// feed begins customers of some atoms each. Safe for concurrent reads.
type feed struct {
	n    int
	head customer.Cursor
}

func newFeed(n int) *feed {
	f := &feed{n: n}
	for i := range n {
		f.head[customer.ShardOf(customerOf(i))]++
	}
	return f
}

func customerOf(i int) customer.ID { return customer.FromInt64(int64(i) + 1) }

// Head implements customer.Feed.
func (f *feed) Head(context.Context) (customer.Cursor, error) { return f.head, nil }

// Changes implements customer.Feed.
func (f *feed) Changes(ctx context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		var at customer.Cursor
		for i := range f.n {
			id := customerOf(i)
			shard := customer.ShardOf(id)
			if at[shard]++; at[shard] <= after[shard] {
				continue
			}
			c := customer.Change{Shard: shard, Seq: at[shard], Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id, At: begin}
			for a := range atomsEach {
				c.Atoms = append(c.Atoms, atomOf(atomsEach*i+a))
			}
			if !yield(c, ctx.Err()) {
				return
			}
		}
	}
}

// fold asks for the profiles of customers, sealed and not.
func (u *suite) fold(ctx context.Context) error {
	for _, all := range []bool{false, true} {
		what, most := fmt.Sprintf("%d traits, %d said of each of %d atoms", traits, traits/atomsEach, atomsEach), 40.0
		if all {
			what, most = fmt.Sprintf("%d traits, all said of each of %d atoms", traits, atomsEach), 0
		}
		if err := u.foldOf(ctx, what, most, all); err != nil {
			return err
		}
	}
	return nil
}

func (u *suite) foldOf(ctx context.Context, what string, most float64, all bool) error {
	n := u.options.Customers
	name := fmt.Sprintf("privacy: %d profiles, %s", n, what)
	if !u.session.Wants(name) {
		return nil
	}
	var atHand, cached time.Duration
	task := &harness.Task[[32]byte]{Name: name, Compare: equal[[32]byte]}
	for _, kind := range []struct {
		label string
		keys  *seal.Options
		best  *time.Duration
	}{
		{libraryName, &seal.Options{Cache: atomsEach * n}, &atHand},
		{libraryName + ", default key cache", &seal.Options{}, &cached},
		{libraryName + ", nothing sealed", nil, new(time.Duration)},
	} {
		var p *profile.Profiles
		task.Peers = append(task.Peers, &harness.Way[[32]byte]{
			Label: kind.label,
			Before: func(ctx context.Context) (err error) {
				p, err = profiles(ctx, n, all, kind.keys)
				return err
			},
			Do: func(ctx context.Context) (harness.Cost, error) {
				return least(kind.best, func() (harness.Cost, error) {
					return harness.Clock(func() error { return asked(ctx, p, n, func(*profile.Profile) error { return nil }) })
				})
			},
			Result: func() (sum [32]byte, err error) {
				var text bytes.Buffer
				encode := json.NewEncoder(&text)
				err = asked(ctx, p, n, func(one *profile.Profile) error { return encode.Encode(one) })
				return sha256.Sum256(text.Bytes()), err
			},
		})
	}
	if err := harness.Measure(ctx, u.session, task); err != nil {
		return err
	}
	if err := u.figure("A profile, "+what+", sealed, keys at hand", atHand, n, time.Microsecond, most); err != nil {
		return err
	}
	return u.figure("A profile, "+what+", sealed, default key cache", cached, n, time.Microsecond, 0)
}

// profiles makes those of n customers; without options for the keys nothing is sealed.
func profiles(ctx context.Context, n int, all bool, keys *seal.Options) (*profile.Profiles, error) {
	s, o := new(store.Memory), &profile.Options{Workers: 1}
	if keys != nil {
		w, err := seal.NewLocal(secret(0))
		if err != nil {
			return nil, err
		}
		if o.Vault, err = seal.NewVault(s, w, keys); err != nil {
			return nil, err
		}
		if o.Index, err = seal.NewIndex(seal.IndexKey{Version: 1, Key: secret(1)}); err != nil {
			return nil, err
		}
	}
	p, err := profile.Open(ctx, s, personal(), o)
	if err != nil {
		return nil, err
	}
	if _, err := p.AddMany(ctx, begin, said(n, all), nil); err != nil {
		return nil, err
	}
	_, err = p.Sync(ctx, begin, newFeed(n))
	return p, err
}

// asked asks for each profile.
func asked(ctx context.Context, p *profile.Profiles, n int, each func(*profile.Profile) error) error {
	m := profile.Moment{At: begin.AddDate(0, 1, 0)}
	for i := range n {
		one, err := p.Profile(ctx, customerOf(i), m)
		if err != nil {
			return err
		}
		if len(one.Traits) != traits {
			return errors.New("a profile without some of its traits")
		}
		if err := each(one); err != nil {
			return err
		}
	}
	return nil
}
