package customer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

var (
	anna  = customer.FromInt64(1)
	berta = customer.FromInt64(2)
	noon  = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
)

// merged returns a valid change: berta is merged into anna, seen from anna.
func merged() customer.Change {
	return customer.Change{
		Shard: customer.ShardOf(anna), Seq: 7, Part: 1, Parts: 1,
		Verb: customer.Merged, Customer: anna, From: berta, To: anna,
		Atoms: []customer.AtomID{{1}, {2}}, At: noon,
	}
}

func TestChangeValidate(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(*customer.Change)
		fault string // field, "" if the change is valid
	}{
		"merge seen by the survivor": {func(*customer.Change) {}, ""},
		"merge seen by the loser": {func(c *customer.Change) {
			c.Customer, c.Shard = berta, customer.ShardOf(berta)
		}, ""},
		"created":               {func(c *customer.Change) { c.Verb, c.From = customer.Created, uuid.Nil }, ""},
		"created from somebody": {func(c *customer.Change) { c.Verb = customer.Created }, "from"},
		"attached":              {func(c *customer.Change) { c.Verb, c.From = customer.Attached, uuid.Nil }, ""},
		"attached to nobody": {func(c *customer.Change) {
			c.Verb, c.From, c.To = customer.Attached, anna, uuid.Nil
		}, "from to"},
		"moved": {func(c *customer.Change) { c.Verb = customer.Moved }, ""},
		"moved to nobody": {func(c *customer.Change) {
			c.Verb, c.From, c.To = customer.Moved, anna, uuid.Nil
		}, ""},
		"split": {func(c *customer.Change) { c.Verb = customer.Split }, ""},
		"split to nobody": {func(c *customer.Change) {
			c.Verb, c.From, c.To = customer.Split, anna, uuid.Nil
		}, "to"},
		"erased": {func(c *customer.Change) {
			c.Verb, c.From, c.To = customer.Erased, anna, uuid.Nil
		}, ""},
		"erased to somebody": {func(c *customer.Change) { c.Verb = customer.Erased }, "to"},
		"merged with itself": {func(c *customer.Change) { c.From = anna }, "to"},
		"merged from nobody": {func(c *customer.Change) { c.From = uuid.Nil }, "from"},
		"no verb":            {func(c *customer.Change) { c.Verb = 0 }, "verb"},
		"verb 7":             {func(c *customer.Change) { c.Verb = 7 }, "verb"},
		"third customer": {func(c *customer.Change) {
			c.Customer = customer.FromInt64(3)
			c.Shard = customer.ShardOf(c.Customer)
		}, "customer"},
		"wrong shard":      {func(c *customer.Change) { c.Shard = (c.Shard + 1) % customer.Shards }, "shard"},
		"number 0":         {func(c *customer.Change) { c.Seq = 0 }, "seq"},
		"second of three":  {func(c *customer.Change) { c.Part, c.Parts = 2, 3 }, ""},
		"fourth of three":  {func(c *customer.Change) { c.Part, c.Parts = 4, 3 }, "part"},
		"part 0":           {func(c *customer.Change) { c.Part = 0 }, "part"},
		"no parts":         {func(c *customer.Change) { c.Parts = 0 }, "parts"},
		"no atoms":         {func(c *customer.Change) { c.Atoms = nil }, ""},
		"atom twice":       {func(c *customer.Change) { c.Atoms = []customer.AtomID{{1}, {1}} }, "atoms"},
		"atoms descending": {func(c *customer.Change) { c.Atoms = []customer.AtomID{{2}, {1}} }, "atoms"},
		"zero atom":        {func(c *customer.Change) { c.Atoms = []customer.AtomID{{}, {1}} }, "atoms"},
		"slice":            {func(c *customer.Change) { c.Slices = []customer.Slice{{customer.AtomID{2}, customer.AtomID{9}, noon}} }, ""},
		"slice of no atom": {func(c *customer.Change) { c.Slices = []customer.Slice{{customer.AtomID{3}, customer.AtomID{9}, noon}} }, "slices"},
		"slice without stream": {func(c *customer.Change) {
			c.Slices = []customer.Slice{{customer.AtomID{2}, customer.AtomID{}, noon}}
		}, "slices"},
		"slice without time": {func(c *customer.Change) {
			c.Slices = []customer.Slice{{customer.AtomID{2}, customer.AtomID{9}, time.Time{}}}
		}, "slices"},
		"slice twice": {func(c *customer.Change) {
			c.Slices = []customer.Slice{{customer.AtomID{2}, customer.AtomID{9}, noon}, {customer.AtomID{2}, customer.AtomID{9}, noon}}
		}, "slices"},
		"slice that goes": {func(c *customer.Change) {
			c.Verb, c.To, c.Customer, c.Shard = customer.Moved, uuid.Nil, berta, customer.ShardOf(berta)
			c.Slices = []customer.Slice{{customer.AtomID{2}, customer.AtomID{9}, noon}}
		}, "slices"},
		"no time": {func(c *customer.Change) { c.At = time.Time{} }, "at"},
		"year 10000": {func(c *customer.Change) {
			c.At = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600))
		}, "at"},
	} {
		t.Run(name, func(t *testing.T) {
			change := merged()
			c.alter(&change)
			err := change.Validate()
			var fields strings.Builder
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for i, err := range joined.Unwrap() {
					fault, ok := errors.AsType[*customer.FieldError](err)
					require.True(t, ok)
					require.Equal(t, -1, fault.Row)
					if i > 0 {
						fields.WriteString(" ")
					}
					fields.WriteString(fault.Field)
				}
			}
			require.Equal(t, c.fault, fields.String())
			_, err = json.Marshal(change)
			require.Equal(t, c.fault == "", err == nil)
		})
	}
}

