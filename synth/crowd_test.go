package synth_test

import (
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

func newCrowd(t testing.TB, seed uint64, people int, o *synth.CrowdOptions) *synth.Crowd {
	c, err := synth.NewCrowd(seed, people, o)
	require.NoError(t, err)
	return c
}

func TestCrowdIsAFunctionOfItsSeed(t *testing.T) {
	a, b := newCrowd(t, 5, 300, nil), newCrowd(t, 5, 300, nil)
	all := slices.Collect(a.Records())
	require.Equal(t, all, slices.Collect(b.Records()))
	require.Equal(t, all, slices.Collect(a.Records()), "it can be used again")
	require.NotEqual(t, all, slices.Collect(newCrowd(t, 6, 300, nil).Records()))
	person := 0
	for i, r := range all {
		if r.Person != person {
			person = r.Person
			require.Equal(t, a.Person(person), all[i:i+len(a.Person(person))])
		}
	}
	require.Equal(t, 300, person)
}

func TestCrowdShares(t *testing.T) {
	const people = 20_000
	o := synth.DefaultCrowd()
	c := newCrowd(t, 1, people, nil)
	channels, ids := map[string]int{}, map[string]bool{}
	origins := map[synth.Origin]int{}
	special := map[synth.Origin]map[int]bool{synth.Recycled: {}, synth.Family: {}, synth.Tablet: {}}
	uses := map[int]map[string]bool{}
	typed := 0
	for r := range c.Records() {
		channels[r.Channel]++
		require.False(t, ids[r.ID])
		ids[r.ID] = true
		require.False(t, r.Time.Before(o.Start))
		require.True(t, r.Time.Before(o.End))
		if uses[r.Person] == nil {
			uses[r.Person] = map[string]bool{}
		}
		uses[r.Person][r.Channel] = true
		for _, m := range r.Fields {
			origins[m.Origin]++
			if people := special[m.Origin]; people != nil {
				people[r.Person] = true
			}
			whole := m.Origin != synth.Masked && m.Origin != synth.Junk
			require.Equal(t, whole, m.Meaning != "")
			require.False(t, m.Verified && !whole)
			if m.Type == "email" || m.Type == "phone" && !slices.Contains([]string{"app", "mini-program"}, r.Channel) {
				typed++
			}
		}
	}
	require.Len(t, channels, 12)
	require.Equal(t, 12, len(synth.CrowdChannels()))
	for _, name := range synth.CrowdChannels() {
		require.Positive(t, channels[name], name)
	}
	near := func(what string, got, want, n float64) {
		t.Helper()
		require.InDelta(t, want, got, 4*math.Sqrt(want*(1-want)/n), what)
	}
	near("masked", float64(origins[synth.Masked])/float64(typed), o.Masked, float64(typed))
	near("junk", float64(origins[synth.Junk])/float64(typed), o.Junk, float64(typed))
	one := 0
	for _, u := range uses {
		if len(u) == 1 {
			one++
		}
	}
	near("one channel", float64(one)/people, o.OneChannel, people)
	// Who has a special number or device need not have shown it.
	require.LessOrEqual(t, len(special[synth.Recycled]), people/10, "those before and those after")
	require.Greater(t, len(special[synth.Recycled]), people/20)
	require.LessOrEqual(t, len(special[synth.Family]), people*6/100)
	require.Greater(t, len(special[synth.Family]), people*3/100)
	require.LessOrEqual(t, len(special[synth.Tablet]), people*2/100)
	require.Greater(t, len(special[synth.Tablet]), people/100)
}

// TestCrowdTruth: who shares what with whom is as the origins say.
func TestCrowdTruth(t *testing.T) {
	c := newCrowd(t, 2, 5000, nil)
	type use struct {
		person int
		origin synth.Origin
		at     time.Time
	}
	users := map[[3]string][]use{}
	mobile := regexp.MustCompile(`^\+861[3-9]\d{9}$`)
	for r := range c.Records() {
		for _, m := range r.Fields {
			if m.Meaning != "" {
				key := [3]string{m.Type, m.Scope, m.Meaning}
				users[key] = append(users[key], use{r.Person, m.Origin, r.Time})
			}
			if m.Type == "phone" && m.Meaning != "" {
				require.Regexp(t, mobile, m.Meaning)
			}
		}
	}
	recycled := 0
	for key, list := range users {
		people := map[int]bool{}
		origin := list[0].origin
		for _, u := range list {
			people[u.person] = true
			require.Equal(t, origin, u.origin, "%v", key[0])
		}
		switch origin {
		case synth.Own:
			require.Len(t, people, 1, "%v", key[0])
		default:
			require.LessOrEqual(t, len(people), 2)
		}
		if origin == synth.Recycled && len(people) == 2 {
			recycled++
			slices.SortFunc(list, func(a, b use) int { return a.at.Compare(b.at) })
			for i := 1; i < len(list); i++ {
				if list[i].person != list[i-1].person {
					require.GreaterOrEqual(t, list[i].at.Sub(list[i-1].at), 90*24*time.Hour)
					require.Equal(t, list[len(list)-1].person, list[i].person, "it changes hands once")
				}
			}
		}
	}
	require.Greater(t, recycled, 50)
}

// TestCrowdParts computes the parts by joining records until nothing changes.
func TestCrowdParts(t *testing.T) {
	c := newCrowd(t, 3, 1000, nil)
	several := 0
	for p := 1; p <= c.Len(); p++ {
		records := c.Person(p)
		part := make([]int, len(records))
		for i := range part {
			part[i] = i
		}
		for changed := true; changed; {
			changed = false
			for i := range records {
				for j := range records {
					joined := slices.ContainsFunc(records[i].Fields, func(a synth.Mark) bool {
						return a.Evidence() && slices.ContainsFunc(records[j].Fields, func(b synth.Mark) bool {
							return b.Evidence() && a.Type == b.Type && a.Scope == b.Scope && a.Meaning == b.Meaning
						})
					})
					if joined && part[i] != part[j] {
						part[i], part[j] = min(part[i], part[j]), min(part[i], part[j])
						changed = true
					}
				}
			}
		}
		for i := range records {
			require.Equal(t, p, records[i].Person)
			for j := range records {
				require.Equal(t, part[i] == part[j], records[i].Part == records[j].Part, "person %d", p)
			}
			if records[i].Part > 1 {
				several++
			}
		}
	}
	require.Positive(t, several)
}

func TestCrowdOfFew(t *testing.T) {
	for people := 1; people < 60; people++ {
		for r := range newCrowd(t, uint64(people), people, nil).Records() {
			require.LessOrEqual(t, r.Person, people)
		}
	}
}

func TestCrowdWithoutTrouble(t *testing.T) {
	o := synth.DefaultCrowd()
	o.Recycled, o.Family, o.Tablet, o.Masked, o.Junk, o.OneChannel = 0, 0, 0, 0, 0, 0
	for r := range newCrowd(t, 1, 500, o).Records() {
		for _, m := range r.Fields {
			require.Equal(t, synth.Own, m.Origin)
		}
	}
}

func TestCrowdOptions(t *testing.T) {
	_, err := synth.NewCrowd(1, 0, nil)
	require.ErrorIs(t, err, synth.ErrOptions)
	o := synth.CrowdOptions{Recycled: math.NaN(), Family: -1, Tablet: 0.3, Masked: 0.6, Junk: 0.5, OneChannel: 2}
	_, err = synth.NewCrowd(1, 1, &o)
	for _, field := range []string{"Recycled", "Family", "Tablet", "Junk", "OneChannel", "Start, End"} {
		require.ErrorContains(t, err, field)
	}
	require.NotErrorIs(t, (*synth.CrowdOptions)(nil).Validate(), synth.ErrOptions)
	require.Panics(t, func() { newCrowd(t, 1, 5, nil).Person(6) })
}

func BenchmarkCrowd(b *testing.B) {
	c := newCrowd(b, 1, 10_000, nil)
	records := 0
	for b.Loop() {
		for range c.Records() {
			records++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}
