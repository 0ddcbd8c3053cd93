// Package enumtest tests the names of enumerations.
package enumtest

import (
	"encoding"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Value is a value of an enumeration. Safe for concurrent use.
type Value interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}

// Pointer is where a value of an enumeration is read into. It is not safe for concurrent use.
type Pointer[E Value] interface {
	*E
	encoding.TextUnmarshaler
}

// Names tests the values from first to the last that names has a text for, which is that of String by value. Each has a
// text of its own, written and read back, and, unless chinese is nil, one in Chinese. A value beyond and a text that is no
// name are none of them.
func Names[E Value, P Pointer[E]](t *testing.T, first E, names, chinese []string) {
	t.Helper()
	inChinese := func(e E) string { return any(e).(interface{ Chinese() string }).Chinese() }
	if chinese != nil {
		require.Len(t, chinese, len(names))
	}
	seen, seenChinese := map[string]bool{}, map[string]bool{}
	for e := first; int(e) < len(names); e++ {
		require.Equal(t, names[e], e.String())
		text, err := e.MarshalText()
		require.NoError(t, err)
		require.Equal(t, names[e], string(text))
		var back E
		require.NoError(t, P(&back).UnmarshalText(text))
		require.Equal(t, e, back)
		require.False(t, seen[names[e]], names[e])
		seen[names[e]] = true
		if chinese == nil {
			continue
		}
		require.Equal(t, chinese[e], inChinese(e))
		require.Regexp(t, `^\p{Han}*$`, chinese[e])
		require.False(t, seenChinese[chinese[e]], chinese[e])
		seenChinese[chinese[e]] = true
	}
	for _, none := range []E{E(len(names)), 255} {
		require.False(t, seen[none.String()], none)
		require.True(t, chinese == nil || !seenChinese[inChinese(none)], none)
	}
	back := first
	err := P(&back).UnmarshalText([]byte("secret"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
	require.Equal(t, first, back)
}
