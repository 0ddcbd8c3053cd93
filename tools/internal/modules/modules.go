// Package modules knows the modules of the repository, and the form in which they are published.
package modules

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Module is one of modules.txt. It is not safe for concurrent use.
type Module struct {
	Dir   string   // below the root, with slashes; "." for the root
	Path  string   // what its go.mod says
	Flags []string // of modules.txt
	Mod   []byte   // its go.mod
	Sum   []byte   // its go.sum; empty: it has none
}

// Read returns the modules of modules.txt in its order, the root first.
func Read(root string) ([]*Module, error) {
	list, err := os.ReadFile(filepath.Join(root, "modules.txt"))
	if err != nil {
		return nil, err
	}
	var all []*Module
	for l := range strings.Lines(string(list)) {
		l, _, _ = strings.Cut(l, "#")
		fields := strings.Fields(l)
		if len(fields) == 0 {
			continue
		}
		m := &Module{Dir: path.Clean(fields[0]), Flags: fields[1:]}
		dir := filepath.Join(root, filepath.FromSlash(m.Dir))
		if m.Mod, err = os.ReadFile(filepath.Join(dir, "go.mod")); err != nil {
			return nil, err
		}
		if m.Sum, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		if m.Path = modfile.ModulePath(m.Mod); m.Path == "" {
			return nil, fmt.Errorf("%s: go.mod names no module", m.Dir)
		}
		all = append(all, m)
	}
	if len(all) == 0 || all[0].Dir != "." {
		return nil, fmt.Errorf("modules.txt does not begin with the root module")
	}
	return all, nil
}

// Published returns those that others import, which have the flag api.
func Published(all []*Module) []*Module {
	return slices.DeleteFunc(slices.Clone(all), func(m *Module) bool { return !slices.Contains(m.Flags, "api") })
}

// Tag is the name of the tag of a version.
func (m *Module) Tag(version string) string {
	if m.Dir == "." {
		return version
	}
	return m.Dir + "/" + version
}

// Publish returns the go.mod of a module as it is published: it requires the root module at the version, and replaces
// nothing. The module has to be one of all. It is an error if it needs one of the others, or something that it
// replaces by anything but our own directory, since nobody could build it then.
func (m *Module) Publish(all []*Module, version string) ([]byte, error) {
	root := all[0].Path
	if want := path.Join(root, m.Dir); m.Path != want {
		return nil, fmt.Errorf("%s: go.mod names %s instead of %s", m.Dir, m.Path, want)
	}
	f, err := modfile.Parse(path.Join(m.Dir, "go.mod"), m.Mod, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Clone(f.Replace) {
		if m.Path == root || r.Old.Path != root || r.New.Version != "" || path.Join(m.Dir, r.New.Path) != "." {
			return nil, fmt.Errorf("%s: go.mod replaces %s by %s: what is published may replace the root module by its directory only", m.Dir, r.Old.Path, r.New.Path)
		}
		if err := f.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return nil, err
		}
	}
	for _, r := range slices.Clone(f.Require) {
		if r.Mod.Path != root && !strings.HasPrefix(r.Mod.Path, root+"/") {
			continue
		}
		if m.Path == root || r.Mod.Path != root {
			return nil, fmt.Errorf("%s: go.mod requires %s: of our own, what is published may require the root module only", m.Dir, r.Mod.Path)
		}
		if err := f.AddRequire(root, version); err != nil {
			return nil, err
		}
	}
	f.Cleanup()
	return f.Format()
}