func TestChangeJSON(t *testing.T) {
	change := merged()
	change.Verb, change.From = customer.Attached, uuid.Nil
	// Local mean time of Shanghai has seconds, which RFC 3339 can not write.
	change.At = noon.In(time.FixedZone("LMT", 8*3600+5*60+43))
	data, err := json.Marshal(change)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"shard": 56, "seq": 7, "part": 1, "parts": 1, "verb": "attached",
		"customer": "00000000-0000-8080-8000-000000000001",
		"to": "00000000-0000-8080-8000-000000000001",
		"atoms": ["01000000-0000-0000-0000-000000000000", "02000000-0000-0000-0000-000000000000"],
		"at": "2026-03-05T12:00:00Z"
	}`, string(data))
	var back customer.Change
	require.NoError(t, json.Unmarshal(data, &back))
	change.At = noon
	require.Equal(t, change, back)

	require.Error(t, json.Unmarshal([]byte(`{"verb": "merged"}`), &back))
	require.Equal(t, change, back, "a refused change must not be stored")
}

func TestVerbText(t *testing.T) {
	for verb, want := range map[customer.Verb]string{
		customer.Created: "created", customer.Attached: "attached", customer.Moved: "moved",
		customer.Merged: "merged", customer.Split: "split", customer.Erased: "erased",
	} {
		require.Equal(t, want, verb.String())
		text, err := verb.MarshalText()
		require.NoError(t, err)
		var back customer.Verb
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, verb, back)
	}
	for _, verb := range []customer.Verb{0, 7, 255} {
		_, err := verb.MarshalText()
		require.ErrorContains(t, err, verb.String())
	}
	var verb customer.Verb
	for _, text := range []string{"", "Created", "merge", "verb(0)"} {
		require.Error(t, verb.UnmarshalText([]byte(text)))
	}
}

func FuzzChangeJSON(f *testing.F) {
	data, err := json.Marshal(merged())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"verb":"created","at":"2026-03-05T12:00:00.5+08:00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var change customer.Change
		if json.Unmarshal(data, &change) != nil {
			require.Equal(t, customer.Change{}, change)
			return
		}
		require.NoError(t, change.Validate())
		first, err := json.Marshal(change)
		require.NoError(t, err)
		var back customer.Change
		require.NoError(t, json.Unmarshal(first, &back))
		require.Equal(t, change, back)
	})
}
