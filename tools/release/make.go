package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// make makes the commit of the nested modules and all tags, or none of the tags.
func (p *plan) make() error {
	published, err := p.publish()
	if err != nil {
		return err
	}
	var made []string
	for _, t := range p.tags {
		commit := published
		if t.module.Dir == "." {
			commit = p.commit
		}
		if _, err := git(p.root, nil, "", "tag", "--annotate", "--message", t.module.Path+" "+p.version, t.name, commit); err != nil {
			for _, name := range made {
				_, failed := git(p.root, nil, "", "tag", "--delete", name)
				err = errors.Join(err, failed)
			}
			return err
		}
		made = append(made, t.name)
	}
	return nil
}

// publish makes a commit on top of the one that is released, in which go.mod and go.sum of the nested modules are as published.
// No branch points to it, and the working tree stays as it is.
func (p *plan) publish() (commit string, err error) {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}
	if _, err := git(p.root, index, "", "read-tree", p.commit); err != nil {
		return "", err
	}
	for _, t := range p.nested() {
		for name, text := range map[string][]byte{"go.mod": t.mod, "go.sum": t.sum} {
			blob, err := git(p.root, nil, string(text), "hash-object", "-w", "--stdin")
			if err != nil {
				return "", err
			}
			if _, err := git(p.root, index, "", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path.Join(t.module.Dir, name)); err != nil {
				return "", err
			}
		}
	}
	tree, err := git(p.root, index, "", "write-tree")
	if err != nil {
		return "", err
	}
	message := fmt.Sprintf("%s: nested modules require it, and replace nothing", p.version)
	return git(p.root, nil, message, "commit-tree", tree, "-p", p.commit, "-F", "-")
}

// git runs git in the root and returns what it prints, without space around it.
func git(root string, env []string, in string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
