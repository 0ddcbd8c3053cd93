// Command onecustomer shows how records of a shop, an app, a mini-program and a call
// centre become customers, and what is known of one, with the provenance of every value;
// how a wrong merge is found, explained and undone; what it was, and was known, when; who
// may see what of it; and how the customer is erased.
//
//	go run ./examples/onecustomer
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onecustomer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer) error {
	d, err := newDesk(ctx, w)
	if err != nil {
		return err
	}
	for i, part := range []struct {
		title string
		steps []func(context.Context) error
	}{
		{"Who is who", []func(context.Context) error{d.observe, d.customers}},
		{"One profile, of four channels", []func(context.Context) error{d.profiles, d.aside, d.review, d.explain}},
		{"A wrong merge is undone", []func(context.Context) error{d.undo, d.settle, d.customers, d.explain, d.profiles, d.neverMerged}},
		{"Then, now and next", []func(context.Context) error{d.timeline, d.known, d.next}},
		{"What others were told", []func(context.Context) error{d.follow, d.handed}},
		{"Who may see what", []func(context.Context) error{d.agree, d.views, d.find}},
		{"A consent is withdrawn", []func(context.Context) error{d.withdraw, d.again}},
		{"Erased, and proven gone", []func(context.Context) error{d.give, d.erase, d.replay, d.inspect}},
	} {
		d.p.title(fmt.Sprintf("%d. %s", i+1, part.title))
		for _, step := range part.steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	return d.p.err
}
