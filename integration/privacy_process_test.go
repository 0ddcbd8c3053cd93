package integration

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// outcome is what is known of each visit: the profile of the customer, without the id, what was chosen, and what is allowed.
func (o *office) outcome(t *testing.T) map[visit]string {
	t.Helper()
	ctx := t.Context()
	all := map[visit]string{}
	for v := range visit(visits) {
		id, atom, err := o.graph.Lookup(ctx, identity.Record{Source: "shop", Record: v.name()})
		if v.leaves() {
			require.ErrorIs(t, err, identity.ErrErased, v)
			continue
		}
		require.NoError(t, err, v)
		one, err := o.profiles.Profile(ctx, id, profile.Moment{At: decided})
		require.NoError(t, err, v)
		one.Customer, one.Known = customer.ID{}, time.Time{}
		d, err := o.consents.Allowed(ctx, decided.Add(100*time.Hour), id, "offers", "")
		require.NoError(t, err, v)
		all[v] = text(t, one) + d.Reason.String()
		for r, err := range o.consents.History(ctx, atom) {
			require.NoError(t, err)
			all[v] += "\n" + text(t, r)
		}
	}
	return all
}

// logged checks the log, and that it has what the visits did: each choice once, each visit, view and erasure at least once.
func (o *office) logged(t *testing.T, trusted []audit.Checkpoint) {
	t.Helper()
	ctx := t.Context()
	_, _, err := o.log.Seal(ctx, decided)
	require.NoError(t, err)
	found, err := o.log.Verify(ctx, &audit.VerifyOptions{Verifier: o.public, Trusted: trusted})
	require.NoError(t, err)
	require.NoError(t, found.Err())
	entries := map[string]int{}
	for e, err := range o.log.Entries(ctx, nil) {
		require.NoError(t, err)
		ticket := ""
		for _, d := range e.Details {
			if e.Action == "access.view" && d.Name == "ticket" {
				ticket = d.Text
			}
		}
		require.Equal(t, audit.Done, e.Outcome, "%v", e)
		entries[e.Action+" "+e.Object+ticket]++
	}
	for v := range visit(visits) {
		for _, c := range v.choices(customer.AtomID{}) {
			require.Equal(t, 1, entries["consent."+c.Choice.String()+" "+c.ID])
			delete(entries, "consent."+c.Choice.String()+" "+c.ID)
		}
		some := []string{"visit " + v.name(), "access.view " + v.name()}
		if v.leaves() {
			request := v.request(customer.ID{}).ID
			for _, once := range []string{"subject.erase ", "subject.erased "} {
				require.Equal(t, 1, entries[once+request])
			}
			some = append(some, "subject.erase "+request, "subject.erased "+request, "subject.prove "+request)
		}
		for _, name := range some {
			require.Positive(t, entries[name], name)
			delete(entries, name)
		}
	}
	require.Empty(t, entries, "of nothing else")
}

// proven: nothing is left of those who left.
func (o *office) proven(t *testing.T) {
	t.Helper()
	for v := visit(0); v < visits; v += 6 {
		e, err := o.subjects.Erased(t.Context(), v.request(customer.ID{}).ID)
		require.NoError(t, err)
		p, err := o.subjects.Prove(t.Context(), decided, e)
		require.NoError(t, err)
		require.NoError(t, p.Err())
		require.Positive(t, p.Keys.Destroyed)
	}
}

// Two processes at once, in which people choose, are looked at by agents, and are erased, while others seal the log: one of the
// processes is killed again and again, and its work done by another. In the end the log verifies, from each checkpoint that
// was given away meanwhile; it has an entry for each choice and none without; and histories, profiles and what is allowed are those
// of an office in which everybody comes after the other. Of who left nothing is left.
func TestPrivacyProcesses(t *testing.T) {
	memory, err := officeAt(t.Context(), new(store.Memory), knowledge())
	require.NoError(t, err)
	for v := range visit(visits) {
		_, err := v.make(t.Context(), memory)
		require.NoError(t, err)
	}
	memory.proven(t)
	memory.logged(t, nil)
	want := memory.outcome(t)
	onPlaces(t, func(p *place) bool { return p.stays }, func(t *testing.T, p *place) {
		ctx := t.Context()
		dir := t.TempDir()
		open := func() (store.Store, *office) {
			s, err := p.open(ctx, dir, 8)
			require.NoError(t, err)
			o, err := officeAt(ctx, s, knowledge())
			require.NoError(t, err)
			return s, o
		}
		s, o := open()
		parts := 1
		var other sync.WaitGroup
		var otherErr, sealErr error
		var trusted []audit.Checkpoint
		sealing := make(chan struct{})
		if p.shared {
			parts = 2
			other.Go(func() {
				_, otherErr = (&errand{Place: p.name, Dir: dir, Part: 1, Parts: 2, Privacy: true}).send(ctx, nil)
			})
			go func() {
				defer close(sealing)
				sealErr = until(other.Wait, func() error {
					c, _, err := o.log.Seal(ctx, decided)
					if err == nil && c.Size > 0 {
						trusted = append(trusted, c)
					}
					return err
				})
			}()
		} else {
			close(sealing)
			require.NoError(t, s.Close())
		}
		acknowledged := map[int]bool{}
		mine := len(share(visits, 0, parts))
		for _, kill := range append(kills(t, 3, mine), nil) {
			r, err := (&errand{Place: p.name, Dir: dir, Part: 0, Parts: parts, Privacy: true}).send(ctx, kill)
			require.NoError(t, err)
			for i := range acknowledged {
				if known, again := r.done[i]; again {
					require.True(t, known, "visit %d was acknowledged and is gone", i)
				}
			}
			for i := range r.done {
				acknowledged[i] = true
			}
			t.Log(len(r.done), "visits made", r.other)
		}
		other.Wait()
		<-sealing
		require.NoError(t, errors.Join(otherErr, sealErr))
		if !p.shared {
			s, o = open()
		}
		_, err := o.subjects.Resume(ctx, decided)
		require.NoError(t, err)
		_, err = o.profiles.Sync(ctx, decided, o.graph)
		require.NoError(t, err)
		o.proven(t)
		o.logged(t, slices.Clip(trusted))
		agree(t, "outcome", want, o.outcome(t))
		require.Empty(t, traces(t, s, []byte(planted)), "names are sealed")
		t.Log(fmt.Sprint(len(trusted), " checkpoints were given away"))
		require.NoError(t, s.Close())
	})
}
