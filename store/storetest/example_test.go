package storetest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

// A test calls Run; what has no test, a program that looks at a database before it
// is used say, calls Check.
func Example() {
	open := func(_ context.Context, dir string) (store.Store, error) {
		return new(store.Memory), nil // a real one keeps its data in dir
	}
	report, err := storetest.Check(context.Background(), open, &storetest.Options{
		Select: func(r storetest.Rule) bool { return strings.HasPrefix(r.Name, "scan/") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	// Output: 20 rules: all kept
}

// A rule says what a store does, and why it matters.
func ExampleRules() {
	for _, r := range storetest.Rules() {
		if r.Name == "scan/to" {
			fmt.Println(r.Does)
			fmt.Println(r.Why)
		}
	}
	// Output:
	// To is excluded.
	// Ranges side by side would count an entry twice.
}

// forgetful keeps a store but for its empty values.
type forgetful struct{ store.Store }

func (f forgetful) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	c := store.Batch{Conditions: b.Conditions}
	for _, w := range b.Writes {
		w.Delete = w.Delete || len(w.Value) == 0
		c.Writes = append(c.Writes, w)
	}
	return f.Store.Commit(ctx, &c)
}

// The report tells which rule is broken, and what was seen.
func ExampleReport() {
	open := func(context.Context, string) (store.Store, error) { return forgetful{new(store.Memory)}, nil }
	report, err := storetest.Check(context.Background(), open, &storetest.Options{
		Select: func(r storetest.Rule) bool { return strings.HasPrefix(r.Name, "value/") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report)
	// Output:
	// 4 rules: 3 broken, 1 kept
	// broken  value/empty: key "a" is not there, want value ""
	// broken  value/sizes: key "v\x00" is not there, want value ""
	// broken  value/replaced: key "key" is not there, want value ""
}
