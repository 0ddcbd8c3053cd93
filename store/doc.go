// Package store is the one storage contract of the library: where does the data
// live, and how does it stay whole when many write at once?
//
//	var s store.Memory // or sqlite.Open, sqlstore.Open, an adapter of your own
//
//	var b store.Batch
//	b.Put([]byte("customer/1"), []byte("Anna"))
//	version, err := s.Commit(ctx, &b)
//	...
//	var change store.Batch
//	change.If([]byte("customer/1"), version) // only if nobody has written it since
//	change.Put([]byte("customer/1"), []byte("Anne"))
//	_, err = s.Commit(ctx, &change)
//	fmt.Println(errors.Is(err, store.ErrConflict))
//
//	for e, err := range s.Scan(ctx, store.Under([]byte("customer/"))) {
//		...
//		fmt.Println(e.Key, e.Value)
//	}
//
// The package example has it whole.
//
// [Store] is a small interface over ordered byte keys. A team writes it once for
// the database it already runs, proves the adapter with storetest.Run, and every
// package that keeps something works on it. [Memory] is the store of tests and
// small programs, and the reference the suite measures others by.
//
// # Concepts
//
// Every key that is there has a [Version], which is never used twice for that key.
// A [Batch] writes several keys under conditions on versions, all or nothing; that
// is the only way to write. There are no transactions that stay open between
// calls: who wants to change what it has read commits under the condition that it
// is still so, and begins again on [ErrConflict]. [Update] is that loop, [Once]
// the loop for work that must not happen twice though the answer to a commit may
// be lost.
//
// Wrappers change a store from outside: [Prefixed] gives a tenant or a library its
// own part of the keys, [ReadOnly] forbids commits, [Observed] reports every call,
// [Limited] lowers the limits. An ability that not every database has is an
// interface of one method, found through wrappers by [As].
package store
