package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readFiles returns the lines of every API text in dir by file name; a directory that does not exist has none.
func readFiles(dir string) (map[string][]string, error) {
	files := make(map[string][]string)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".txt" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	return files, nil
}

// writeFiles makes dir hold exactly the files of now; was are those it holds already.
func writeFiles(dir string, was, now map[string][]string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name := range was {
		if _, ok := now[name]; ok {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for name, lines := range now {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// diff lists the lines that only one side has, each with its file: "-" was, "+" is now.
func diff(was, now map[string][]string) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(was)), maps.Keys(now))
	slices.Sort(names)
	var changes []string
	for _, name := range slices.Compact(names) {
		for _, line := range was[name] {
			if !slices.Contains(now[name], line) {
				changes = append(changes, name+": - "+line)
			}
		}
		for _, line := range now[name] {
			if !slices.Contains(was[name], line) {
				changes = append(changes, name+": + "+line)
			}
		}
	}
	return changes
}
