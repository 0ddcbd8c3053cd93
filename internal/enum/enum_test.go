package enum

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type colour uint8

func TestNames(t *testing.T) {
	names := []string{"red", "green"}
	for i, name := range names {
		require.Equal(t, name, Name(names, colour(i)))
		text, err := Marshal("paint", "colour", names, colour(i))
		require.NoError(t, err)
		var back colour
		require.NoError(t, Unmarshal("paint", "colour", names, text, &back))
		require.Equal(t, colour(i), back)
	}
	require.Equal(t, "unknown(2)", Name(names, colour(2)))
	_, err := Marshal("paint", "colour", names, colour(2))
	require.EqualError(t, err, "paint: unknown colour 2")
	kept := colour(1)
	require.EqualError(t, Unmarshal("paint", "colour", names, []byte("secret"), &kept), "paint: unknown colour: not one of red, green")
	require.Equal(t, colour(1), kept)
	require.Equal(t, "not one of red", NotOne([]string{"", "red"}))
}
