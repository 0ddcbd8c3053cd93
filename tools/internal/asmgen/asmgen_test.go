package asmgen

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mmcloughlin/avo/build"
)

func TestCheck(t *testing.T) {
	g := &Generator{Package: "nothing", Build: func(c *build.Context) {
		c.Function("nothing")
		c.SignatureExpr("func()")
		c.RET()
	}}
	dir := t.TempDir()
	if err := g.Run(dir, true); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("checking an empty folder: %v", err)
	}
	for _, check := range []bool{false, true} {
		if err := g.Run(dir, check); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "znothing_amd64.s")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[1:], 0o666); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(dir, true); err == nil || !strings.Contains(err.Error(), "make generate") {
		t.Fatalf("checking a changed file: %v", err)
	}
}
