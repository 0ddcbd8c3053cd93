package identity

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/store"
)

// Each reason, as the last observation answers it: what it is about, and the record of the
// customer that was not joined.
func TestRefused(t *testing.T) {
	rec := func(r string) Record { return shopRef(r).Record }
	email, err := normalize.Email(nil)
	require.NoError(t, err)
	for _, c := range []struct {
		reason Reason
		policy func(e *Entity)
		all    []Observation
		ruled  func(ctx context.Context, g *Graph) error // before the last
		want   string
	}{
		{
			reason: Conflict,
			all:    []Observation{onDay(0, "a", ident("phone", "1"), ident("member", "x")), onDay(1, "b", ident("phone", "1"), ident("member", "y"))},
			want:   "conflict phone by member with a",
		},
		{
			reason: Ambiguous,
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("account", "x")), onDay(1, "b", ident("phone", "1"), ident("account", "y")),
				onDay(2, "c", ident("phone", "1")),
			},
			want: "ambiguous phone with a",
		},
		{
			reason: TooMany,
			policy: func(e *Entity) { e.Types[1].Most = 2 },
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("member", "1")), onDay(1, "b", ident("phone", "1"), ident("member", "2")),
				onDay(2, "c", ident("phone", "1"), ident("member", "3")),
			},
			want: "too many phone by member with a",
		},
		{
			reason: TooMany, // by itself
			all:    []Observation{onDay(0, "a", ident("member", "x"), ident("member", "y"))},
			want:   "too many member by member",
		},
		{
			reason: Shared,
			policy: func(e *Entity) { e.Records = 2 },
			all:    []Observation{onDay(0, "a", ident("email", "office@163.com")), onDay(1, "b", ident("email", "office@163.com")), onDay(2, "c", ident("email", "office@163.com"))},
			want:   "shared email",
		},
		{
			reason: Passed,
			all: []Observation{
				onDay(0, "a", ident("phone", "1"), ident("email", "lihua@qq.com")), onDay(200, "b", ident("phone", "1"), ident("email", "lihua@163.com")),
			},
			want: "passed phone with a",
		},
		{
			reason: Unproven,
			all:    []Observation{onDay(0, "a", ident("account", "x")), onDay(1, "b", claimed("account", "x"))},
			want:   "unproven account",
		},
		{
			reason: Separated,
			all:    []Observation{onDay(0, "a", ident("phone", "1")), onDay(1, "b", ident("phone", "2")), onDay(2, "b", ident("phone", "1"))},
			ruled: func(ctx context.Context, g *Graph) error {
				return g.Separate(ctx, Ruling{ID: "s1", Actor: "li", Time: noon}, []Record{rec("a")}, []Record{rec("b")})
			},
			want: "separated phone with a",
		},
		{
			reason: Refused,
			all:    []Observation{onDay(0, "a", ident("email", "li***@qq.com"))},
			want:   "refused email being masked",
		},
	} {
		t.Run(c.want, func(t *testing.T) {
			p := DefaultPolicy()
			if c.policy != nil {
				c.policy(&p.Entities[0])
			}
			g, err := Open(t.Context(), new(store.Memory), p, &Options{Normalizers: map[string]normalize.Normalizer{"email": email}})
			require.NoError(t, err)
			last := len(c.all) - 1
			records := map[customer.ID]string{}
			for _, o := range c.all[:last] {
				r, err := g.Observe(t.Context(), o)
				require.NoError(t, err)
				if records[r.Customer] == "" {
					records[r.Customer] = o.Record
				}
			}
			if c.ruled != nil {
				require.NoError(t, c.ruled(t.Context(), g))
			}
			r, err := g.Observe(t.Context(), c.all[last])
			require.NoError(t, err)
			var said []string
			for _, f := range r.Refused {
				require.Equal(t, c.reason, f.Reason)
				text := fmt.Sprintf("%v %s", f.Reason, f.Type)
				if f.Limit != "" {
					text += " by " + f.Limit
				}
				if f.With != uuid.Nil {
					text += " with " + records[f.With]
				}
				if f.Field != 0 {
					text += fmt.Sprintf(" being %v", f.Field)
				}
				said = append(said, text)
			}
			require.Equal(t, []string{c.want}, said)
			again, err := g.Observe(t.Context(), c.all[last])
			require.NoError(t, err)
			require.Equal(t, r.Refused, again.Refused)
		})
	}
}

// What changes more customers than fit into a commit answers all of them.
func TestMergedInManyCommits(t *testing.T) {
	const n = 8
	g, err := Open(t.Context(), new(store.Memory), nil, &Options{bounds: bounds{changes: 1}})
	require.NoError(t, err)
	var phones []Identifier
	var customers []customer.ID
	for i := range n {
		phones = append(phones, ident("email", fmt.Sprint(i)))
		r, err := g.Observe(t.Context(), seenAt(fmt.Sprint(i), i, fmt.Sprint(i), phones[i]))
		require.NoError(t, err)
		customers = append(customers, r.Customer)
	}
	p := g.Policy()
	p.Entities[0].Types[6].Most = n
	_, err = g.Apply(t.Context(), p, nil)
	require.NoError(t, err)
	r, err := g.Observe(t.Context(), Observation{ID: "all", Source: "shop", Record: "all", Time: noon.Add(time.Hour), Identifiers: phones})
	require.NoError(t, err)
	require.Equal(t, customers[0], r.Customer)
	require.Equal(t, customers[1:], r.Merged)
}
