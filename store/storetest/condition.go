package storetest

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

var conditionRules = []Rule{
	{
		Name:  "condition/absent",
		Does:  "A condition with version 0 holds while the key is not there, and only then.",
		Why:   "Two imports that meet the same new customer must not both make it.",
		check: conditionAbsent,
	},
	{
		Name:  "condition/present",
		Does:  "A condition with the version just read, by Get, Scan or Commit, holds.",
		Why:   "Read, change, commit is how everything is written.",
		check: conditionPresent,
	},
	{
		Name:  "condition/stale",
		Does:  "A condition with an older version of the key is ErrConflict and nothing is written.",
		Why:   "What was written between read and commit would be lost.",
		check: conditionStale,
	},
	{
		Name:  "condition/deleted",
		Does:  "A condition with the version of a key that has been deleted is ErrConflict.",
		Why:   "A customer that was erased would come back.",
		check: conditionDeleted,
	},
	{
		Name:  "condition/recreated",
		Does:  "A condition with a version from before a delete does not hold for the key put anew, even with the same value.",
		Why:   "Work prepared for the old record would be done to the new one.",
		check: conditionRecreated,
	},
	{
		Name:  "condition/invented",
		Does:  "A condition with a version the key never had, between 1 and 1<<63-1, is ErrConflict, whether the key is there or not.",
		Why:   "A version is compared, never looked up or reckoned with.",
		check: conditionInvented,
	},
	{
		Name:  "condition/several",
		Does:  "Of many conditions all must hold: one that does not, wherever it is in the batch, leaves nothing.",
		Why:   "A merge depends on both customers, and half of it is worse than none.",
		check: conditionSeveral,
	},
	{
		Name:  "condition/other-key",
		Does:  "Conditions on keys that the batch does not write count as much as those on keys that it does.",
		Why:   "An identifier is attached only while the customer it belongs to is unchanged.",
		check: conditionOtherKey,
	},
	{
		Name:  "condition/same-key",
		Does:  "A condition on a key that the batch writes is checked against the state before the batch.",
		Why:   "Compare and set of one key is the most common commit of all.",
		check: conditionSameKey,
	},
	{
		Name:  "condition/delete",
		Does:  "Deletes heed conditions: a stale one leaves the key, a good one removes it, absent with delete is allowed.",
		Why:   "Erasing by a stale decision removes what somebody has just written.",
		check: conditionDelete,
	},
	{
		Name:  "condition/only",
		Does:  "A batch of conditions only succeeds where they hold, is ErrConflict where not, and changes no version.",
		Why:   "Decisions that write nothing are confirmed that way.",
		check: conditionOnly,
	},
	{
		Name:  "condition/many",
		Does:  "Conditions on hundreds of keys are all checked.",
		Why:   "A household is merged under a condition on each of its members.",
		check: conditionMany,
	},
	{
		Name:  "condition/refused-leaves-nothing",
		Does:  "After ErrConflict all keys have the value and version they had, none is new, and none has gone.",
		Why:   "The loser of a race tries again on what it reads; remains of its first try would be counted twice.",
		check: conditionRefused,
	},
	{
		Name:  "condition/one-winner",
		Does:  "Of many commits at once under the same condition exactly one succeeds.",
		Why:   "One of two workers takes a task, or the task is done twice.",
		check: conditionOneWinner,
	},
	{
		Name:  "condition/write-skew",
		Does:  "Of two commits at once, one putting b while a is absent, one putting a while b is absent, at most one succeeds.",
		Why:   "Snapshot isolation lets both pass; an identifier then belongs to two customers.",
		check: conditionSkew,
	},
}

func conditionAbsent(x *attempt) {
	s := x.new()
	x.commit(s, when(puts("a", "1"), "a", 0))
	x.conflict(s, when(puts("a", "2"), "a", 0), "put if absent of a key that is there")
	x.has(s, "a", "1")
	x.delete(s, "a")
	x.commit(s, when(puts("a", "3"), "a", 0))
	x.has(s, "a", "3")
	x.commit(s, when(puts("b", "1"), "c", 0))
	x.has(s, "b", "1")
	x.lacks(s, "c")
}

func conditionPresent(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1")
	v = x.commit(s, when(puts("a", "2"), "a", v))
	x.has(s, "a", "2")
	if got := x.one(s, "a").Version; got != v {
		x.failf("Get shows version %d, Commit returned %d", got, v)
	}
	x.commit(s, when(puts("a", "3"), "a", x.one(s, "a").Version))
	x.commit(s, when(puts("a", "4"), "a", x.scan(s, store.Range{})[0].Version))
	x.has(s, "a", "4")
}

func conditionStale(x *attempt) {
	s := x.new()
	var versions []store.Version
	for i := range 5 {
		versions = append(versions, x.put(s, "a", fmt.Sprint(i)))
		for _, v := range versions[:i] {
			x.conflict(s, when(puts("a", "x", "b", "x"), "a", v), "put under a version %d puts old", i)
		}
		x.has(s, "a", fmt.Sprint(i))
		x.lacks(s, "b")
	}
	x.commit(s, when(puts("a", "y"), "a", versions[4]))
	x.conflict(s, when(puts("a", "z"), "a", versions[4]), "put under the version before the last put")
	x.has(s, "a", "y")
}

