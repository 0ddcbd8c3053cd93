// Package storetest answers the question whether a store can be trusted: does it
// keep the contract of package store, and how fast is it?
//
// The author of an adapter writes one test, in which dir stands for a place with
// data of its own, a directory of the file system or a name for a schema:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(ctx context.Context, dir string) (store.Store, error) {
//			return mystore.Open(ctx, filepath.Join(dir, "data"))
//		})
//	}
//
//	func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
//
// Each of the [Rules] is a subtest, as TestStore/scan/limit-reverse, and says in its
// failure what it asks for and what breaks where a store does not do it. [Check] does
// the same without a test and returns a [Report].
//
// # What is checked
//
// Most rules make some calls and look at what they return. Beyond that, random
// sequences of calls are held against a sorted map and, where they differ, shrunk
// to a short script; what several goroutines saw at once is checked for
// linearizability; goroutines that a store leaves behind are counted by the labels
// that they inherit, whatever else runs in the process; and a rule that does not
// come to an end is broken, with the stacks of its goroutines.
//
// Of a store that is [store.Durable] a process is killed at random moments, and what
// it acknowledged must be there when the store is opened again, each batch entirely or
// not at all. That is the end of a process: what it wrote is still in the hands of the
// operating system. Whether a store asks the disk to keep it, which only a power cut
// would show, no rule can tell; nor whether several processes or machines may have it
// open at a time.
//
// Chance comes from fixed seeds. What depends on the scheduler, the rules with
// goroutines and kills, may take several runs to show a rare fault; -count helps.
package storetest
