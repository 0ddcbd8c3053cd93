// Command onecustomer shows how records of a shop, an app, a mini-program and a call
// centre become customers, and what is known of one, with the provenance of every value;
// how a wrong merge is found, explained and undone; what it was, and was known, when; what
// segments and models are told of it; who may see what of it; and how the customer is erased.
//
//	go run ./examples/onecustomer
//
// records.csv and events.csv are what came in, schema.json says what is known of customers and rights.json who may see
// it. data.go and declared.go read them, desk.go opens the library and takes them in, print.go writes; each of the other
// files shows a part.
package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// ctx ends with the program.
var ctx = context.Background()

func main() { run(os.Stdout) }

func run(w io.Writer) {
	d := open()
	for i, part := range []struct {
		title string
		steps []func()
	}{
		{"Who is who", []func(){d.observe, d.customers}},
		{"One profile, of four channels", []func(){d.profiles, d.aside, d.review, d.explain}},
		{"A wrong merge is undone", []func(){d.undo, func() { d.sync(now) }, d.customers, d.explain, d.profiles, d.neverMerged}},
		{"Then, now and next", []func(){d.timeline, d.known, d.next}},
		{"What others were told", []func(){d.follow, d.handed}},
		{"Who may see what", []func(){d.agree, func() { d.see(now, readers...) }, d.find, func() { d.seal(now) }}},
		{"A consent is withdrawn", []func(){d.withdraw, func() { d.seal(now.Add(2 * time.Hour)) }}},
		{"Erased, and proven gone", []func(){d.give, d.erase, func() { d.seal(now.Add(4 * time.Hour)) }}},
		{"Nobody comes back, and the log tells who saw and did what", []func(){d.replay, d.inspect}},
	} {
		d.begin(fmt.Sprintf("%d. %s", i+1, part.title))
		for _, step := range part.steps {
			step()
		}
		d.end(w)
	}
}

// must returns v. Nothing is to be done about an error in this program: it ends.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// each yields what a sequence yields, without errors.
func each[T any](all iter.Seq2[T, error]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for v, err := range all {
			if check(err); !yield(v) {
				return
			}
		}
	}
}
