package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for line, want := range map[string][2]string{
		"const Answer untyped int = 42":                            {"Answer", "Answer"},
		"func New[K comparable]([]K, func(K, K) int) *Table[K]":    {"New", "New"},
		"method (*Table[K]) All() iter.Seq2[int, K]":               {"Table", "All"},
		"method (Color) String() string":                           {"Color", "String"},
		"type Color uint8":                                         {"Color", "Color"},
		"type Order struct":                                        {"Order", "Order"},
		"type Order struct, ID string \"json:\\\"id\\\"\"":         {"Order", "ID"},
		"type Order struct, embedded Color":                        {"Order", "Color"},
		"type Order struct, embedded *Color":                       {"Order", "Color"},
		"type Table[K comparable] struct, IDs []K":                 {"Table", "IDs"},
		"type Reader interface, Read([]byte) (int, error)":         {"Reader", "Read"},
		"type FeatureFunc[K comparable] func(K, *History) float64": {"FeatureFunc", "FeatureFunc"},
		"var ErrGone error":                                        {"ErrGone", "ErrGone"},
	} {
		if owner, name := names(line); owner != want[0] || name != want[1] {
			t.Errorf("%s: got %s and %s, want %v", line, owner, name, want)
		}
	}
}

// TestRemovedSinceTheRelease follows a repository from its first release on.
func TestRemovedSinceTheRelease(t *testing.T) {
	root := module(t)
	dir := filepath.Join(root, "api")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(tags ...string) {
		t.Helper()
		for _, args := range append([][]string{{"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "x"}}, tagged(tags)...) {
			if _, err := git(root, args...); err != nil {
				t.Fatal(err)
			}
		}
	}
	// check takes the text for granted, as after "make api", and returns what the check says.
	check := func() error {
		t.Helper()
		if err := run(root, dir, []string{"."}, false); err != nil {
			t.Fatal(err)
		}
		return run(root, dir, []string{"."}, true)
	}
	write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- Begins with `Third`.\n")
	if err := check(); err != nil {
		t.Fatalf("outside of a repository: %v", err)
	}
	if _, err := git(root, "init", "-q"); err != nil {
		t.Fatal(err)
	}
	commit()
	if err := check(); err != nil {
		t.Fatalf("before a release: %v", err)
	}
	write("CHANGELOG.md", "# Changelog\n\n## v0.1.0, 2 January 2026\n\n- Begins with `Third`.\n")
	commit("v0.1.0", "nested/v0.9.0")

	write("shop.go", strings.Replace(shop, "Third        = 1.0 / 3", "Fourth       = 1.0 / 4", 1))
	if err := check(); err == nil || !strings.Contains(err.Error(), "gone: 1;") {
		t.Fatalf("a constant is gone: %v", err)
	}
	write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- Third is `Fourth`.\n\n## v0.1.0, 2 January 2026\n\n- Begins with `Third`.\n")
	if err := check(); err == nil {
		t.Fatal("what the last release says does not count, nor a name that is no code")
	}
	write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- `shop.Third` is `Fourth`.\n\n## v0.1.0, 2 January 2026\n\n- Begins with `Third`.\n")
	if err := check(); err != nil {
		t.Fatalf("the changelog says so: %v", err)
	}
	write("CHANGELOG.md", "# Changelog\n\n## v1.0.0, 3 January 2026\n\n- Third is `Fourth`.\n")
	commit("v1.0.0")
	write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- `Fourth` is gone, `New` is new.\n\n## v1.0.0, 3 January 2026\n\n- Third is `Fourth`.\n")
	write("shop.go", shop)
	if err := check(); err == nil {
		t.Fatal("from v1 on no line may go")
	}
}

// tagged are the arguments that make tags.
func tagged(tags []string) (commands [][]string) {
	for _, tag := range tags {
		commands = append(commands, []string{"tag", tag})
	}
	return commands
}
