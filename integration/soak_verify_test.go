package integration

import (
	"cmp"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// verify: all is as it is in a model of the deeds that were acknowledged, at a time by which
// all has happened. digest is of the members that the reader has.
func (x *soaking) verify(t *testing.T, at time.Time, digest string) {
	ctx := t.Context()
	s, err := x.open(ctx, x.dir, 8)
	require.NoError(t, err)
	defer s.Close()
	g, p, err := soakParts(ctx, s)
	require.NoError(t, err)
	m := newSoakModel(slices.Sorted(maps.Keys(x.done)), at)

	// Customers: who has which observations.
	all, err := mapping(ctx, g)
	require.NoError(t, err)
	type known struct {
		id           customer.ID
		observations []string
	}
	there := make([]known, len(all))
	for i, c := range all {
		there[i].id = c.ID
		for o, err := range g.Observations(ctx, c.ID) {
			require.NoError(t, err)
			there[i].observations = append(there[i].observations, o.ID)
		}
		slices.Sort(there[i].observations)
	}
	slices.SortFunc(there, func(a, b known) int { return slices.Compare(a.observations, b.observations) })
	byID := map[customer.ID]*soakCustomer{}
	for i, c := range m.customers {
		require.Less(t, i, len(there))
		require.Equal(t, c.observations, there[i].observations)
		byID[there[i].id] = c
	}
	require.Equal(t, len(m.customers), len(there))

	// Profiles: folded from scratch, as rows, and as the index has them.
	sets, err := store.Prefixed(s, []byte(soakSets))
	require.NoError(t, err)
	live := openSegments(t, sets)
	defer func() { require.NoError(t, live.Close(ctx)) }()
	n := 0
	for one, err := range p.All(ctx, profile.Moment{At: at}) {
		require.NoError(t, err)
		c := byID[one.Customer]
		require.NotNil(t, c)
		for _, tag := range soakIndexTags {
			require.Equal(t, text(t, c.values[tag.Name]), text(t, one.Value(tag.Name)), "%s of %v", tag.Name, c.observations)
		}
		n++
	}
	require.Equal(t, len(m.customers), n)
	var l ledger
	require.NoError(t, l.begin(ctx, p))
	require.Equal(t, n, len(l.rows))
	require.Equal(t, n, live.Snapshot().Len())
	for id, c := range byID {
		row := map[string]customer.Value{}
		fields, err := live.Snapshot().Row(ctx, id)
		require.NoError(t, err)
		for _, f := range fields {
			row[f.Name] = f.Value
		}
		for _, tag := range soakIndexTags {
			want := text(t, c.values[tag.Name])
			require.Equal(t, want, text(t, l.rows[id][tag.Name]), "%s in the row of %v", tag.Name, id)
			require.Equal(t, want, text(t, row[tag.Name]), "%s in the index of %v", tag.Name, id)
		}
	}

	x.verifySegments(t, live, byID, at)
	x.verifyNotices(t, live, digest)
	x.note("in the end: %d customers, %d deeds acknowledged", n, len(x.done))
	x.weigh(t, s)
}

func openSegments(t *testing.T, s store.Store) *segment.Live {
	t.Helper()
	live, err := segment.OpenLive(t.Context(), s, &segment.OpenOptions{
		Live: segment.LiveOptions{Location: time.UTC, Keep: soakKeep}, Clock: time.Now, Owner: "test",
	})
	require.NoError(t, err)
	return live
}

// verifySegments: the members are those for whom the rules hold.
func (x *soaking) verifySegments(t *testing.T, live *segment.Live, all map[customer.ID]*soakCustomer, at time.Time) {
	ctx := t.Context()
	definitions := live.Definitions()
	require.Len(t, definitions, len(soakSegments()))
	version := 0
	for _, d := range definitions {
		if d.Definition.Name == "big" {
			version = d.Number
		}
	}
	for _, d := range definitions {
		name := d.Definition.Name
		members, err := membersOf(ctx, live, name)
		require.NoError(t, err)
		set, err := live.HeldOut(ctx, name)
		require.NoError(t, err)
		held, err := idsOf(ctx, live, set)
		require.NoError(t, err)
		entering, missing := 0, 0
		for id, c := range all {
			enters, stays := c.holds(name, at, version)
			if enters {
				entering++
				if !members[id] && !held[id] {
					missing++
				}
			}
			require.True(t, stays || !members[id] && !held[id], "%v is a member of %s, and must not be", id, name)
			require.False(t, members[id] && held[id])
		}
		if name == "capped" {
			require.Equal(t, min(soakCap, entering), len(members))
		} else {
			require.Zero(t, missing, "of %d customers who are to be members of %s", entering, name)
		}
		if name != "held" {
			require.Empty(t, held)
		}
		size, err := live.Len(name)
		require.NoError(t, err)
		require.Equal(t, len(members), size)
		x.note("segment %s, version %d: %d members", name, d.Number, size)
	}
}

// verifyNotices: the tool outside has every notice, and they lead to the members; so do
// those that are still kept, and they are the same.
func (x *soaking) verifyNotices(t *testing.T, live *segment.Live, digest string) {
	ctx := t.Context()
	c := &x.campaign
	c.mu.Lock()
	defer c.mu.Unlock()
	require.NoError(t, c.fault)
	f := x.folded(t, len(c.told))
	require.NoError(t, f.agree(ctx, live))
	require.Equal(t, f.digest(), digest, "of the reader")
	require.True(t, slices.IsSortedFunc(c.told, func(a, b segment.Notice) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Number, b.Number)) }))
	after := uint64(max(0, len(c.told)-soakKeep))
	kept := 0
	for n, err := range live.Notices(ctx, after) {
		require.NoError(t, err)
		require.Equal(t, c.told[n.Number-1], n)
		kept++
	}
	require.Equal(t, len(c.told)-int(after), kept)
}

// folded returns the members that follow from so many notices.
func (x *soaking) folded(t *testing.T, n int) *fold {
	f := &fold{members: map[string]map[customer.ID]bool{}}
	for _, d := range soakSegments() {
		f.members[d.Name] = map[customer.ID]bool{} // it began with nobody
	}
	require.NoError(t, f.take(x.campaign.told[:n]))
	return f
}

// verifyBackup: the backup, which was begun when the tool had so many notices, has the
// members and notices of a moment after that.
func (x *soaking) verifyBackup(t *testing.T, told int) {
	ctx := t.Context()
	s, err := openBackup(ctx, x.name, x.dir)
	require.NoError(t, err)
	defer s.Close()
	live := openSegments(t, s)
	last := told
	for n, err := range live.Notices(ctx, uint64(told)) {
		require.NoError(t, err)
		require.Equal(t, x.campaign.told[last], n)
		last++
	}
	require.NoError(t, x.folded(t, last).agree(ctx, live))
	_, err = live.Advance(ctx, live.At().Add(day)) // it goes on
	require.NoError(t, err)
	require.NoError(t, live.Close(ctx))
}

// weigh tells how many keys the parts of the store have, and how large they are.
func (x *soaking) weigh(t *testing.T, s store.Store) {
	for _, part := range []string{soakWho, soakWhat, soakSets, soakHow} {
		keys, bytes := 0, 0
		for e, err := range s.Scan(t.Context(), store.Under([]byte(part))) {
			require.NoError(t, err)
			keys++
			bytes += len(e.Key) + len(e.Value)
		}
		x.note("in the store, under %s: %d keys, %.1f MiB", part, keys, float64(bytes)/(1<<20))
	}
}
