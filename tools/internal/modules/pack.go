package modules

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// file is one of a module's zip. It is safe for concurrent reads.
type file struct {
	path string
	text []byte
}

func (f file) Path() string                 { return f.path }
func (f file) Lstat() (os.FileInfo, error)  { return info{f}, nil }
func (f file) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.text)), nil }

// info is what a zip has to know of a file. It is safe for concurrent reads.
type info struct{ file }

func (i info) Name() string       { return i.path }
func (i info) Size() int64        { return int64(len(i.text)) }
func (i info) Mode() os.FileMode  { return 0o644 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// Pack writes the zip of a module as its directory is now, with the given go.mod.
func (m *Module) Pack(w io.Writer, root, version string, mod []byte) error {
	dir := filepath.Join(root, filepath.FromSlash(m.Dir))
	checked, err := modzip.CheckDir(dir)
	if err != nil {
		return err
	}
	var files []modzip.File
	for _, name := range checked.Valid {
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(below), text})
	}
	licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	return m.pack(w, version, mod, licence, files)
}

// PackRevision is Pack of a commit.
func (m *Module) PackRevision(w io.Writer, root, revision, version string, mod []byte) error {
	var archive, complaint bytes.Buffer
	// As the go command does it, for the same bytes with any settings of git.
	cmd := exec.Command("git", "-c", "core.autocrlf=input", "-c", "core.eol=lf", "archive", "--format=zip", revision)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &archive, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("git archive: %w: %s", err, complaint.String())
	}
	z, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		return err
	}
	var files []modzip.File
	var licence []byte
	for _, f := range z.File {
		below := f.Name
		if m.Dir != "." {
			below, _ = strings.CutPrefix(f.Name, m.Dir+"/")
		}
		if strings.HasSuffix(f.Name, "/") || !f.Mode().IsRegular() || m.Dir != "." && below == f.Name && f.Name != "LICENSE" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if f.Name == "LICENSE" {
			licence = text
		}
		if m.Dir == "." || below != f.Name {
			files = append(files, file{below, text})
		}
	}
	if licence == nil {
		return fmt.Errorf("%s has no LICENSE", revision)
	}
	return m.pack(w, version, mod, licence, files)
}

// pack writes the files with another go.mod and, as the go command does, with the licence of the root if there is none.
func (m *Module) pack(w io.Writer, version string, mod, licence []byte, files []modzip.File) error {
	licensed, named := false, false
	for i, f := range files {
		switch f.Path() {
		case "go.mod":
			files[i], named = file{"go.mod", mod}, true
		case "LICENSE":
			licensed = true
		}
	}
	if !named {
		return fmt.Errorf("%s: no go.mod among its files", m.Dir)
	}
	if !licensed {
		files = append(files, file{"LICENSE", licence})
	}
	return modzip.Create(w, module.Version{Path: m.Path, Version: version}, files)
}
