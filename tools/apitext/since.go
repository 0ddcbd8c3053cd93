package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/mod/semver"
)

// unsaid lists the lines of the last release that are gone from now and that the changelog since then does not speak of: it
// has to name what is gone, or the type that had it, between backquotes. From v1 on no line may go. Without a release, or
// outside of a repository of git, there are none.
func unsaid(root, out string, now map[string][]string) (lines []string, err error) {
	release, err := lastRelease(root)
	if release == "" || err != nil {
		return nil, err
	}
	was, err := released(root, release, out)
	if err != nil {
		return nil, err
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	news, _, _ := strings.Cut(string(changelog), "\n## "+release)
	said := map[string]bool{}
	for _, code := range regexp.MustCompile("`[^`\n]+`").FindAllString(news, -1) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(code, -1) {
			said[word] = true
		}
	}
	for _, change := range diff(was, now) {
		_, line, gone := strings.Cut(change, ": - ")
		if !gone {
			continue
		}
		owner, name := names(line)
		if semver.Major(release) != "v0" || !said[owner] && !said[name] {
			lines = append(lines, change+" (in "+release+")")
		}
	}
	return lines, nil
}

var (
	member = regexp.MustCompile(`^type (\w+).*? (?:struct|interface), (?:embedded )?\W*(\w+)`)
	method = regexp.MustCompile(`^method \(\*?(\w+)[^)]*\) (\w+)`)
	other  = regexp.MustCompile(`^\w+ ((\w+))`)
)

// names are what a line of the API declares and, of fields and methods, the type that has it.
func names(line string) (owner, name string) {
	for _, form := range []*regexp.Regexp{member, method, other} {
		if found := form.FindStringSubmatch(line); found != nil {
			return found[1], found[2]
		}
	}
	return "", ""
}

// lastRelease is the newest version that HEAD comes after, "" for none.
func lastRelease(root string) (release string, err error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		return "", nil
	}
	tags, err := git(root, "tag", "--list", "v*", "--merged", "HEAD")
	if err != nil {
		return "", err
	}
	for tag := range strings.FieldsSeq(tags) {
		if semver.IsValid(tag) && semver.Prerelease(tag) == "" && semver.Compare(tag, release) > 0 {
			release = tag
		}
	}
	return release, nil
}

// released is the API of a release by file name.
func released(root, release, out string) (map[string][]string, error) {
	found, err := git(root, "ls-tree", "--name-only", release, filepath.ToSlash(out)+"/")
	if err != nil {
		return nil, err
	}
	files := map[string][]string{}
	for name := range strings.FieldsSeq(found) {
		text, err := git(root, "show", release+":"+name)
		if err != nil {
			return nil, err
		}
		files[path.Base(name)] = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	return files, nil
}

func git(root string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}
