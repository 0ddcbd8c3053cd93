package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/clientele-go/clientele/store"
)

func Example() {
	ctx := context.Background()
	var s store.Memory // or sqlite.Open, sqlstore.Open, an adapter of your own

	var b store.Batch
	b.Put([]byte("customer/1"), []byte("Anna"))
	b.Put([]byte("customer/2"), []byte("Bo"))
	version, err := s.Commit(ctx, &b)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Two change the same customer; the second has not seen what the first wrote.
	for _, name := range []string{"Anne", "Ann"} {
		var change store.Batch
		change.If([]byte("customer/1"), version)
		change.Put([]byte("customer/1"), []byte(name))
		_, err := s.Commit(ctx, &change)
		fmt.Println(name, "conflict:", errors.Is(err, store.ErrConflict))
	}

	for e, err := range s.Scan(ctx, store.Under([]byte("customer/"))) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s\n", e.Key, e.Value)
	}
	// Output:
	// Anne conflict: false
	// Ann conflict: true
	// customer/1 Anne
	// customer/2 Bo
}

func ExampleUpdate() {
	ctx := context.Background()
	var s store.Memory
	key := []byte("visits")
	for range 3 {
		_, err := store.Update(ctx, &s, nil, func(ctx context.Context) (*store.Batch, error) {
			entries, err := s.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			visits := uint64(0)
			if e := entries[0]; e.Version != 0 {
				visits = binary.BigEndian.Uint64(e.Value)
			}
			var b store.Batch
			b.If(key, entries[0].Version)
			b.Put(key, binary.BigEndian.AppendUint64(nil, visits+1))
			return &b, nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	entries, _ := s.Get(ctx, key)
	fmt.Println(binary.BigEndian.Uint64(entries[0].Value))
	// Output: 3
}

func ExampleOnce() {
	ctx := context.Background()
	var s store.Memory
	for range 2 { // the message that asks for it arrives twice
		_, before, err := store.Once(ctx, &s, []byte("done/mail-17"), nil, func(context.Context) (*store.Batch, error) {
			var b store.Batch
			b.Put([]byte("points/anna"), []byte("100"))
			return &b, nil
		})
		fmt.Println("done before:", before, err)
	}
	// Output:
	// done before: false <nil>
	// done before: true <nil>
}

func ExamplePrefixed() {
	ctx := context.Background()
	var database store.Memory
	for _, tenant := range []string{"north/", "south/"} {
		s, err := store.Prefixed(&database, []byte(tenant))
		if err != nil {
			fmt.Println(err)
			return
		}
		var b store.Batch
		b.Put([]byte("name"), []byte(tenant))
		if _, err := s.Commit(ctx, &b); err != nil {
			fmt.Println(err)
		}
	}
	if err := store.Dump(ctx, &database, store.Range{}, os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"key":"north/name","version":1,"raw":"bm9ydGgv"}
	// {"key":"south/name","version":2,"raw":"c291dGgv"}
}

func ExampleObserved() {
	ctx := context.Background()
	s := store.Observed(new(store.Memory), func(_ context.Context, c store.Call) func(store.Outcome) {
		return func(o store.Outcome) { fmt.Println(c.Method, c.Keys, c.Bytes, o.Entries, o.Err) }
	})
	var b store.Batch
	b.Put([]byte("key"), []byte("value"))
	_, _ = s.Commit(ctx, &b)
	_, _ = s.Get(ctx, []byte("key"), []byte("other"))
	_ = s.Close()
	// Output:
	// Commit 1 8 0 <nil>
	// Get 2 0 1 <nil>
	// Close 0 0 0 <nil>
}
