package notify

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const messageText = `{"type":"segment.notices","timestamp":"2026-03-05T09:02:00Z","source":"shop","notices":[` +
	`{"number":1,"at":"2026-03-05T09:01:00Z","customer":"00000000-0000-8080-8000-000000000002","segment":"vip","version":2,"entered":true,"cause":"deletion"},` +
	`{"number":2,"at":"2026-03-05T09:02:00Z","customer":"00000000-0000-8080-8000-000000000003","segment":"=risk","version":1,"entered":true,"cause":"definition"}]}`

func TestMessage(t *testing.T) {
	data, err := json.Marshal(newMessage("shop", notices(1, 2)))
	require.NoError(t, err)
	require.Equal(t, messageText, string(data))
	var m Message
	require.NoError(t, json.Unmarshal(data, &m))
	require.Equal(t, *newMessage("shop", notices(1, 2)), m)
	require.NoError(t, json.Unmarshal([]byte(strings.Replace(messageText, "{", `{"later":[1],`, 1)), &m), "unknown fields are ignored")

	for name, change := range map[string][2]string{
		"type":                 {"segment.notices", "invoice.paid"},
		"no type":              {`"type":"segment.notices",`, ""},
		"no timestamp":         {`"timestamp":"2026-03-05T09:02:00Z",`, ""},
		"timestamp":            {`"timestamp":"2026-03-05T09:02:00Z"`, `"timestamp":5`},
		"source":               {`"shop"`, `[]`},
		"not ascending":        {`"number":2`, `"number":1`},
		"no number":            {`"number":1,`, ``},
		"negative number":      {`"number":1`, `"number":-1`},
		"null in place of one": {`[{"number":1`, `[null,{"number":1`},
		"no entered":           {`"entered":true,"cause":"deletion"`, `"cause":"deletion"`},
		"unknown cause":        {`"cause":"deletion"`, `"cause":"whim"`},
		"not UTF-8":            {"vip", "v\xff"},
		"cut off":              {"]}", "]"},
	} {
		text := strings.Replace(messageText, change[0], change[1], 1)
		require.NotEqual(t, messageText, text, name)
		kept := m
		err := kept.UnmarshalJSON([]byte(text))
		require.ErrorIs(t, err, ErrMessage, name)
		require.Equal(t, m, kept, name)
	}
	for _, text := range []string{"", "null", "[]", "{}", `"x"`, `{"type":"segment.notices","timestamp":"2026-03-05T09:02:00Z","notices":[]}`, strings.Repeat("[", 100000)} {
		require.ErrorIs(t, m.UnmarshalJSON([]byte(text)), ErrMessage)
	}
}

func TestMessageAfter(t *testing.T) {
	m := newMessage("shop", append(notices(3, 5), notices(8, 9)...))
	for number, first := range map[uint64]uint64{0: 3, 2: 3, 3: 4, 5: 8, 7: 8, 8: 9} {
		require.Equal(t, first, m.After(number)[0].Number)
	}
	require.Empty(t, m.After(9))
	require.Empty(t, m.After(100))
}

// Whatever is read is written as it was read.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(messageText))
	f.Add([]byte(`{"type":"segment.notices","timestamp":"2026-03-05T09:02:00+08:00","notices":[{"number":18446744073709551615,"at":"0001-01-01T00:00:01Z","customer":"{00000000-0000-8080-8000-000000000002}","segment":"x","version":1,"entered":false,"cause":"tag"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m, again Message
		if err := m.UnmarshalJSON(data); err != nil {
			require.ErrorIs(t, err, ErrMessage)
			return
		}
		written, err := json.Marshal(&m)
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalJSON(written))
		rewritten, err := json.Marshal(&again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}
