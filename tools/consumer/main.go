// Command consumer is a user of the library before there is one: it publishes every module to a proxy in a folder, in the form in
// which a release publishes it, and builds and runs a program that imports all their packages from there, without replace.
//
// Usage:
//
//	consumer [-root dir] [-version v]
//
// What is published is what the directories hold. Other modules come from the download cache of the go command where it has
// them. Nothing of ours is left in that cache.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/clientele-go/clientele/tools/internal/modules"
)

//go:embed program/main.go.txt
var program []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := flag.String("root", ".", "`directory` of the root module")
	version := flag.String("version", "v0.0.1-consumer", "version to publish")
	flag.Parse()
	if err := run(ctx, *root, *version, program); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

// run publishes the modules below root, and builds and runs a program that uses them.
func run(ctx context.Context, root, version string, program []byte) (err error) {
	all, err := modules.Read(root)
	if err != nil {
		return err
	}
	published := modules.Published(all)
	dir, err := os.MkdirTemp("", "consumer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	proxy, user := filepath.Join(dir, "proxy"), filepath.Join(dir, "user")
	for _, m := range published {
		if err := publish(proxy, root, version, all, m); err != nil {
			return err
		}
	}
	packages, err := packagesOf(ctx, root, published)
	if err != nil {
		return err
	}
	if err := os.Mkdir(user, 0o777); err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"main.go": program, "imports.go": imports(packages), "go.mod": gomod(published, version), "go.sum": sums(published),
	} {
		if err := os.WriteFile(filepath.Join(user, name), text, 0o666); err != nil {
			return err
		}
	}
	env, err := environment(ctx, root, proxy, filepath.Join(dir, "mod"), all[0].Path)
	if err != nil {
		return err
	}
	binary := filepath.Join(dir, "program")
	if _, err := command(ctx, user, env, "go", "build", "-o", binary, "."); err != nil {
		return err
	}
	built, err := command(ctx, user, env, "go", "version", "-m", binary)
	if err != nil {
		return err
	}
	if err := made(built, published, version); err != nil {
		return err
	}
	_, err = command(ctx, dir, env, binary)
	return err
}

// environment is that of a stranger, for whom only our modules are new. His cache of modules is a folder of its own; what
// the caller's has downloaded is a second proxy.
func environment(ctx context.Context, root, proxy, cache, ours string) ([]string, error) {
	text, err := command(ctx, root, os.Environ(), "go", "env", "GOMODCACHE", "GOPROXY")
	if err != nil {
		return nil, err
	}
	usual, next, _ := strings.Cut(strings.TrimSpace(text), "\n")
	proxies := []string{"file://" + filepath.ToSlash(proxy), "file://" + filepath.ToSlash(filepath.Join(usual, "cache", "download")), next}
	return append(os.Environ(),
		"GOWORK=off", "GOMODCACHE="+cache, "GOPROXY="+strings.Join(proxies, ","), "GOPRIVATE=", "GONOPROXY=", "GONOSUMDB="+ours,
		// Paths of the folder would be part of what is compiled: without them the build cache knows the other modules.
		"GOFLAGS=-mod=mod -modcacherw -trimpath", "CGO_ENABLED=0"), nil
}

// command runs a program and returns what it prints.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, &out, &complaint)
	}
	return out.String(), nil
}
