package integration

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
)

// BenchmarkIdentityObserve is the rate of Observe with 16 goroutines on one graph, or
// eight on each of two, as if in two processes. Of 500 customers, seen again and again,
// each observation has a record of its own, a phone number, one of two accounts and a
// device. Everything is sealed, and hashed under a key.
func BenchmarkIdentityObserve(b *testing.B) {
	for _, p := range places {
		if p.least {
			continue
		}
		for _, graphs := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/graphs=%d", p.name, graphs), func(b *testing.B) { benchObserve(b, p, graphs) })
		}
	}
}

func benchObserve(b *testing.B, p *place, graphs int) {
	const goroutines, customers = 16, 500
	if p.start != nil {
		p.start(b)
	}
	s, err := p.open(b.Context(), b.TempDir(), goroutines)
	require.NoError(b, err)
	defer s.Close()
	calls := &tally{}
	all := make([]*identity.Graph, graphs)
	for i := range all {
		all[i], err = graphAt(b.Context(), calls.observe(s), lenient())
		require.NoError(b, err)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range goroutines {
		group.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				if _, err := all[w%graphs].Observe(b.Context(), seen(i, i*7919%customers)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "observations/s")
	b.ReportMetric(float64(calls.Conflicts.Load())/float64(b.N), "conflicts/op")
	b.ReportMetric(float64(calls.Gets.Load())/float64(b.N), "gets/op")
}

// seen is the i-th observation, of a customer.
func seen(i, customer int) identity.Observation {
	return identity.Observation{
		ID: fmt.Sprint("event ", i), Source: "shop", Record: fmt.Sprint("order ", i), Time: decided.Add(time.Duration(i) * time.Second),
		Identifiers: []identity.Identifier{
			{Type: "phone", Value: fmt.Sprintf("+86138%08d", customer), Proof: identity.Verified},
			{Type: "account", Scope: []string{"app", "web"}[i%2], Value: fmt.Sprint(customer), Proof: identity.Verified},
			{Type: "device", Value: fmt.Sprintf("00000000-0000-4000-8000-%012d", customer)},
		},
	}
}
