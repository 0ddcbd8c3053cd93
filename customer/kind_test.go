package customer

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKindText(t *testing.T) {
	for k := KindUnset; k <= KindLabels; k++ {
		text, err := k.MarshalText()
		require.NoError(t, err)
		require.Equal(t, k.String(), string(text))
		read := Kind(200)
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, k, read)
	}
	_, err := (KindLabels + 1).MarshalText()
	require.EqualError(t, err, "customer: kind 8 is not valid")

	read := KindTime
	for _, text := range []string{"", "invalid", "Text", "text ", "int"} {
		require.Error(t, read.UnmarshalText([]byte(text)))
		require.Equal(t, KindTime, read)
	}

	data, err := json.Marshal(map[string]Kind{"a": KindDecimal})
	require.NoError(t, err)
	require.JSONEq(t, `{"a": "decimal"}`, string(data))
}
