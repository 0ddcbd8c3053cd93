package modules

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

var tree = map[string]string{
	"LICENSE":             "Do what you like.\n",
	"modules.txt":         "# all\n.         api test # the root\n\nstore/db  api\nbench     vet\n",
	"go.mod":              "module example.com/shop\n\ngo 1.26.0\n",
	"shop.go":             "package shop\n",
	"testdata/deep/a.txt": "a\r\nb\n",
	"store/db/go.mod":     "module example.com/shop/store/db\n\ngo 1.26.0\n\nrequire example.com/shop v0.1.0\n",
	"store/db/db.go":      "package db\n",
	"store/db/x/x.go":     "package x\n",
	"store/dbx/dbx.go":    "package dbx\n",
	"bench/go.mod":        "module example.com/shop/bench\n\ngo 1.26.0\n",
}

func lay(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range tree {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRead(t *testing.T) {
	all, err := Read(lay(t))
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, m := range Published(all) {
		tags = append(tags, m.Path+" "+m.Tag("v1.2.3"))
	}
	if len(all) != 3 || len(tags) != 2 || tags[0] != "example.com/shop v1.2.3" || tags[1] != "example.com/shop/store/db store/db/v1.2.3" {
		t.Errorf("got %d modules, published are %q", len(all), tags)
	}
}

// A zip, of the directory as of the commit, has the hash of that which the go command's own package makes of the commit.
func TestPack(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	root := lay(t)
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "begin"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git: %v: %s", err, out)
		}
	}
	all, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	const version = "v0.1.0"
	hash := func(make func(w *bytes.Buffer) error) string {
		t.Helper()
		var b bytes.Buffer
		if err := make(&b); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "zip")
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		h, err := dirhash.HashZip(name, dirhash.Hash1)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	for _, m := range all {
		want := hash(func(w *bytes.Buffer) error {
			sub := m.Dir
			if sub == "." {
				sub = ""
			}
			return zip.CreateFromVCS(w, module.Version{Path: m.Path, Version: version}, root, "HEAD", sub)
		})
		for name, got := range map[string]string{
			"directory": hash(func(w *bytes.Buffer) error { return m.Pack(w, root, version, m.Mod) }),
			"commit":    hash(func(w *bytes.Buffer) error { return m.PackRevision(w, root, "HEAD", version, m.Mod) }),
		} {
			if got != want {
				t.Errorf("%s of %s: got %s, want %s", name, m.Dir, got, want)
			}
		}
		if other := hash(func(w *bytes.Buffer) error { return m.Pack(w, root, version, append([]byte("// x\n"), m.Mod...)) }); other == want {
			t.Errorf("%s: another go.mod makes no difference", m.Dir)
		}
	}
}
