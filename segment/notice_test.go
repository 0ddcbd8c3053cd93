package segment

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestCause(t *testing.T) {
	for c := ByMerge; c <= ByPlace; c++ {
		text, err := c.MarshalText()
		require.NoError(t, err)
		require.Equal(t, c.String(), string(text))
		var back Cause
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, c, back)
	}
	require.Equal(t, []string{"merge", "客户合并"}, []string{ByMerge.String(), ByMerge.Chinese()})
	require.Equal(t, []string{"place", "名额空出"}, []string{ByPlace.String(), ByPlace.Chinese()})
	require.Equal(t, "unknown(7)", (ByPlace + 1).String())
	for _, c := range []Cause{0, ByPlace + 1} {
		_, err := c.MarshalText()
		require.Error(t, err)
	}
	kept := ByTag
	for _, text := range []string{"", "none", "Tag", "whim"} {
		require.Error(t, kept.UnmarshalText([]byte(text)))
	}
	require.Equal(t, ByTag, kept)
}

const noticeText = `{"number":7,"at":"2026-03-05T09:00:00Z","customer":"00000000-0000-8080-8000-000000000007",` +
	`"segment":"沉睡客","version":2,"entered":true,"cause":"time"}`

func TestNotice(t *testing.T) {
	n := Notice{
		7, time.Date(2026, 3, 5, 17, 0, 0, 0, time.FixedZone("", 8*3600)), customer.FromInt64(7), "沉睡客", 2, true, ByTime,
	}
	data, err := json.Marshal(n)
	require.NoError(t, err)
	require.Equal(t, noticeText, string(data))
	var back Notice
	require.NoError(t, json.Unmarshal(data, &back))
	n.At = n.At.UTC()
	require.Equal(t, n, back)
	require.NoError(t, json.Unmarshal([]byte(strings.Replace(noticeText, "true", "false", 1)), &back))
	require.False(t, back.Entered)

	_, err = json.Marshal(Notice{Number: 1})
	require.Error(t, err, "no cause")
	n.At = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err = json.Marshal(n)
	require.Error(t, err, "year")

	kept := back
	for _, field := range []string{
		`"number":7,`, `"at":"2026-03-05T09:00:00Z",`, `"customer":"00000000-0000-8080-8000-000000000007",`, `"segment":"沉睡客",`,
		`"version":2,`, `"entered":true,`, `,"cause":"time"`,
	} {
		text := strings.Replace(noticeText, field, "", 1)
		require.NotEqual(t, noticeText, text)
		require.ErrorContains(t, back.UnmarshalJSON([]byte(text)), "segment: notice ", field)
	}
	for from, to := range map[string]string{
		`"time"`: `"none"`, `"2026-03-05T09:00:00Z"`: `"yesterday"`, ":7": ":-7", ":2": ":0", "-8080": "", "沉": "\xff", "true": `"yes"`, "}": "",
	} {
		text := strings.Replace(noticeText, from, to, 1)
		require.NotEqual(t, noticeText, text)
		require.Error(t, back.UnmarshalJSON([]byte(text)), to)
	}
	require.Equal(t, kept, back)
}

// What is read is written, and read again, as the same notice.
func FuzzNotice(f *testing.F) {
	f.Add([]byte(noticeText))
	f.Add([]byte(`{"number":18446744073709551615,"at":"2024-02-29T23:59:59.999999999-11:00","customer":"urn:uuid:00000000-0000-8080-8000-000000000007","segment":"\u0000","version":9223372036854775807,"entered":false,"cause":"merge","more":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var n, again Notice
		if n.UnmarshalJSON(data) != nil {
			require.Zero(t, n)
			return
		}
		written, err := n.MarshalJSON()
		if err != nil {
			require.ErrorContains(t, err, "year") // in UTC the year can be 10000
			return
		}
		require.NoError(t, again.UnmarshalJSON(written))
		require.True(t, n.At.Equal(again.At))
		again.At = n.At
		require.Equal(t, n, again)
	})
}
