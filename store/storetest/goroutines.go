package storetest

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// Goroutines inherit the labels of the one that starts them, so that those of one
// rule are found among all that the process runs, whatever else runs beside it.

// stacks returns where the goroutines of the rule are, and how many there are.
func (x *attempt) stacks() (text string, n int) {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return fmt.Sprintf("no goroutine profile: %v", err), 0
	}
	var mine []string
	for block := range strings.SplitSeq(b.String(), "\n\n") {
		// A block is "2 @ 0x483a2e ...", a line of labels, and the stack of two goroutines.
		count, _, _ := strings.Cut(block, " @")
		if _, stack, found := strings.Cut(block, fmt.Sprintf("{%q:%q}\n", labelKey, x.label)); found {
			k, _ := strconv.Atoi(count[strings.LastIndex(count, "\n")+1:])
			n += k
			mine = append(mine, fmt.Sprintf("%d at\n%s", k, stack))
		}
	}
	return strings.Join(mine, "\n"), n
}

// goroutines waits until at most n goroutines of the rule are left, and returns
// how many there are, and where.
func (x *attempt) goroutines(n int) (int, string) {
	patience := min(10*time.Second, x.options.Timeout/4)
	for begin, wait := time.Now(), time.Millisecond; ; wait *= 2 {
		text, left := x.stacks()
		if left <= n || time.Since(begin) > patience {
			return left, text
		}
		time.Sleep(min(wait, patience/4))
	}
}

// pause lets others run.
func pause() { time.Sleep(20 * time.Microsecond) }
