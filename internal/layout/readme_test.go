package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The quick start of the README is the first example of package rfm, which is
// compiled and whose output is checked.
func TestQuickStartIsTheExample(t *testing.T) {
	read := func(path ...string) string {
		data, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
		require.NoError(t, err)
		return string(data)
	}
	between := func(text, from, to string) string {
		_, rest, found := strings.Cut(text, from)
		require.True(t, found, "%q", from)
		part, _, found := strings.Cut(rest, to)
		require.True(t, found, "%q", to)
		return part
	}
	example := between(read("rfm", "example_test.go"), "func Example() {\n", "\n}\n")
	start := between(read("README.md"), "```go\n", "\n```")
	require.Equal(t, strings.TrimPrefix(strings.ReplaceAll("\n"+example, "\n\t", "\n"), "\n"), start)
}

// The Chinese README has the code, the packages and the sections of the English one.
func TestChineseREADME(t *testing.T) {
	english, chinese := read(t, "README.md"), read(t, "README.zh.md")
	require.Equal(t, fence.FindAllString(english, -1), fence.FindAllString(chinese, -1))
	packages := func(text string) (list []string) {
		for _, row := range cells(text) {
			if strings.HasPrefix(row[0], "[`") || row[0] == "`ltv`" {
				list = append(list, row[0])
			}
		}
		return list
	}
	require.NotEmpty(t, packages(english))
	require.Equal(t, packages(english), packages(chinese))
	require.Equal(t, strings.Count(english, "\n## "), strings.Count(chinese, "\n## "))
}
