// Command auditverify checks the export of an audit log without the store it came from:
//
//	auditverify -origin shop.example/audit -key audit.pub -trusted january.txt export.jsonl
//
// -key names a file with the public key of the log's signer, as golang.org/x/mod/sumdb/note writes
// it; without it the signature is not looked at. -trusted names a file with the text of a
// checkpoint that was given away earlier, and may be repeated. The export is read from the
// standard input where no file is named. The exit status is 0 if all is as it was sealed, 1 if
// not, and 2 if that cannot be told.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/audit"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command, and returns the exit status.
func run(ctx context.Context, args []string, in io.Reader, out, problems io.Writer) int {
	flags := flag.NewFlagSet("auditverify", flag.ContinueOnError)
	flags.SetOutput(problems)
	origin := flags.String("origin", audit.DefaultOrigin, "origin of the log")
	key := flags.String("key", "", "`file` with the public key of its signer")
	var trusted []string
	flags.Func("trusted", "`file` with a checkpoint to go on from", func(name string) error {
		trusted = append(trusted, name)
		return nil
	})
	if flags.Parse(args) != nil {
		return 2
	}
	ok, err := check(ctx, *origin, *key, trusted, flags.Args(), in, out)
	switch {
	case err != nil:
		fmt.Fprintln(problems, "auditverify:", err)
		return 2
	case !ok:
		return 1
	}
	return 0
}

// check verifies an export and tells of it.
func check(ctx context.Context, origin, key string, trusted, files []string, in io.Reader, out io.Writer) (ok bool, err error) {
	opts := &audit.VerifyOptions{}
	if key != "" {
		text, err := os.ReadFile(key)
		if err != nil {
			return false, err
		}
		if opts.Verifier, err = note.NewVerifier(strings.TrimSpace(string(text))); err != nil {
			return false, fmt.Errorf("key: %w", err)
		}
	}
	for _, name := range trusted {
		text, err := os.ReadFile(name)
		if err != nil {
			return false, err
		}
		c, err := audit.ParseCheckpoint(string(text), origin, opts.Verifier)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		opts.Trusted = append(opts.Trusted, c)
	}
	switch len(files) {
	case 0:
	case 1:
		f, err := os.Open(files[0])
		if err != nil {
			return false, err
		}
		defer f.Close()
		in = f
	default:
		return false, fmt.Errorf("one export at a time, not %d", len(files))
	}
	c, found, err := audit.VerifyExport(ctx, in, origin, opts)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "%s: %d entries, %d of them past their retention, sealed %s\n", c.Origin, found.Size, found.First, c.Time.Format("2006-01-02 15:04:05Z07:00"))
	signed := "the signature is good"
	if opts.Verifier == nil {
		signed = "the signature was not looked at"
	}
	if len(found.Faults) == 0 {
		fmt.Fprintf(out, "all as it was sealed; %s; goes on from %d trusted checkpoints\n", signed, len(opts.Trusted))
		return true, nil
	}
	for _, f := range found.Faults {
		fmt.Fprintln(out, f)
	}
	if found.More > 0 {
		fmt.Fprintf(out, "and %d more\n", found.More)
	}
	return false, nil
}
