package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir, true); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("checking an empty folder: %v", err)
	}
	for _, check := range []bool{false, true} {
		if err := run(dir, check); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "znearest_amd64.s")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("VFMADD231PD")) {
		t.Fatal("no fused multiply and add")
	}
	if err := os.WriteFile(name, text[1:], 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err == nil || !strings.Contains(err.Error(), "make generate") {
		t.Fatalf("checking a changed file: %v", err)
	}
}