func conditionDeleted(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1")
	x.delete(s, "a")
	x.conflict(s, when(puts("a", "2"), "a", v), "put under the version of a deleted key")
	x.lacks(s, "a")
	x.conflict(s, when(puts("b", "2"), "a", v), "put of another key under the version of a deleted key")
	x.lacks(s, "b")
}

func conditionRecreated(x *attempt) {
	s := x.new()
	var old []store.Version
	for range 4 {
		old = append(old, x.put(s, "a", "1"), x.one(s, "a").Version, x.put(s, "a", "1"))
		x.delete(s, "a")
	}
	x.put(s, "a", "1")
	for _, v := range old {
		x.conflict(s, when(puts("a", "2"), "a", v), "put under a version from before a delete")
	}
	x.has(s, "a", "1")
}

func conditionInvented(x *attempt) {
	s := x.new()
	var v store.Version
	for range 5 { // so that there are versions below
		v = x.put(s, "there", "1")
	}
	for _, invented := range []store.Version{1, 2, v - 1, v + 1, v + 2, v ^ 1<<40, v ^ 1<<32, v ^ 1<<62, 1 << 31, 1 << 32, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64} {
		if invented == v || invented == 0 || invented > math.MaxInt64 {
			continue
		}
		x.conflict(s, when(puts("new", "1"), "there", invented), "put under version %d of a key at version %d", invented, v)
		x.conflict(s, when(puts("new", "1"), "absent", invented), "put under version %d of a key that is not there", invented)
	}
	x.scans(s, store.Range{}, []string{"there"})
}

func conditionSeveral(x *attempt) {
	s := x.new()
	const n = 6
	stale := x.put(s, "k0", "0", "k1", "0", "k2", "0", "k3", "0", "k4", "0", "k5", "0")
	v := x.put(s, "k0", "1", "k1", "1", "k2", "1", "k3", "1", "k4", "1", "k5", "1")
	batch := func(bad int, badVersion store.Version) *store.Batch {
		b := puts("k0", "2", "k3", "2", "new", "2")
		b.Delete([]byte("k1"))
		for i := range n {
			if i == bad {
				b.If(fmt.Appendf(nil, "k%d", i), badVersion)
			} else {
				b.If(fmt.Appendf(nil, "k%d", i), v)
			}
		}
		return b
	}
	for bad := range n {
		x.conflict(s, batch(bad, stale), "commit whose condition %d of %d is stale", bad, n)
		x.conflict(s, batch(bad, 0), "commit whose condition %d of %d asks for an absent key", bad, n)
		for _, e := range x.scan(s, store.Range{}) {
			if string(e.Value) != "1" || e.Version != v {
				x.failf("after a refused commit key %q has value %q and version %d, want \"1\" and %d", e.Key, e.Value, e.Version, v)
			}
		}
	}
	x.commit(s, batch(-1, 0))
	x.scans(s, store.Range{}, []string{"k0", "k2", "k3", "k4", "k5", "new"})
}

func conditionOtherKey(x *attempt) {
	s := x.new()
	v := x.put(s, "guard", "1")
	x.commit(s, when(puts("a", "1"), "guard", v))
	if got := x.has(s, "guard", "1"); got != v {
		x.failf("a condition changed the version of its key from %d to %d", v, got)
	}
	x.put(s, "guard", "2")
	x.conflict(s, when(puts("a", "2"), "guard", v), "put under a stale version of another key")
	x.conflict(s, when(puts("a", "2"), "guard", 0), "put while another key is absent, which is there")
	x.conflict(s, when(puts("a", "2"), "nobody", v), "put under a version of another key that never was")
	x.has(s, "a", "1")
	x.commit(s, when(puts("a", "3"), "nobody", 0))
	x.has(s, "a", "3")
}

func conditionSameKey(x *attempt) {
	s := x.new()
	v := x.commit(s, when(when(puts("a", "1", "b", "1"), "a", 0), "b", 0))
	x.conflict(s, when(when(puts("a", "2", "b", "2"), "a", 0), "b", v), "put of two keys, one of them if absent")
	x.conflict(s, when(when(puts("a", "2", "b", "2"), "a", v), "b", 0), "put of two keys, one of them if absent")
	x.has(s, "a", "1")
	x.has(s, "b", "1")
	x.commit(s, when(when(puts("a", "2", "b", "2"), "a", v), "b", v))
	x.has(s, "a", "2")
	x.has(s, "b", "2")
}

func conditionDelete(x *attempt) {
	s := x.new()
	remove := func(v store.Version) *store.Batch {
		var b store.Batch
		b.Delete([]byte("a"))
		return when(&b, "a", v)
	}
	x.commit(s, remove(0))
	stale := x.put(s, "a", "1")
	v := x.put(s, "a", "2")
	x.conflict(s, remove(stale), "delete under a stale version")
	x.conflict(s, remove(0), "delete if absent of a key that is there")
	x.has(s, "a", "2")
	x.commit(s, remove(v))
	x.lacks(s, "a")
	x.conflict(s, remove(v), "delete under the version of a deleted key")
	x.put(s, "a", "3", "guard", "1")
	var b store.Batch
	b.Delete([]byte("a"))
	x.conflict(s, when(&b, "guard", 0), "delete while another key is absent, which is there")
	x.has(s, "a", "3")
}

