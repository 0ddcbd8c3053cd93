package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// tree is a small repository of the same form as this one.
var tree = map[string]string{
	".gitattributes": "* text=auto eol=lf\n",
	"LICENSE":        "Do what you like.\n",
	"CHANGELOG.md":   "# Changelog\n\n## Unreleased\n\n## v0.2.0, 2 January 2026\n\n- More.\n\n## v0.1.0\n\n- First.\n",
	"modules.txt":    "# modules\n.         api test\nstore/db  api test\nbench     vet\n",
	"go.mod":         "module github.com/acme/shop\n\ngo 1.26.0\n",
	"shop.go":        "package shop\n\nconst Answer = 42\n",
	"store/db/go.mod": "module github.com/acme/shop/store/db\n\ngo 1.26.0\n\nreplace github.com/acme/shop => ../..\n\n" +
		"require github.com/acme/shop v0.0.0-00010101000000-000000000000\n",
	"store/db/db.go": "package db\n\nimport \"github.com/acme/shop\"\n\nconst Answer = shop.Answer\n",
	"bench/go.mod": "module github.com/acme/shop/bench\n\ngo 1.26.0\n\nreplace github.com/acme/shop/store/db => ../store/db\n\n" +
		"require github.com/acme/shop/store/db v0.0.0\n",
}

// repository makes one with tree and what differs from it, committed, and returns its directory.
func repository(t *testing.T, differs map[string]string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for k, v := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_DIR": "", "GIT_INDEX_FILE": "",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(k, v)
		if v == "" {
			os.Unsetenv(k)
		}
	}
	files := maps.Clone(tree)
	maps.Copy(files, differs)
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	must(t, dir, "init", "--quiet")
	must(t, dir, "add", "--all")
	must(t, dir, "commit", "--quiet", "--message", "begin")
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(dir, nil, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTags(t *testing.T) {
	dir := repository(t, nil)
	must(t, dir, "tag", "v0.1.0")
	must(t, dir, "tag", "store/db/v0.1.9")
	head := must(t, dir, "rev-parse", "HEAD")
	refs := must(t, dir, "show-ref")

	var out bytes.Buffer
	if err := run(&out, dir, "v0.2.0", true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  v0.2.0 ", "  store/db/v0.2.0 ", "Nothing was made"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("dry run does not say %q:\n%s", want, &out)
		}
	}
	if now := must(t, dir, "show-ref"); now != refs {
		t.Fatalf("a dry run made\n%s", now)
	}

	out.Reset()
	if err := run(&out, dir, "v0.2.0", false); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "git push origin v0.2.0 store/db/v0.2.0\n") {
		t.Errorf("got %s", &out)
	}
	if tags := must(t, dir, "tag", "--list"); tags != "store/db/v0.1.9\nstore/db/v0.2.0\nv0.1.0\nv0.2.0" {
		t.Errorf("tags: %s", tags)
	}
	if at := must(t, dir, "rev-parse", "v0.2.0^{commit}"); at != head {
		t.Error("the root's tag is not on the commit that is released")
	}
	if before := must(t, dir, "rev-parse", "store/db/v0.2.0^{commit}^"); before != head {
		t.Error("the nested tag is not on a commit after it")
	}
	if changed := must(t, dir, "diff", "--name-only", "v0.2.0", "store/db/v0.2.0"); changed != "store/db/go.mod\nstore/db/go.sum" {
		t.Errorf("changed are %s", changed)
	}
	if mod := must(t, dir, "show", "store/db/v0.2.0:store/db/go.mod"); mod != "module github.com/acme/shop/store/db\n\ngo 1.26.0\n\nrequire github.com/acme/shop v0.2.0" {
		t.Errorf("go.mod: %s", mod)
	}
	if now := must(t, dir, "status", "--porcelain"); now != "" || must(t, dir, "rev-parse", "HEAD") != head {
		t.Errorf("the working tree has changed: %s", now)
	}
	if err := run(&out, dir, "v0.2.0", false); err == nil {
		t.Error("the same version was released again")
	}
}

