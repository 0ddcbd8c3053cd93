package normalize_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

// The ids are stored by programs: they never change, and none goes away.
func TestReasonIDs(t *testing.T) {
	for reason, id := range map[normalize.Reason]string{
		0: "none", normalize.Empty: "empty", normalize.Junk: "junk", normalize.Masked: "masked", normalize.Mangled: "mangled",
		normalize.Malformed: "malformed", normalize.TooShort: "too-short", normalize.TooLong: "too-long",
		normalize.BadCheck: "bad-check", normalize.BadDate: "bad-date", normalize.UnknownCode: "unknown-code",
		normalize.NoRegion: "no-region", normalize.NoAreaCode: "no-area-code", normalize.OutOfScope: "out-of-scope",
		normalize.Disposable: "disposable", normalize.Several: "several", normalize.Unusual: "unusual", normalize.Shared: "shared",
	} {
		require.Equal(t, id, reason.String())
		require.NotEmpty(t, reason.English())
		require.NotEmpty(t, reason.Chinese())
		data, err := json.Marshal(reason)
		require.NoError(t, err)
		require.Equal(t, `"`+id+`"`, string(data))
		var back normalize.Reason
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, reason, back)
	}
	_, err := normalize.Reason(200).MarshalText()
	require.ErrorContains(t, err, "reason(200)")
	require.Equal(t, "reason(200)", normalize.Reason(200).English())
	require.Equal(t, "reason(200)", normalize.Reason(200).Chinese())
	back := normalize.Junk
	require.Error(t, back.UnmarshalText([]byte("13912345670")))
	require.Equal(t, normalize.Junk, back)
}

func TestRefusals(t *testing.T) {
	a := &normalize.Refusal{Kind: "phone", Part: 1, Reason: normalize.Masked}
	b := &normalize.Refusal{Kind: "phone", Part: 3, Reason: normalize.Junk}
	for name, c := range map[string]struct {
		err  error
		want []*normalize.Refusal
	}{
		"nil":        {nil, nil},
		"other":      {errors.New("other"), nil},
		"one":        {a, []*normalize.Refusal{a}},
		"wrapped":    {fmt.Errorf("row 7: %w", b), []*normalize.Refusal{b}},
		"joined":     {errors.Join(a, b), []*normalize.Refusal{a, b}},
		"wrapped up": {fmt.Errorf("row 7: %w", errors.Join(a, errors.New("other"), b)), []*normalize.Refusal{a, b}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, normalize.Refusals(c.err))
			want := normalize.Reason(0)
			if len(c.want) > 0 {
				want = c.want[0].Reason
			}
			require.Equal(t, want, normalize.ReasonOf(c.err))
		})
	}
	require.EqualError(t, a, "normalize: phone: part of it is hidden")
	require.EqualError(t, b, "normalize: phone: part 3: a placeholder")
	require.EqualError(t, &normalize.Refusal{Part: 1, Reason: normalize.Empty}, "normalize: empty")
}
