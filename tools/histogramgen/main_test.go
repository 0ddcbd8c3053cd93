package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	if err := generator.Run(dir, false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "zhistogram_amd64.s"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("VDIVPD")) {
		t.Fatal("no division")
	}
}
