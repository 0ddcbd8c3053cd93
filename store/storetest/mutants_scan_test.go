package storetest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/store"
)

// after is the key right after k.
func after(k []byte) []byte { return append(bytes.Clone(k), 0) }

// offset pages through a range by number, size entries at a time, as OFFSET of SQL does.
func offset(size int) func(t *twisted) {
	return func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			for n := 0; ; n += size {
				page := r
				page.Limit = n + size
				if r.Limit > 0 {
					page.Limit = min(r.Limit, page.Limit)
				} else if r.Limit < 0 {
					page.Limit = r.Limit
				}
				entries, err := collect(t.Store.Scan(ctx, page))
				for _, e := range entries[min(n, len(entries)):] {
					if !yield(e, nil) {
						return
					}
				}
				if err != nil {
					yield(store.Entry{}, err)
					return
				}
				if len(entries) < n+size {
					return
				}
			}
		}
	}
}

var scanMutants = []mutant{
	{"scan of nothing is an error", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			n := 0
			for e, err := range t.Store.Scan(ctx, r) {
				n++
				if !yield(e, err) {
					return
				}
			}
			if n == 0 {
				yield(store.Entry{}, store.ErrInvalid)
			}
		}
	}), "scan/empty scan/backwards-bounds"},
	{"from excluded", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if len(r.From) > 0 && !r.Reverse {
				r.From = after(r.From)
			}
		})
	}), "scan/from scan/all-bounds scan/under key/random history/model"},
	{"from excluded in reverse", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if len(r.From) > 0 && r.Reverse {
				r.From = after(r.From)
			}
		})
	}), "scan/from scan/all-bounds scan/reverse history/model"},
	{"to included", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if len(r.To) > 0 && !r.Reverse {
				r.To = after(r.To)
			}
		})
	}), "scan/to scan/all-bounds scan/backwards-bounds history/model"},
	{"to included in reverse", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if len(r.To) > 0 && r.Reverse {
				r.To = after(r.To)
			}
		})
	}), "scan/to scan/all-bounds scan/reverse scan/limit-reverse scan/backwards-bounds history/model"},
	{"an empty bound that is not nil ends at once", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			if r.To == nil || len(r.To) > 0 {
				t.Store.Scan(ctx, r)(yield)
			}
		}
	}), "scan/open scan/all-bounds"},
	{"bounds must be keys", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			if len(r.From) > 0 && len(r.From) <= t.Limits().KeyBytes {
				if e, err := t.Store.Get(ctx, r.From); err == nil && e[0].Version == 0 {
					return
				}
			}
			t.Store.Scan(ctx, r)(yield)
		}
	}), "scan/between scan/all-bounds history/model"},
	{"bounds cut to the longest key", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			r.From, r.To = r.From[:min(len(r.From), t.Limits().KeyBytes)], r.To[:min(len(r.To), t.Limits().KeyBytes)]
		})
	}), "scan/long-bounds"},
	{"bounds in the wrong order are swapped", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if len(r.To) > 0 && bytes.Compare(r.From, r.To) > 0 {
				r.From, r.To = r.To, r.From
			}
		})
	}), "scan/backwards-bounds scan/all-bounds history/model"},
	{"prefixes end at their last byte", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if n := len(r.From); n > 1 && len(r.To) == n-1 && r.From[n-1] == 0xff {
				r.To = append(bytes.Clone(r.From), 0)
			}
		})
	}), "scan/under"},
	{"reverse ignored", twist(func(t *twisted) { t.ranges(func(r *store.Range) { r.Reverse = false }) }), "scan/reverse key/order scan/limit-reverse history/model"},
	{"limit ignored", twist(func(t *twisted) { t.ranges(func(r *store.Range) { r.Limit = min(r.Limit, 0) }) }), "scan/limit scan/limit-reverse scan/pages scan/all-bounds meanwhile/limit history/model"},
	{"limit one too many", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if r.Limit > 0 && r.Limit < 1<<20 {
				r.Limit++
			}
		})
	}), "scan/limit scan/limit-reverse"},
	{"limit one too few", twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if r.Limit > 1 {
				r.Limit--
			}
		})
	}), "scan/limit scan/limit-reverse"},
	{"limit before reverse", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			if !r.Reverse || r.Limit <= 0 {
				t.Store.Scan(ctx, r)(yield)
				return
			}
			r.Reverse = false
			entries, _ := collect(t.Store.Scan(ctx, r))
			slices.Reverse(entries)
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}), "scan/limit-reverse history/model"},
	{"negative limit is none", twist(func(t *twisted) { t.ranges(func(r *store.Range) { r.Limit = max(r.Limit, 0) }) }), "scan/negative-limit error/distinct error/goes-on"},
	{"yields after break", twist(func(t *twisted) {
		t.each(func(e store.Entry, err error, yield func(store.Entry, error) bool) bool {
			yield(e, err)
			return true
		})
	}), "scan/break leak/break"},
	{"goes on after an error", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			for e, err := range t.Store.Scan(ctx, r) {
				if !yield(e, err) || err != nil && !yield(e, err) {
					return
				}
			}
		}
	}), "context/scan context/during-scan"},
	{"sequence of one use", twist(func(t *twisted) {
		t.sequence = func(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
			used := false
			return func(yield func(store.Entry, error) bool) {
				if !used {
					used = true
					t.Store.Scan(ctx, r)(yield)
				}
			}
		}
	}), "scan/again scan/nested"},
	{"read when the sequence is made", twist(func(t *twisted) {
		t.sequence = func(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
			entries, err := collect(t.Store.Scan(ctx, r))
			return func(yield func(store.Entry, error) bool) {
				for _, e := range entries {
					if !yield(copied(e), nil) {
						return
					}
				}
				if err != nil {
					yield(store.Entry{}, err)
				}
			}
		}
	}), "scan/lazy scan/again context/scan context/during-scan close/made-before"},
	{"a page loses its last entry", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			n := 0
			for e, err := range t.Store.Scan(ctx, r) {
				if n++; n%1000 != 0 || err != nil {
					if !yield(e, err) {
						return
					}
				}
			}
		}
	}), "scan/pages meanwhile/large"},
	{"a scan ends at a million bytes", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			size := 0
			for e, err := range t.Store.Scan(ctx, r) {
				if size += len(e.Value); size > 1_000_000 || !yield(e, err) {
					return
				}
			}
		}
	}), "scan/large-values"},
	{"one scan at a time", twist(func(t *twisted) {
		lock := make(chan struct{}, 1)
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			select {
			case lock <- struct{}{}:
			case <-ctx.Done():
				yield(store.Entry{}, ctx.Err())
				return
			}
			defer func() { <-lock }()
			t.Store.Scan(ctx, r)(yield)
		}
	}), "scan/nested"},
	{"scan without versions", twist(func(t *twisted) {
		t.each(func(e store.Entry, err error, yield func(store.Entry, error) bool) bool {
			if err == nil {
				e.Version = 1
			}
			return yield(e, err)
		})
	}), "scan/entries version/returned condition/present history/model"},

	{"locks for a scan", openEngine("locks for a scan"), "meanwhile/commit-in-loop meanwhile/others-commit range/in-loop"},
	{"skips what is newer than the scan", twist(func(t *twisted) {
		var mu sync.Mutex
		var last store.Version
		t.commit = func(ctx context.Context, b *store.Batch) (store.Version, error) {
			mu.Lock()
			defer mu.Unlock()
			v, err := t.Store.Commit(ctx, b)
			last = max(last, v)
			return v, err
		}
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			mu.Lock()
			begun := last
			mu.Unlock()
			for e, err := range t.Store.Scan(ctx, r) {
				if e.Version <= begun && !yield(e, err) {
					return
				}
			}
		}
	}), "meanwhile/rewritten-in-loop meanwhile/writers"},
	{"pages by number", twist(offset(7)), "meanwhile/inserted-in-loop meanwhile/deleted-in-loop"},
	{"large pages by number", twist(offset(1000)), "meanwhile/large"},
	{"scans a list of keys made before", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			entries, err := collect(t.Store.Scan(ctx, r))
			for _, e := range entries {
				now, err := t.Store.Get(ctx, e.Key)
				if err != nil {
					yield(store.Entry{}, err)
					return
				}
				if now[0].Version != 0 && !yield(now[0], nil) {
					return
				}
			}
			if err != nil {
				yield(store.Entry{}, err)
			}
		}
	}), "meanwhile/limit"},
	{"values of long ago", twist(func(t *twisted) {
		t.each(func(e store.Entry, err error, yield func(store.Entry, error) bool) bool {
			if len(e.Value) > 0 && e.Value[0] >= '1' && e.Value[0] <= '9' {
				e.Value = []byte("0")
			}
			return yield(e, err)
		})
	}), "meanwhile/writers concurrent/acknowledged"},

	{"scan ends silently when its context ends", twist(func(t *twisted) {
		t.each(func(e store.Entry, err error, yield func(store.Entry, error) bool) bool {
			return !errors.Is(err, context.Canceled) && yield(e, err)
		})
	}), "context/scan context/during-scan"},
	{"scan does not look at its context again", twist(func(t *twisted) {
		t.scan = func(ctx context.Context, r store.Range, yield func(store.Entry, error) bool) {
			if ctx.Err() == nil {
				ctx = context.WithoutCancel(ctx)
			}
			t.Store.Scan(ctx, r)(yield)
		}
	}), "context/during-scan"},
}
