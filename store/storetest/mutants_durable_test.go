package storetest

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

var durableMutants = []mutant{
	{"says durable and forgets", twist(func(t *twisted) { t.durable = func() bool { return true } }), "reopen/data reopen/deleted reopen/often reopen/conditions history/reopened range/reopen"},
	{"deletes not logged", openLog("deletes not logged"), "reopen/deleted history/reopened"},
	{"versions begin anew", openLog("versions begin anew"), "reopen/versions"},
	{"version counter from what is there", openLog("version counter from what is there"), "reopen/versions"},
	{"renumbered when opened", func(ctx context.Context, dir string) (store.Store, error) {
		s, err := openLog("")(ctx, dir)
		if e, ok := s.(*engine); ok {
			for k, entry := range e.data {
				e.last++
				entry.Version = e.last
				e.data[k] = entry
			}
		}
		return s, err
	}, "reopen/data reopen/conditions"},
	{"large records cut when read", func(ctx context.Context, dir string) (store.Store, error) {
		s, err := openLog("")(ctx, dir)
		if e, ok := s.(*engine); ok {
			for k, entry := range e.data {
				entry.Value = bytes.Clone(entry.Value[:min(len(entry.Value), 256)])
				e.data[k] = entry
			}
		}
		return s, err
	}, "reopen/often reopen/data"},
	{"durable now and then", twist(func(t *twisted) {
		var asked atomic.Int64
		t.durable = func() bool { return asked.Add(1)%2 == 1 }
	}), "reopen/durable"},

	{"forgotten sync", openLog("written later"), "crash/acknowledged crash/whole reopen/data"},
	{"written late", openLog("written late"), "crash/acknowledged crash/whole"},
	{"batch in several records", openLog("batch in several records"), "crash/whole"},
	{"version counter from what is there, after a kill", openLog("version counter from what is there"), "crash/versions"},
}
