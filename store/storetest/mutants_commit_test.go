package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clientele-go/clientele/store"
)

var commitMutants = []mutant{
	{"delete forgotten where something is put", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			if slices.ContainsFunc(b.Writes, func(w store.Write) bool { return !w.Delete }) {
				b.Writes = slices.DeleteFunc(b.Writes, func(w store.Write) bool { return w.Delete })
			}
		})
	}), "commit/all commit/order history/model"},
	{"stops at a key out of order", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			for i := 1; i < len(b.Writes); i++ {
				if c := bytes.Compare(b.Writes[i-1].Key, b.Writes[i].Key); c > 0 && len(b.Writes[i].Key) > 0 {
					b.Writes = b.Writes[:i]
				}
			}
		})
	}), "commit/order commit/all"},
	{"a key written twice: the last holds", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			last := map[string]int{}
			for i, w := range b.Writes {
				last[string(w.Key)] = i
			}
			i := -1
			b.Writes = slices.DeleteFunc(b.Writes, func(w store.Write) bool {
				i++
				return last[string(w.Key)] != i
			})
		})
	}), "commit/twice error/distinct"},
	{"deleting what is absent is an error", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			for _, w := range b.Writes {
				if w.Delete && len(w.Key) > 0 {
					if e, err := t.Store.Get(ctx, w.Key); err == nil && e[0].Version == 0 {
						return 0, store.ErrInvalid
					}
				}
			}
			return t.Store.Commit(ctx, b)
		}
	}), "commit/delete-absent condition/delete"},
	{"delete with a value puts it", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			for i := range b.Writes {
				b.Writes[i].Delete = b.Writes[i].Delete && len(b.Writes[i].Value) == 0
			}
		})
	}), "commit/delete-value slice/batch"},
	{"an empty batch is an error", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if len(b.Writes)+len(b.Conditions) == 0 {
				return 0, store.ErrInvalid
			}
			return t.Store.Commit(ctx, b)
		}
	}), "commit/empty"},
	{"checks a batch while it writes", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if err := b.Check(t.Limits()); err == nil {
				return t.Store.Commit(ctx, b)
			}
			for _, w := range b.Writes {
				if _, err := t.Store.Commit(ctx, &store.Batch{Writes: []store.Write{w}}); err != nil {
					return 0, err
				}
			}
			return 0, store.ErrTooLarge
		}
	}), "commit/invalid-leaves-nothing key/empty limit/value limit/operations limit/batch limit/key"},
	{"writes at most 500", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) {
			if len(b.Writes) <= store.MinLimits.Operations {
				b.Writes = b.Writes[:min(len(b.Writes), 500)]
			}
		})
	}), "commit/many"},
	{"a batch is made once", twist(func(t *twisted) {
		var mu sync.Mutex
		done := map[*store.Batch]store.Version{}
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			mu.Lock()
			v := done[b]
			mu.Unlock()
			if v != 0 {
				return v, nil
			}
			v, err := t.Store.Commit(ctx, b)
			if err == nil && len(b.Conditions) == 0 {
				mu.Lock()
				done[b] = v
				mu.Unlock()
			}
			return v, err
		}
	}), "commit/again"},
	{"all directories are one", func() Open {
		var mu sync.Mutex
		shared := map[string]store.Store{}
		return func(ctx context.Context, dir string) (store.Store, error) {
			mu.Lock()
			defer mu.Unlock()
			parent := dir[:strings.LastIndexByte(dir, '/')]
			if shared[parent] == nil {
				shared[parent], _ = openEngine("")(ctx, dir)
			}
			return shared[parent], nil
		}
	}(), "commit/apart"},

	{"conditions on absence ignored", conditionsIf(func(_ *store.Batch, c store.Condition) bool { return c.Version != 0 }), "condition/absent condition/one-winner condition/same-key condition/refused-leaves-nothing value/empty"},
	{"conditions on presence never hold", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			for _, c := range b.Conditions {
				if c.Version != 0 {
					return 0, store.ErrConflict
				}
			}
			return t.Store.Commit(ctx, b)
		}
	}), "condition/present condition/only"},
	{"conditions are versions not newer", versionsIf(func(now, asked store.Version) bool { return asked != 0 && now != 0 && now >= asked }), "condition/stale condition/invented history/model"},
	{"conditions on versions hold for a deleted key", versionsIf(func(now, asked store.Version) bool { return now == 0 && asked != 0 }), "condition/deleted condition/invented range/conditions"},
	{"conditions are versions not older", versionsIf(func(now, asked store.Version) bool { return asked >= now && now != 0 }), "condition/invented"},
	{"versions count puts since the delete", openEngine("version by count since delete"), "condition/recreated version/delete version/never-again history/model"},
	{"only the first condition counts", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) { b.Conditions = b.Conditions[:min(1, len(b.Conditions))] })
	}), "condition/several condition/only condition/many condition/same-key concurrent/linearizable"},
	{"conditions on keys not written ignored", conditionsIf(func(b *store.Batch, c store.Condition) bool {
		return slices.ContainsFunc(b.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, c.Key) })
	}), "condition/other-key condition/write-skew condition/only condition/deleted concurrent/linearizable concurrent/no-dirty-read"},
	{"conditions of a delete ignored", conditionsIf(func(b *store.Batch, c store.Condition) bool {
		return !slices.ContainsFunc(b.Writes, func(w store.Write) bool { return w.Delete && bytes.Equal(w.Key, c.Key) })
	}), "condition/delete history/model"},
	{"conditions checked after the writes", openEngine("checks conditions after writing"), "condition/same-key condition/present condition/absent"},
	{"conditions without writes ignored", conditionsIf(func(b *store.Batch, _ store.Condition) bool { return len(b.Writes) > 0 }), "condition/only"},
	{"at most 256 conditions count", twist(func(t *twisted) {
		t.batches(func(b *store.Batch) { b.Conditions = b.Conditions[:min(256, len(b.Conditions))] })
	}), "condition/many"},
	{"half a batch on conflict", openEngine("half a batch on conflict"), "condition/refused-leaves-nothing condition/several condition/stale history/model concurrent/no-dirty-read"},
	{"lost update", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if _, err := t.Store.Commit(ctx, &store.Batch{Conditions: b.Conditions}); err != nil || len(b.Conditions) == 0 {
				if err == nil {
					return t.Store.Commit(ctx, b)
				}
				return 0, err
			}
			pause()
			return t.Store.Commit(ctx, &store.Batch{Writes: b.Writes})
		}
	}), "condition/one-winner condition/write-skew concurrent/counter concurrent/transfer concurrent/linearizable"},
	{"write skew", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if err := b.Check(t.Limits()); err != nil {
				return t.Store.Commit(ctx, b)
			}
			first, second := &store.Batch{}, &store.Batch{Writes: b.Writes}
			for _, c := range b.Conditions {
				if slices.ContainsFunc(b.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, c.Key) }) {
					second.Conditions = append(second.Conditions, c)
				} else {
					first.Conditions = append(first.Conditions, c)
				}
			}
			if len(first.Conditions) > 0 {
				if _, err := t.Store.Commit(ctx, first); err != nil {
					return 0, err
				}
				pause()
			}
			return t.Store.Commit(ctx, second)
		}
	}), "condition/write-skew"},

	{"versions beyond int64", twist(func(t *twisted) {
		t.entries(func(e *store.Entry) {
			if e.Version != 0 {
				e.Version |= 1 << 63
			}
		})
		t.batches(func(b *store.Batch) {
			for i := range b.Conditions {
				b.Conditions[i].Version &= math.MaxInt64
			}
		})
		inner := t.commit
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := inner(ctx, b)
			return v | 1<<63, err
		}
	}), "version/range"},
	{"commit returns the next version", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(ctx, b)
			return v + 1, err
		}
	}), "version/returned commit/all condition/present concurrent/linearizable"},
	{"version of the content", openEngine("version of the content"), "version/changed version/never-again condition/recreated"},
	{"version of the store", twist(func(t *twisted) {
		var mu sync.Mutex
		var last store.Version
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(ctx, b)
			mu.Lock()
			defer mu.Unlock()
			last = max(last, v)
			return v, err
		}
		t.entries(func(e *store.Entry) {
			mu.Lock()
			defer mu.Unlock()
			if e.Version != 0 {
				e.Version = last
			}
		})
	}), "version/untouched"},
	{"versions wrap around", twist(func(t *twisted) {
		short := func(v store.Version) store.Version { return v%200 + 1 }
		t.entries(func(e *store.Entry) {
			if e.Version != 0 {
				e.Version = short(e.Version)
			}
		})
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(ctx, &store.Batch{Writes: b.Writes, Conditions: nil})
			return short(v), err
		}
	}), "version/never-again"},

	{"versions from a coarse clock", twist(func(t *twisted) {
		// Made of whole milliseconds, checked as they are.
		clock := func() store.Version { return store.Version(time.Now().UnixMilli()) }
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if _, err := t.Store.Commit(ctx, b); err != nil {
				return 0, err
			}
			return clock(), nil
		}
	}), "concurrent/versions version/changed version/returned"},
	{"error tells the key", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(ctx, b)
			if errors.Is(err, store.ErrConflict) {
				err = fmt.Errorf("%w: duplicate key value violates unique constraint, Key=(%x)", err, b.Conditions[0].Key)
			}
			return v, err
		}
	}), "error/no-data"},
	{"too large is invalid as well", twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			v, err := t.Store.Commit(ctx, b)
			if errors.Is(err, store.ErrTooLarge) {
				err = errors.Join(err, store.ErrInvalid)
			}
			return v, err
		}
	}), "error/distinct"},
	{"transaction left open by an error", twist(func(t *twisted) {
		lock := make(chan struct{}, 1)
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			select {
			case lock <- struct{}{}:
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			v, err := t.Store.Commit(ctx, b)
			if !errors.Is(err, store.ErrConflict) {
				<-lock
			}
			return v, err
		}
	}), "error/goes-on"},
}

// conditionsIf drops the conditions for which keep says no.
func conditionsIf(keep func(b *store.Batch, c store.Condition) bool) Open {
	return twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if err := b.Check(t.Limits()); err != nil {
				return t.Store.Commit(ctx, b)
			}
			c := store.Batch{Writes: b.Writes}
			for _, condition := range b.Conditions {
				if keep(b, condition) {
					c.Conditions = append(c.Conditions, condition)
				}
			}
			return t.Store.Commit(ctx, &c)
		}
	})
}

// versionsIf lets conditions hold for which also says so of the version now and the one asked for.
func versionsIf(also func(now, asked store.Version) bool) Open {
	return twist(func(t *twisted) {
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			if err := b.Check(t.Limits()); err != nil {
				return t.Store.Commit(ctx, b)
			}
			c := store.Batch{Writes: b.Writes, Conditions: slices.Clone(b.Conditions)}
			for i, condition := range c.Conditions {
				e, err := t.Store.Get(ctx, condition.Key)
				if err != nil {
					return 0, err
				}
				if also(e[0].Version, condition.Version) {
					c.Conditions[i].Version = e[0].Version
				}
			}
			return t.Store.Commit(ctx, &c)
		}
	})
}
