package synth_test

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

func newCrowd(t testing.TB, seed uint64, people int, o *synth.CrowdOptions) *synth.Crowd {
	c, err := synth.NewCrowd(seed, people, o)
	require.NoError(t, err)
	return c
}

func TestCrowdIsAFunctionOfItsSeed(t *testing.T) {
	a, b := newCrowd(t, 5, 120, nil), newCrowd(t, 5, 120, nil)
	all := slices.Collect(a.Records())
	require.Equal(t, all, slices.Collect(b.Records()))
	require.Equal(t, all, slices.Collect(a.Records()), "it can be used again")
	require.NotEqual(t, all, slices.Collect(newCrowd(t, 6, 120, nil).Records()))
	person := 0
	for i, r := range all {
		if r.Person != person {
			person = r.Person
			require.Equal(t, a.Person(person), all[i:i+len(a.Person(person))])
		}
	}
	require.Equal(t, 120, person)
}

func TestCrowdShares(t *testing.T) {
	race.Skip(t)
	const people = 2000
	o := synth.DefaultCrowd()
	c := newCrowd(t, 1, people, nil)
	channels, ids := map[string]int{}, map[string]bool{}
	origins := map[synth.Origin]int{}
	special := map[synth.Origin]map[int]bool{synth.Recycled: {}, synth.Family: {}, synth.Tablet: {}}
	uses := map[int]map[string]bool{}
	typed, names, masked, junk := 0, 0, 0, 0
	for r := range c.Records() {
		channels[r.Channel]++
		require.False(t, ids[r.ID])
		ids[r.ID] = true
		require.False(t, r.Time.Before(o.Since))
		require.True(t, r.Time.Before(o.Until))
		if uses[r.Person] == nil {
			uses[r.Person] = map[string]bool{}
		}
		uses[r.Person][r.Channel] = true
		if r.Name != "" {
			names++
			if strings.ContainsAny(r.Name, "*") || strings.HasSuffix(r.Name, "先生") || strings.HasSuffix(r.Name, "女士") {
				masked++
			} else if slices.Contains([]string{"无", "匿名", "null", "未知", "顾客", "-"}, r.Name) {
				junk++
			}
		}
		for _, m := range r.Fields {
			origins[m.Origin]++
			if people := special[m.Origin]; people != nil {
				people[r.Person] = true
			}
			whole := m.Origin != synth.Masked && m.Origin != synth.Junk
			require.Equal(t, whole, m.Meaning != "")
			require.False(t, m.Verified && !whole)
			if m.Type == "email" || m.Type == "phone" && !m.Verified {
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
	near("masked names", float64(masked)/float64(names), o.Masked, float64(names))
	near("junk names", float64(junk)/float64(names), o.Junk, float64(names))
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

// TestCrowdForms: numbers are written in many forms, and one WeChat account has an OpenID
// of its own in each app.
func TestCrowdForms(t *testing.T) {
	forms, scopes := map[string]bool{}, map[string]map[string]string{}
	shape := func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return 'd'
		case r >= '０' && r <= '９':
			return 'ｄ'
		}
		return r
	}
	for r := range newCrowd(t, 10, 300, nil).Records() {
		union := slices.IndexFunc(r.Fields, func(m synth.Mark) bool { return m.Type == "unionid" })
		for _, m := range r.Fields {
			if m.Type == "phone" && m.Meaning != "" && !m.Verified {
				forms[strings.Map(shape, m.Value)] = true
			}
			if m.Type == "openid" && union >= 0 {
				id := r.Fields[union].Meaning
				if scopes[id] == nil {
					scopes[id] = map[string]string{}
				}
				if known := scopes[id][m.Scope]; known != "" {
					require.Equal(t, known, m.Meaning)
				}
				scopes[id][m.Scope] = m.Meaning
			}
		}
	}
	require.Len(t, forms, 11)
	several := 0
	for _, apps := range scopes {
		if len(apps) > 1 {
			several++
		}
		ids := map[string]bool{}
		for _, id := range apps {
			ids[id] = true
		}
		require.Len(t, ids, len(apps))
	}
	require.Greater(t, several, 30)
}

// TestCrowdTruth: who shares what with whom is as the origins say.
func TestCrowdTruth(t *testing.T) {
	race.Skip(t)
	c := newCrowd(t, 2, 2000, nil)
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

// TestCrowdFrequency: people are met as often as the documentation says.
func TestCrowdFrequency(t *testing.T) {
	race.Skip(t)
	yearly := map[string]float64{
		"store": 4, "app": 15, "mini-program": 12, "mini-program-2": 6, "official-account": 8, "website": 12,
		"call-centre": 0.7, "tmall": 4, "jd": 3, "douyin": 3, "wecom": 3, "after-sales": 0.5,
	}
	require.Len(t, yearly, 12)
	const people, years = 2000, 2
	for _, frequency := range []float64{0, 1} {
		o := synth.DefaultCrowd()
		o.Frequency, o.Tablet = frequency, 0
		c := newCrowd(t, 4, people, o)
		users, records, squares := map[string]float64{}, map[string]float64{}, map[string]float64{}
		all, anonymous, often := 0, 0, 0
		for p := 1; p <= people; p++ {
			met := map[string]float64{}
			mine := c.Person(p)
			for _, r := range mine {
				met[r.Channel]++
				if r.Channel == "app" && !slices.ContainsFunc(r.Fields, func(m synth.Mark) bool { return m.Type == "account" }) {
					require.Len(t, r.Fields, 1)
					anonymous++
				}
			}
			for channel, n := range met {
				users[channel]++
				records[channel] += n
				squares[channel] += n * n
			}
			all += len(mine)
			if len(mine) >= 150 {
				often++
			}
		}
		require.Greater(t, anonymous, int(records["app"]/5))
		if frequency == 0 {
			for _, channel := range synth.CrowdChannels() {
				require.Equal(t, users[channel], records[channel])
			}
			continue
		}
		require.InDelta(t, 36, float64(all)/people, 2)
		require.InDelta(t, 0.03, float64(often)/people, 0.005)
		for channel, n := range users {
			mean := records[channel] / n
			deviation := math.Sqrt((squares[channel]/n - mean*mean) / n)
			// The least is one record, and the activity is cut off.
			require.InDelta(t, max(yearly[channel]*years, 1), mean, 4*deviation+0.05*mean+0.5, channel)
		}
	}
}

// TestCrowdTablets: of who is on a tablet without account is known who logged in
// last, and both people log in.
func TestCrowdTablets(t *testing.T) {
	o := synth.DefaultCrowd()
	o.Tablet = 0.2
	type use struct {
		at     time.Time
		person int
		login  bool
	}
	tablets := map[string][]use{}
	for r := range newCrowd(t, 5, 500, o).Records() {
		for _, m := range r.Fields {
			if m.Origin == synth.Tablet {
				require.Equal(t, "app", r.Channel)
				require.Empty(t, r.Name)
				tablets[m.Meaning] = append(tablets[m.Meaning], use{r.Time, r.Person, len(r.Fields) == 2})
			}
		}
	}
	require.Len(t, tablets, 50)
	for _, uses := range tablets {
		slices.SortFunc(uses, func(a, b use) int { return a.at.Compare(b.at) })
		last, people, anonymous := 0, map[int]bool{}, 0
		for _, u := range uses {
			if u.login {
				last = u.person
				people[last] = true
			} else {
				anonymous++
			}
			require.Equal(t, last, u.person)
		}
		require.Len(t, people, 2)
		require.Positive(t, anonymous)
	}
}

// TestCrowdGifts: a gift has the name and number of one other customer, and the
// account of who sends it.
func TestCrowdGifts(t *testing.T) {
	o := synth.DefaultCrowd()
	o.Recycled, o.Family, o.Masked, o.Junk, o.Gifts = 0, 0, 0, 0, 0.25
	c := newCrowd(t, 7, 300, o)
	staff := []string{"store", "call-centre", "wecom", "after-sales"}
	owner, name := map[string]int{}, map[int]string{}
	orders, gifts := 0, 0
	friends := map[int]map[int]bool{}
	for pass := range 2 {
		for r := range c.Records() {
			for _, m := range r.Fields {
				switch {
				case m.Type != "phone":
					require.NotEqual(t, synth.Gift, m.Origin)
				case pass == 0 && m.Origin == synth.Own:
					owner[m.Meaning] = r.Person
					if r.Name != "" {
						name[r.Person] = strings.ReplaceAll(r.Name, " ", "")
					}
				case pass == 1 && r.Name != "" && !slices.Contains(staff, r.Channel):
					orders++
					if m.Origin != synth.Gift {
						continue
					}
					gifts++
					require.False(t, m.Evidence())
					if friend := owner[m.Meaning]; friend > 0 {
						require.NotEqual(t, r.Person, friend)
						if name[friend] != "" {
							require.Equal(t, name[friend], strings.ReplaceAll(r.Name, " ", ""))
						}
						if friends[r.Person] == nil {
							friends[r.Person] = map[int]bool{}
						}
						friends[r.Person][friend] = true
					}
				}
			}
		}
	}
	require.InDelta(t, 0.25, float64(gifts)/float64(orders), 4*math.Sqrt(0.25*0.75/float64(orders)))
	require.Greater(t, len(friends), 50)
	for _, f := range friends {
		require.Len(t, f, 1)
	}
}

// TestCrowdMisspelt: a misspelt name differs in one character.
func TestCrowdMisspelt(t *testing.T) {
	right := synth.DefaultCrowd()
	right.Masked, right.Junk = 0, 0
	wrong := *right
	wrong.Misspelt = 1
	a, b := newCrowd(t, 8, 100, right), newCrowd(t, 8, 100, &wrong)
	for p := 1; p <= 100; p++ {
		name := ""
		for _, r := range a.Person(p) {
			name = cmp.Or(name, strings.ReplaceAll(r.Name, " ", ""))
		}
		for _, r := range b.Person(p) {
			if r.Name == "" || name == "" {
				continue
			}
			x, y := []rune(name), []rune(r.Name)
			require.Len(t, y, len(x))
			require.Equal(t, x[:len(x)-1], y[:len(y)-1])
			require.NotEqual(t, x[len(x)-1], y[len(y)-1])
		}
	}
}

// TestCrowdChangesNumbers: accounts outlive numbers, and show one at a time.
func TestCrowdChangesNumbers(t *testing.T) {
	c := newCrowd(t, 6, 500, nil)
	changed := 0
	for p := 1; p <= c.Len(); p++ {
		var numbers []string // in order, repetitions left out
		accounts := map[string]map[string]bool{}
		for _, r := range c.Person(p) {
			number := ""
			for _, m := range r.Fields {
				if m.Type == "phone" && m.Meaning != "" {
					number = m.Meaning
				}
			}
			if number == "" {
				continue
			}
			if len(numbers) == 0 || numbers[len(numbers)-1] != number {
				numbers = append(numbers, number)
			}
			for _, m := range r.Fields {
				if m.Type == "account" || m.Type == "openid" || m.Type == "buyer" {
					key := m.Type + m.Scope + m.Value
					if accounts[key] == nil {
						accounts[key] = map[string]bool{}
					}
					accounts[key][number] = true
				}
			}
		}
		require.LessOrEqual(t, len(numbers), 2)
		for _, seen := range accounts {
			if len(seen) == 2 {
				changed++
			}
		}
	}
	require.Greater(t, changed, 50)
}

// TestCrowdParts computes the parts by joining records until nothing changes.
func TestCrowdParts(t *testing.T) {
	c := newCrowd(t, 3, 70, nil)
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
	few := synth.DefaultCrowd()
	few.Frequency = 0
	for people := 1; people < 60; people++ {
		for r := range newCrowd(t, uint64(people), people, few).Records() {
			require.LessOrEqual(t, r.Person, people)
		}
	}
}

func TestCrowdWithoutTrouble(t *testing.T) {
	o := synth.DefaultCrowd()
	o.Recycled, o.Family, o.Tablet, o.Masked, o.Junk, o.OneChannel = 0, 0, 0, 0, 0, 0
	for r := range newCrowd(t, 1, 200, o).Records() {
		require.NotContains(t, r.Name, "*")
		for _, m := range r.Fields {
			require.Equal(t, synth.Own, m.Origin)
		}
	}
}

func TestCrowdOptions(t *testing.T) {
	_, err := synth.NewCrowd(1, 0, nil)
	require.ErrorIs(t, err, synth.ErrOptions)
	o := synth.CrowdOptions{Recycled: math.NaN(), Family: -1, Tablet: 0.3, Masked: 0.6, Junk: 0.5, OneChannel: 2, Frequency: -1, Misspelt: -1, Gifts: 2}
	_, err = synth.NewCrowd(1, 1, &o)
	for _, field := range []string{"Recycled", "Family", "Tablet", "Junk", "OneChannel", "Frequency", "Misspelt", "Gifts", "Since, Until"} {
		require.ErrorContains(t, err, field)
	}
	require.NotErrorIs(t, (*synth.CrowdOptions)(nil).Validate(), synth.ErrOptions)
	require.Panics(t, func() { newCrowd(t, 1, 5, nil).Person(6) })
}

func BenchmarkCrowd(b *testing.B) {
	c := newCrowd(b, 1, 1000, nil)
	records := 0
	for b.Loop() {
		for range c.Records() {
			records++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}
