package subject_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

func TestHostile(t *testing.T) {
	ctx := t.Context()
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	var id customer.ID // the same of each
	var once sync.Once
	// open returns the subjects of a graph with two customers.
	open := func() (*subject.Subjects, *identity.Graph) {
		ctx := context.Background()
		s := new(store.Memory)
		who, err := identity.Open(ctx, s, nil, nil)
		require.NoError(t, err)
		for _, record := range []string{"one", "other"} {
			r, err := who.Observe(ctx, identity.Observation{
				ID: record, Source: "shop", Record: record, Time: at, Identifiers: []identity.Identifier{{Type: "account", Value: record, Proof: identity.Verified}},
			})
			require.NoError(t, err)
			once.Do(func() { id = r.Customer })
		}
		subjects, err := subject.Open(s, subject.Parts{Graph: who}, nil)
		require.NoError(t, err)
		return subjects, who
	}
	open()
	// kept makes sure that nobody else is touched.
	kept := func(who *identity.Graph) {
		if _, _, err := who.Lookup(context.Background(), identity.Record{Source: "shop", Record: "other"}); err != nil {
			panic(err)
		}
	}
	request := func() subject.Request {
		return subject.Request{ID: "case-1", Actor: "office", Ticket: "1024", Customer: id}
	}
	bad := map[string]any{
		"at zero": ": ", "at beyond": ": ", "request.ID empty": ": ", "request.ID bytes": ": ", "request.ID long": ": ", "request.Actor empty": ": ", "request.Actor bytes": ": ",
		"request.Ticket control": ": ",
	}

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(o *subject.Options) error {
				_, who := open()
				_, err := subject.Open(new(store.Memory), subject.Parts{Graph: who}, o)
				return err
			},
			Names: "options", Args: func() []any { return []any{&subject.Options{Prefix: []byte("s/")}} }, Expect: map[string]any{"options nil": hostiletest.OK},
		},
		"Subjects.Erase": {
			Call: func(ctx context.Context, at time.Time, r subject.Request) (int, error) {
				s, who := open()
				defer kept(who)
				e, err := (*subject.Subjects).Erase(s, ctx, at, r)
				if err != nil {
					return 0, err
				}
				return len(e.Atoms), nil
			},
			Names: "ctx at request", Args: func() []any { return []any{ctx, at.Add(time.Hour), request()} }, Expect: bad,
		},
		"Subjects.Export": {
			Call: func(ctx context.Context, at time.Time, r subject.Request) (int, error) {
				s, who := open()
				defer kept(who)
				var b bytes.Buffer
				_, err := (*subject.Subjects).Export(s, ctx, at, r, &b)
				return b.Len(), err
			},
			Names: "ctx at request", Args: func() []any { return []any{ctx, at.Add(time.Hour), request()} },
			Expect: map[string]any{"at zero": ": ", "request.Actor bytes": ": ", "request.ID bytes": ": "},
		},
		"Subjects.Erased": {
			Call: func(ctx context.Context, id string) error {
				s, _ := open()
				if _, err := s.Erase(context.Background(), at.Add(time.Hour), request()); err != nil {
					return err
				}
				_, err := (*subject.Subjects).Erased(s, ctx, id)
				return err
			},
			Names: "ctx id", Args: func() []any { return []any{ctx, "case-1"} }, Expect: map[string]any{"id": ": "},
		},
		"Subjects.Resume": {
			Call: func(ctx context.Context, at time.Time) (int, error) {
				s, who := open()
				defer kept(who)
				list, err := (*subject.Subjects).Resume(s, ctx, at)
				return len(list), err
			},
			Names: "ctx at", Args: func() []any { return []any{ctx, at.Add(time.Hour)} },
		},
		"Subjects.Prove": {
			Call: func(ctx context.Context, at time.Time, erasure *subject.Erasure) (int, error) {
				s, _ := open()
				if _, err := s.Erase(context.Background(), at, request()); err != nil {
					return 0, err
				}
				p, err := (*subject.Subjects).Prove(s, ctx, at, erasure)
				if err != nil {
					return 0, err
				}
				return p.Values, nil
			},
			Names: "ctx at erasure", Args: func() []any {
				return []any{ctx, at.Add(time.Hour), &subject.Erasure{ID: "case-1", Customer: id, At: at, Finished: at, Customers: []customer.ID{id}}}
			},
			Expect: map[string]any{"at zero": ": ", "erasure nil": subject.ErrUnknown},
		},
	})
}

var _ = hostiletest.Exceptions{"Proof.WriteText": "it takes a writer alone"}