func conditionOnly(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1")
	var good, stale, absent store.Batch
	good.If([]byte("a"), v)
	good.If([]byte("b"), 0)
	x.commit(s, &good)
	if got := x.has(s, "a", "1"); got != v {
		x.failf("a batch of conditions changed a version from %d to %d", v, got)
	}
	absent.If([]byte("a"), 0)
	x.conflict(s, &absent, "conditions only, one on a key that is there to be absent")
	x.put(s, "a", "2")
	stale.If([]byte("b"), 0)
	stale.If([]byte("a"), v)
	x.conflict(s, &stale, "conditions only, one stale")
	x.scans(s, store.Range{}, []string{"a"})
}

func conditionMany(x *attempt) {
	s := x.new()
	const n = 400
	var fill store.Batch
	for i := range n {
		fill.Put(fmt.Appendf(nil, "k%03d", i), nil)
	}
	v := x.commit(s, &fill)
	for _, bad := range []int{-1, 0, 1, n / 2, n - 2, n - 1} {
		b := puts(fmt.Sprintf("new%d", bad), "1")
		for i := range n {
			if i == bad {
				b.If(fmt.Appendf(nil, "k%03d", i), 0)
			} else {
				b.If(fmt.Appendf(nil, "k%03d", i), v)
			}
		}
		if bad < 0 {
			x.commit(s, b)
			continue
		}
		x.conflict(s, b, "commit whose condition %d of %d does not hold", bad, n)
		x.lacks(s, fmt.Sprintf("new%d", bad))
	}
	x.has(s, "new-1", "1")
}

func conditionRefused(x *attempt) {
	s := x.new()
	x.put(s, "a", "1", "b", "2")
	x.put(s, "c", "3")
	before := x.scan(s, store.Range{})
	b := puts("\x00first", "x", "a", "x", "c", "x", "last\xff", "x")
	b.Delete([]byte("b"))
	for range 3 {
		x.conflict(s, when(b, "a", 0), "put if absent of a key that is there")
		b.Conditions = nil
		x.lacks(s, "\x00first", "last\xff")
		after := x.scan(s, store.Range{})
		if len(after) != len(before) {
			x.failf("after a refused commit there are %d keys, before it %d", len(after), len(before))
		}
		for i := range after {
			if string(after[i].Key) != string(before[i].Key) || string(after[i].Value) != string(before[i].Value) || after[i].Version != before[i].Version {
				x.failf("after a refused commit key %q has value %q and version %d, before it %q, %q and %d",
					after[i].Key, after[i].Value, after[i].Version, before[i].Key, before[i].Value, before[i].Version)
			}
		}
	}
}

func conditionOneWinner(x *attempt) {
	s := x.new()
	for round := range 20 {
		key := fmt.Sprintf("task%d", round/2)
		before := x.one(s, key).Version // absent in even rounds, there in odd ones
		var winners atomic.Int64
		var winner atomic.Value
		start := make(chan struct{})
		x.doing("in commits at once under one condition")
		go close(start)
		x.parallel(8, func(i int) {
			<-start
			value := fmt.Sprintf("%d/%d", round, i)
			_, err := s.Commit(x.ctx, when(puts(key, value), key, before))
			switch {
			case err == nil:
				winners.Add(1)
				winner.Store(value)
			case !errors.Is(err, store.ErrConflict):
				x.failf("Commit: %v", err)
			}
		})
		switch n := winners.Load(); {
		case n > 1:
			x.failf("%d commits under the same condition succeeded", n)
		case n == 1:
			x.has(s, key, winner.Load().(string))
		case x.one(s, key).Version != before:
			x.failf("all commits were refused, but the key has changed")
		default: // the database gave way to all
			x.commit(s, when(puts(key, "late"), key, before))
		}
	}
}

func conditionSkew(x *attempt) {
	s := x.new()
	for round := range 60 {
		keys := [2]string{fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)}
		var done [2]bool
		start := make(chan struct{})
		x.doing("in two commits at once, each under a condition on what the other writes")
		go close(start)
		x.parallel(2, func(i int) {
			<-start
			_, err := s.Commit(x.ctx, when(puts(keys[i], "1"), keys[1-i], 0))
			if done[i] = err == nil; err != nil && !errors.Is(err, store.ErrConflict) {
				x.failf("Commit: %v", err)
			}
		})
		if done[0] && done[1] {
			x.failf("both commits succeeded, each under the condition that the key of the other is absent")
		}
		for i, e := range x.get(s, keys[:]...) {
			if done[i] != (e.Version != 0) {
				x.failf("commit succeeded: %v; its key is there: %v", done[i], e.Version != 0)
			}
		}
	}
}
