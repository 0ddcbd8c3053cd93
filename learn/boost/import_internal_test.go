package boost

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForeignSets: the sets of a long text may be larger than those of a short one.
func TestForeignSets(t *testing.T) {
	texts := make([]string, 1<<15)
	for i := range texts {
		texts[i] = string(rune(0x10000 + i))
	}
	tree := []foreignNode{{drawing: drawing{left: 1, right: 2}, codes: []int32{7}}, {drawing: drawing{column: -1}}, {drawing: drawing{column: -1}}}
	build := func(length int) error {
		f := &foreign{names: []string{"a"}, category: []bool{true}, texts: [][]string{texts}}
		for range setsRoom/setWords(len(texts)) + 1 {
			f.trees = append(f.trees, tree)
		}
		_, err := f.build(length)
		return err
	}
	require.ErrorContains(t, build(1000), "sets of categories are too large")
	require.NoError(t, build(2*setsRoom))
}
