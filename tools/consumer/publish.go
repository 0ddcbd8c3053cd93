package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/clientele-go/clientele/tools/internal/modules"
)

// publish writes a module to the proxy.
func publish(proxy, root, version string, all []*modules.Module, m *modules.Module) error {
	mod, err := m.Publish(all, version)
	if err != nil {
		return err
	}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]string{"Version": version})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": mod} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	zip, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		return err
	}
	return errors.Join(m.Pack(zip, root, version, mod), zip.Close())
}

// packagesOf lists the packages that others can import.
func packagesOf(ctx context.Context, root string, published []*modules.Module) (packages []string, err error) {
	for _, m := range published {
		text, err := command(ctx, filepath.Join(root, filepath.FromSlash(m.Dir)), os.Environ(),
			"go", "list", "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
		if err != nil {
			return nil, err
		}
		for p := range strings.FieldsSeq(text) {
			if !slices.Contains(strings.Split(p, "/"), "internal") && !strings.HasPrefix(p, published[0].Path+"/examples/") {
				packages = append(packages, p)
			}
		}
	}
	return packages, nil
}

// imports is a file that imports packages for their own sake.
func imports(packages []string) []byte {
	var b bytes.Buffer
	b.WriteString("package main\n\nimport (\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "_ %q\n", p)
	}
	b.WriteString(")\n")
	text, err := format.Source(b.Bytes())
	if err != nil {
		panic(err) // paths of packages are no Go
	}
	return text
}

// gomod is that of the program: all modules at the version, and no word on how to find them.
func gomod(published []*modules.Module, version string) []byte {
	var b bytes.Buffer
	b.WriteString("module example.com/consumer\n\ngo 1.26.0\n\nrequire (\n")
	for _, m := range published {
		fmt.Fprintf(&b, "\t%s %s\n", m.Path, version)
	}
	b.WriteString(")\n")
	return b.Bytes()
}

// sums are the hashes of other modules that we know, so that none has to be asked for.
func sums(published []*modules.Module) []byte {
	lines := map[string]bool{}
	for _, m := range published {
		for l := range strings.Lines(string(m.Sum)) {
			lines[l] = true
		}
	}
	return []byte(strings.Join(slices.Sorted(maps.Keys(lines)), ""))
}

// made wants a binary, by what "go version -m" says of it, to be made of the modules as published.
func made(built string, published []*modules.Module, version string) error {
	if strings.Contains(built, "\n\t=>\t") {
		return fmt.Errorf("a module is replaced:\n%s", built)
	}
	for _, m := range published {
		if !strings.Contains(built, "\n\tdep\t"+m.Path+"\t"+version+"\t") {
			return fmt.Errorf("not made of %s %s:\n%s", m.Path, version, built)
		}
	}
	return nil
}