// The hash in go.sum is that of the zip which the go command's own package makes of the commit.
func TestSum(t *testing.T) {
	dir := repository(t, nil)
	var out bytes.Buffer
	if err := run(&out, dir, "v0.2.0", false); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromVCS(f, module.Version{Path: "github.com/acme/shop", Version: "v0.2.0"}, dir, "v0.2.0", ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	hash, err := dirhash.HashZip(name, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	if sum := must(t, dir, "show", "store/db/v0.2.0:store/db/go.sum"); !strings.Contains(sum, "github.com/acme/shop v0.2.0 "+hash+"\n") {
		t.Errorf("go.sum: %s\nwant %s", sum, hash)
	}
}

// The go command fetches the nested module by its tag as it would from GitHub, and with it the root at the same version; the
// nested module builds where its tag is checked out, with the hashes of its own go.sum.
func TestTagsServeTheGoCommand(t *testing.T) {
	dir := repository(t, nil)
	var out bytes.Buffer
	if err := run(&out, dir, "v0.2.0", false); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "GOWORK=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+t.TempDir(), "GOPROXY=direct", "GONOSUMDB=*", "GOPRIVATE=",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url.file://"+dir+".insteadOf", "GIT_CONFIG_VALUE_0=https://github.com/acme/shop")
	goes := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = dir, env
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", args[0], err, text)
		}
		return string(text)
	}
	user := t.TempDir()
	write(t, filepath.Join(user, "go.mod"), "module user\n\ngo 1.26.0\n")
	write(t, filepath.Join(user, "main.go"), "package main\n\nimport \"github.com/acme/shop/store/db\"\n\nfunc main() { print(db.Answer) }\n")
	goes(user, "get", "github.com/acme/shop/store/db@v0.2.0")
	if got := goes(user, "run", "."); got != "42" {
		t.Errorf("the program says %s", got)
	}
	if list := goes(user, "list", "-m", "all"); !strings.Contains(list, "github.com/acme/shop v0.2.0\ngithub.com/acme/shop/store/db v0.2.0\n") {
		t.Errorf("modules: %s", list)
	}
	must(t, dir, "checkout", "--quiet", "store/db/v0.2.0")
	goes(filepath.Join(dir, "store", "db"), "build", "-mod=readonly", "./...")
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		differs map[string]string
		want    []string
	}{
		"no version":             {"0.2.0", nil, []string{"is not a version"}},
		"a version of metadata":  {"v0.2.0+a", nil, []string{"is not a version"}},
		"a short version":        {"v0.2", nil, []string{"is not a version"}},
		"a second major":         {"v2.0.0", nil, []string{"end in /v2"}},
		"an older one":           {"v0.0.9", nil, []string{"tag store/db/v0.1.0 already", "tag v0.1.0 already", "first version is v0.2.0 instead of v0.0.9"}},
		"a candidate of it":      {"v0.1.0-rc.1", nil, []string{"tag v0.1.0 already"}},
		"nothing in the log":     {"v0.2.0", map[string]string{"CHANGELOG.md": "# Changelog\n\n## v0.2.0\n\n## v0.1.0\n\n- First.\n"}, []string{"section of v0.2.0 is empty"}},
		"another one in it":      {"v0.2.0", map[string]string{"CHANGELOG.md": "## v0.1.0\n\n- First.\n"}, []string{"first version is v0.1.0 instead of v0.2.0"}},
		"no version in it":       {"v0.2.0", map[string]string{"CHANGELOG.md": "# Changelog\n"}, []string{`no section "## v0.2.0"`}},
		"a change left over":     {"v0.2.0", map[string]string{"CHANGELOG.md": "## Unreleased\n\n- New.\n\n## v0.2.0\n\n- More.\n"}, []string{`under "Unreleased"`}},
		"an own module needed":   {"v0.2.0", map[string]string{"store/db/go.mod": strings.ReplaceAll(tree["bench/go.mod"], "shop/bench", "shop/store/db")}, []string{"store/db: go.mod replaces"}},
		"a replaced stranger":    {"v0.2.0", map[string]string{"go.mod": tree["go.mod"] + "\nreplace example.com/x => example.com/y v1.0.0\n"}, []string{".: go.mod replaces example.com/x"}},
		"a nested one needed":    {"v0.2.0", map[string]string{"go.mod": tree["go.mod"] + "\nrequire github.com/acme/shop/bench v0.1.0\n"}, []string{".: go.mod requires github.com/acme/shop/bench"}},
		"a wrong path":           {"v0.2.0", map[string]string{"store/db/go.mod": "module github.com/acme/db\n\ngo 1.26.0\n"}, []string{"names github.com/acme/db instead of"}},
		"a missing module":       {"v0.2.0", map[string]string{"modules.txt": ". api\ngone api\n"}, []string{"gone/go.mod"}},
		"a root that is last":    {"v0.2.0", map[string]string{"modules.txt": "store/db api\n. api\n"}, []string{"does not begin with the root"}},
		"a name no zip can hold": {"v0.2.0", map[string]string{"a:b.go": "package shop\n"}, []string{"a:b.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t, c.differs)
			must(t, dir, "tag", "v0.1.0")
			must(t, dir, "tag", "store/db/v0.1.0")
			before := must(t, dir, "show-ref")
			err := run(new(bytes.Buffer), dir, c.version, false)
			if err == nil {
				t.Fatal("no fault was found")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if must(t, dir, "show-ref") != before {
				t.Error("it made something")
			}
		})
	}
	t.Run("an untidy tree", func(t *testing.T) {
		dir := repository(t, nil)
		write(t, filepath.Join(dir, "new.go"), "package shop\n")
		err := run(new(bytes.Buffer), dir, "v0.2.0", false)
		if err == nil || !strings.Contains(err.Error(), "not committed") {
			t.Fatalf("got %v", err)
		}
	})
}

