// Package privacybench compares what keeps personal data unreadable, findable and accounted
// for with peers that do a part of it: Tink, the standard library, and the Merkle trees of
// golang.org/x/mod.
package privacybench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const (
	libraryName  = "clientele"
	tinkName     = "Tink"
	tinkVersion  = "tink-go 2.9.0"
	standardName = "standard library"
)

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Entries   int           // of the audit log that is verified; appended is a tenth
	Values    int           // sealed, opened and indexed
	Customers int           // whose profiles are folded
	Service   time.Duration // a call of the key service
}

// each is how many entries each writer of a log on disk appends.
func (o *Options) each() int { return min(1000, max(1, o.Entries/100)) }

// suite is what the tasks share.
type suite struct {
	session *harness.Session
	table   io.Writer
	options Options
}

// Run measures all tasks and writes their table.
func Run(ctx context.Context, s *harness.Session, table io.Writer, o Options) error {
	u := &suite{session: s, table: table, options: o}
	for _, tasks := range []func(context.Context) error{u.fields, u.blind, u.keys, u.fold, u.append, u.verify, u.writers} {
		if err := tasks(ctx); err != nil {
			return err
		}
	}
	s.Report(table)
	return nil
}

// way is a way of this process, with the version of what does the work. It is not safe for
// concurrent use.
type way[A any] struct {
	harness.Way[A]

	version string
}

func (w *way[A]) Version() string { return w.version }

// equal is a harness.Task.Compare for answers that are the same.
func equal[A comparable](want, got A) error {
	if want != got {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}

// figure writes what a task took for one thing, and its target; 0: it has none.
func (u *suite) figure(what string, took time.Duration, n int, unit time.Duration, most float64) error {
	if took == 0 {
		return nil
	}
	x := float64(took) / float64(unit) / float64(n)
	name := map[time.Duration]string{time.Microsecond: "µs", time.Second: "s"}[unit]
	target, verdict := "", ""
	if most > 0 {
		target = fmt.Sprintf("at most %g %s", most, name)
		verdict = "; " + target + " is the target: met"
		if x > most {
			verdict = "; " + target + " is the target: missed"
		}
	}
	fmt.Fprintf(u.table, "%s: %.3g %s%s.\n\n", what, x, name, verdict)
	return u.session.Figures("privacy: one of many", harness.Figure{Name: what, Value: x, Unit: name, Target: target})
}

// least runs f and keeps in best the least CPU time of all runs.
func least(best *time.Duration, f func() (harness.Cost, error)) (harness.Cost, error) {
	cost, err := f()
	if err == nil && (*best == 0 || cost.CPU < *best) {
		*best = cost.CPU
	}
	return cost, err
}

// About is the introduction of the table: what is timed, and how.
func About(o Options) string {
	return fmt.Sprintf(`All on one thread but for the key service and the audit writers. What is said of one value, entry or profile is the least CPU time of the runs.

Fields: %d values of 16 bytes under 1000 keys, 100 of a customer after each other, each bound to its place, are sealed by AES-256-GCM with
random nonces, or opened. clientele makes the place of each from the name of its field; peers are given it. Tink has a keyset for each key;
the standard library is crypto/cipher alone, which is the floor. Opened, the values of all are the same.

Blind index: %d values of 16 bytes to the 16 bytes by which they are found. Tink is its HMAC PRF, which makes an HMAC for each value, as
does what is called new HMAC of the standard library; the other one uses the same again. All give the same bytes.

Keys: 64 keys that are not at hand from a service that takes %v a call, which is slept: Vault.Keys, and Vault.Key for one after the other.

Profile: of %d customers in memory, each of 5 atoms and 30 traits, all personal. Once 6 traits are said of each atom, a trait by one atom alone, which
is what the target is of, and once 30 of each. The keys are at hand: the cache holds all. Beside it the same with the default cache of 1024 keys,
where nearly every key of 2000 customers is read and unwrapped again, and the same where nothing is sealed. The results are the same. Reading
from the store, decryption and decoding are part of it.

Audit: entries of some 190 bytes are appended and sealed, 1000 at a time, in memory, each batch with its checkpoint signed by Ed25519. With
store.Memory is the whole; without the store is the same less the time in the store, which is what the target is of. tlog is given the leaves
and makes the hashes of the tree alone: nothing is checked, encoded, found by customer, written or signed. Verified are %d entries; tlog
computes their root. The roots of all are the same.

Audit writers: 1 and 16 of them append %d entries each, one at a time, to a log in Pebble in a temporary folder, each entry on disk before the
writer's next, while one sealer seals without a pause. Wall time, the best of the runs. Then the log is verified.
`, o.Values, o.Values, o.Service, o.Customers, o.Entries, o.each())
}
