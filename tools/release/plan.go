package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/clientele-go/clientele/tools/internal/modules"
)

// tag is one that a release makes. It is a plain value: safe for concurrent reads.
type tag struct {
	module   *modules.Module
	name     string
	mod, sum []byte // of a nested module as published
}

// plan is what a release does. It is not safe for concurrent use.
type plan struct {
	root    string
	version string
	commit  string // that is released
	tags    []tag
}

// newPlan checks all that a release needs. The error names every fault.
func newPlan(root, version string) (*plan, error) {
	if semver.Canonical(version) != version || semver.Build(version) != "" {
		return nil, fmt.Errorf("%q is not a version such as v0.2.0 or v0.2.0-rc.1", version)
	}
	if major := semver.Major(version); major != "v0" && major != "v1" {
		return nil, fmt.Errorf("%s: from v2 on the paths of the modules end in /%s, which theirs do not", version, major)
	}
	all, err := modules.Read(root)
	if err != nil {
		return nil, err
	}
	p := &plan{root: root, version: version}
	if p.commit, err = git(root, nil, "", "rev-parse", "--verify", "HEAD^{commit}"); err != nil {
		return nil, err
	}
	faults := []error{p.clean(), p.changelog(), p.patch()}
	for _, m := range modules.Published(all) {
		t := tag{module: m, name: m.Tag(version)}
		faults = append(faults, p.newer(m))
		if t.mod, err = m.Publish(all, version); err != nil {
			faults = append(faults, err)
		}
		p.tags = append(p.tags, t)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return p, p.sums()
}

// clean wants what is released to be what was committed.
func (p *plan) clean() error {
	changed, err := git(p.root, nil, "", "status", "--porcelain", "--untracked-files=normal")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("the working tree has changes that are not committed:\n%s", changed)
	}
	return nil
}

// changelog wants a section of the version on top, and nothing left under "Unreleased".
func (p *plan) changelog() error {
	text, err := os.ReadFile(filepath.Join(p.root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	for _, section := range strings.Split("\n"+string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		name, _, _ := strings.Cut(strings.TrimRight(title, " "), " ") // a date may follow
		name = strings.TrimRight(name, ",:")
		empty := strings.TrimSpace(body) == ""
		switch {
		case name == "Unreleased" && empty:
			continue
		case name == "Unreleased":
			return fmt.Errorf("CHANGELOG.md: there is something under \"Unreleased\": it belongs to %s or to a later commit", p.version)
		case name != p.version:
			return fmt.Errorf("CHANGELOG.md: the first version is %s instead of %s", name, p.version)
		case empty:
			return fmt.Errorf("CHANGELOG.md: the section of %s is empty", p.version)
		}
		return nil
	}
	return fmt.Errorf("CHANGELOG.md: no section \"## %s\"", p.version)
}

// patch wants a patch version to change no line of the exported API.
func (p *plan) patch() error {
	names, err := git(p.root, nil, "", "tag", "--list", semver.MajorMinor(p.version)+".*")
	if err != nil {
		return err
	}
	last := ""
	for name := range strings.FieldsSeq(names) {
		if semver.IsValid(name) && semver.Prerelease(name) == "" && semver.Compare(name, p.version) < 0 && semver.Compare(name, last) > 0 {
			last = name
		}
	}
	if last == "" {
		return nil
	}
	changed, err := git(p.root, nil, "", "diff", "--name-only", last, p.commit, "--", "api")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("%s is a patch of %s, which changes no API, but these differ: %s", p.version, last, strings.Join(strings.Fields(changed), ", "))
	}
	return nil
}

// newer wants all versions of a module so far to be older.
func (p *plan) newer(m *modules.Module) error {
	pattern := m.Tag("v*")
	names, err := git(p.root, nil, "", "tag", "--list", pattern)
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(names) {
		was := strings.TrimPrefix(name, strings.TrimSuffix(pattern, "v*"))
		if semver.IsValid(was) && semver.Compare(was, p.version) >= 0 {
			return fmt.Errorf("there is the tag %s already, and %s is not newer", name, p.version)
		}
	}
	return nil
}

// sums packs every module as it will be downloaded, and adds the hashes of the root module to the others' go.sum.
func (p *plan) sums() error {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var lines []string
	for i, t := range p.tags {
		name := filepath.Join(dir, fmt.Sprint(i))
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		if err := errors.Join(t.module.PackRevision(f, p.root, p.commit, p.version, t.mod), f.Close()); err != nil {
			return err
		}
		if t.module.Dir != "." {
			p.tags[i].sum = withSums(t.module.Sum, lines)
			continue
		}
		whole, err := dirhash.HashZip(name, dirhash.Hash1)
		if err != nil {
			return err
		}
		mod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.mod)), nil })
		if err != nil {
			return err
		}
		lines = []string{t.module.Path + " " + p.version + " " + whole, t.module.Path + " " + p.version + "/go.mod " + mod}
	}
	return nil
}

// withSums returns a go.sum with more lines, in the order in which the go command writes it.
func withSums(sum []byte, lines []string) []byte {
	hashes := map[module.Version]string{}
	var all []module.Version
	for line := range strings.Lines(string(sum) + strings.Join(lines, "\n") + "\n") {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		v := module.Version{Path: f[0], Version: f[1]}
		if _, found := hashes[v]; !found {
			all = append(all, v)
		}
		hashes[v] = f[2]
	}
	module.Sort(all)
	var b bytes.Buffer
	for _, v := range all {
		fmt.Fprintf(&b, "%s %s %s\n", v.Path, v.Version, hashes[v])
	}
	return b.Bytes()
}

// write says what is to be made.
func (p *plan) write(out io.Writer) error {
	subject, err := git(p.root, nil, "", "log", "-1", "--format=%h %s", p.commit)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s of %s\n", p.version, subject)
	for _, t := range p.tags {
		where := "that commit"
		if t.module.Dir != "." {
			where = "a commit after it, whose " + t.module.Dir + "/go.mod requires " + p.tags[0].module.Path + " " + p.version
		}
		fmt.Fprintf(out, "  %-28s %s\n", t.name, where)
	}
	return nil
}

// names are the tags, each after a space.
func (p *plan) names() string {
	var b strings.Builder
	for _, t := range p.tags {
		b.WriteString(" " + t.name)
	}
	return b.String()
}

// nested are the tags of modules but the root.
func (p *plan) nested() []tag {
	return slices.DeleteFunc(slices.Clone(p.tags), func(t tag) bool { return t.module.Dir == "." })
}