// A patch may not change the API; a minor version and the release after its candidate may.
func TestPatch(t *testing.T) {
	for _, c := range []struct{ last, version, want string }{
		{"v0.1.3", "v0.1.4", "v0.1.4 is a patch of v0.1.3, which changes no API, but these differ: api/shop.txt"},
		{"v0.1.3", "v0.2.0", ""},
		{"v0.2.0-rc.1", "v0.2.0", ""},
	} {
		dir := repository(t, map[string]string{"CHANGELOG.md": "## " + c.version + "\n\n- More.\n"})
		must(t, dir, "tag", "v0.1.0")
		must(t, dir, "tag", c.last)
		write(t, filepath.Join(dir, "api", "shop.txt"), "const Answer untyped int = 42\n")
		must(t, dir, "add", "--all")
		must(t, dir, "commit", "--quiet", "--message", "more")
		err := run(new(bytes.Buffer), dir, c.version, true)
		if got := fmt.Sprint(err); got != cmp.Or(c.want, "<nil>") {
			t.Errorf("%s after %s: got %v, want %q", c.version, c.last, err, c.want)
		}
	}
}

// A tag that cannot be made takes those before it along.
func TestAllOrNothing(t *testing.T) {
	dir := repository(t, nil)
	// A tag "store" is in the way of every tag below "store/".
	must(t, dir, "tag", "store")
	if err := run(new(bytes.Buffer), dir, "v0.2.0", false); err == nil {
		t.Fatal("it made a tag where none can be")
	}
	if tags := must(t, dir, "tag", "--list"); tags != "store" {
		t.Errorf("tags: %s", tags)
	}
}

func TestWithSums(t *testing.T) {
	sum := "example.com/a v1.0.0 h1:a=\nexample.com/c v1.0.0/go.mod h1:c=\n"
	got := string(withSums([]byte(sum), []string{"example.com/b v0.2.0 h1:b=", "example.com/b v0.2.0/go.mod h1:m="}))
	want := strings.Join(slices.Insert(strings.SplitAfter(sum, "\n"), 1, "example.com/b v0.2.0 h1:b=\n", "example.com/b v0.2.0/go.mod h1:m=\n"), "")
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
