package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/store"
)

func TestRun(t *testing.T) {
	const origin = "shop.example/audit"
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	l, err := audit.Open(new(store.Memory), &audit.Options{Origin: origin, Signer: signer, Verifier: verifier})
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	var first audit.Checkpoint
	for i := range 3 {
		require.NoError(t, l.Append(t.Context(), &audit.Entry{Time: now, Actor: "a", Action: "read", Object: strings.Repeat("x", i)}))
		c, _, err := l.Seal(t.Context(), now)
		require.NoError(t, err)
		if i == 0 {
			first = c
		}
	}
	var export bytes.Buffer
	require.NoError(t, l.Export(t.Context(), &export))
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	key, trusted := file("key", public+"\n"), file("trusted", first.Text)
	good, bad := file("good", export.String()), file("bad", strings.Replace(export.String(), `"a"`, `"b"`, 1))
	half := file("half", export.String()[:export.Len()/2])
	for name, c := range map[string]struct {
		args   []string
		in     string
		status int
		out    string
	}{
		"good":           {[]string{"-origin", origin, "-key", key, "-trusted", trusted, good}, "", 0, "shop.example/audit: 3 entries, 0 of them past their retention, sealed 2026-03-01 08:00:00Z\nall as it was sealed; the signature is good; goes on from 1 trusted checkpoints\n"},
		"standard input": {[]string{"-origin", origin}, export.String(), 0, "signature was not looked at"},
		"altered":        {[]string{"-origin", origin, "-key", key, bad}, "", 1, "root altered: 3"},
		"cut":            {[]string{"-origin", origin, half}, "", 2, "line"},
		"no export":      {[]string{"-origin", origin}, "", 2, "line 1"},
		"another log":    {[]string{good}, "", 2, "no checkpoint"},
		"no file":        {[]string{filepath.Join(dir, "none")}, "", 2, "none"},
		"no key":         {[]string{"-key", good, good}, "", 2, "key"},
		"forged trust":   {[]string{"-origin", origin, "-key", key, "-trusted", good, good}, "", 2, "tampered"},
		"two":            {[]string{good, good}, "", 2, "one export"},
		"flag":           {[]string{"-what"}, "", 2, "flag"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Equal(t, c.status, run(t.Context(), c.args, strings.NewReader(c.in), &out, &out), out.String())
			require.Contains(t, out.String(), c.out)
		})
	}
}
