package access

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// entriesOf are what a page shows, without times.
func entriesOf(t *Timeline) (all []string) {
	for _, e := range t.Entries {
		var line strings.Builder
		line.WriteString(e.Event)
		for i := range e.Fields {
			f := &e.Fields[i]
			shown := f.Reason.String()
			if v, err := f.Value(); err == nil {
				text, _ := v.Text()
				n, _ := v.Int64()
				shown = fmt.Sprint(text, n)
			} else if m, err := f.Masked(); err == nil {
				shown = "masked " + m.Text
			}
			line.WriteString(fmt.Sprintf(" %s=%s", f.Name, shown))
		}
		all = append(all, line.String())
	}
	return all
}

func TestTimeline(t *testing.T) {
	ctx := context.Background()
	everything := &profile.TimelineQuery{Statements: true}
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	show := func(by Reader, q *profile.TimelineQuery) *Timeline {
		t.Helper()
		page, err := g.Timeline(ctx, noon, by, id, profile.Moment{}, q)
		require.NoError(t, err)
		return page
	}
	page := show(agent, everything)
	require.Equal(t, []string{
		" name=masked 欧阳** phone=masked +86139****5670 illness=no grant", " city=广州0 interests=0", "order amount=100 what=masked ***",
	}, entriesOf(page))
	require.Empty(t, page.Next)
	require.Equal(t, []string{"order amount=100 what=planted pills0"}, entriesOf(show(manager, nil)))
	require.Equal(t, []string{"order amount=100 what=masked ***"}, entriesOf(show(agent, &profile.TimelineQuery{Limit: 1})))

	// Pages.
	var all []string
	for q := (profile.TimelineQuery{Statements: true, Limit: 1}); ; {
		page := show(agent, &q)
		all = append(all, entriesOf(page)...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	require.Equal(t, entriesOf(page), all)

	// Consent of one of two atoms, then of none.
	w.agree(atomOf(11), "1", noon, consent.Granted)
	page = show(marketer, everything)
	require.Equal(t, []string{" city=广州0 interests=no grant", "order amount=100 what=no grant"}, entriesOf(page))
	require.Equal(t, 1, page.Withheld)
	require.Equal(t, consent.InForce, page.Consent)
	w.agree(atomOf(11), "2", noon.Add(time.Minute), consent.Withdrawn)
	page, err := g.Timeline(ctx, noon.Add(time.Hour), offering, id, profile.Moment{}, everything)
	require.NoError(t, err)
	require.Empty(t, page.Entries)
	require.Equal(t, 3, page.Withheld)

	// The log has what was shown of what is personal, and what was refused.
	said := map[string]int{}
	for _, e := range w.entries() {
		require.Equal(t, ActionTimeline, e.Action)
		require.Equal(t, id, e.Customer)
		var line strings.Builder
		line.WriteString(e.Actor + " " + e.Outcome.String())
		for _, d := range e.Details {
			if d.Name != "role" && d.Name != "ticket" {
				line.WriteString(" " + d.Name + ": " + d.Text)
			}
		}
		said[line.String()]++
	}
	require.Equal(t, map[string]int{
		"emp-7 done masked: name, order.what, phone": 1, "emp-7 done masked: name, phone": 1, "emp-7 done masked: order.what": 2,
		"emp-1 done plain: order.what":    1,
		"emp-9 denied reason: no consent": 1, "emp-1 denied reason: no consent": 1,
	}, said)
	in, err := g.Inspect(ctx, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Equal(t, int64(4), in.Deeds[1+1].Views)
	require.Equal(t, int64(3), in.Deeds[1+1].Masked["order.what"])

	// What is not shown is not in the page, however it is printed or sent.
	page = show(agent, everything)
	data, err := json.Marshal(page)
	require.NoError(t, err)
	require.NotContains(t, string(data)+fmt.Sprintf("%v %+v", page, *page), "planted")
	require.NotContains(t, string(data), "13912345670")
	var back Timeline
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, entriesOf(page), entriesOf(&back))
}

func TestTimelineErrors(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	g := w.open(shopPolicy())
	ask := func(by Reader, id customer.ID, q *profile.TimelineQuery) error {
		page, err := g.Timeline(ctx, noon, by, id, profile.Moment{}, q)
		require.True(t, (page == nil) == (err != nil))
		return err
	}
	require.ErrorIs(t, ask(Reader{Actor: "emp-7", Role: "agent", Purpose: "marketing"}, id, nil), ErrDenied)
	entries := w.entries()
	require.Len(t, entries, 1)
	require.Equal(t, audit.Denied, entries[0].Outcome)
	require.ErrorIs(t, ask(Reader{}, id, nil), ErrInput)
	require.ErrorIs(t, ask(agent, id, &profile.TimelineQuery{Limit: 1001}), ErrInput)
	require.Error(t, ask(agent, id, &profile.TimelineQuery{Limit: -1}))
	require.ErrorIs(t, ask(agent, customer.FromInt64(7), nil), profile.ErrUnknown)
	w.store.fail(0, errFlaky, false)
	require.ErrorIs(t, ask(agent, id, nil), errFlaky)
	require.NoError(t, ask(agent, id, &profile.TimelineQuery{Events: []string{"opened"}}), "nothing personal is shown")
}
