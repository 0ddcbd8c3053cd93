package integration

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// figures are what a process of the service has done.
type figures struct {
	Deeds, Observed, Added                  int64
	Syncs, Folded, Rows                     int64
	Steps, Notices, Delivered               int64
	Followed, Expired, Compared             int64
	Queries                                 int64
	DeedTime, SyncTime, StepTime, QueryTime spread
}

// plus adds those of another process.
func (f *figures) plus(o *figures) {
	f.Deeds += o.Deeds
	f.Observed += o.Observed
	f.Added += o.Added
	f.Syncs += o.Syncs
	f.Folded += o.Folded
	f.Rows += o.Rows
	f.Steps += o.Steps
	f.Notices += o.Notices
	f.Delivered += o.Delivered
	f.Followed += o.Followed
	f.Expired += o.Expired
	f.Compared += o.Compared
	f.Queries += o.Queries
	for i := range f.DeedTime {
		f.DeedTime[i] += o.DeedTime[i]
		f.SyncTime[i] += o.SyncTime[i]
		f.StepTime[i] += o.StepTime[i]
		f.QueryTime[i] += o.QueryTime[i]
	}
}

// A spread counts durations: place i has those of 2^(i/8) to 2^((i+1)/8) times 100 ns.
type spread [240]int64

func (s *spread) add(d time.Duration) {
	i := int(8 * math.Log2(math.Max(1, float64(d)/100)))
	s[min(i, len(s)-1)]++
}

// at returns a time that a share of the durations is at most, or at most 9 percent above it.
func (s *spread) at(share float64) time.Duration {
	all := int64(0)
	for _, n := range s {
		all += n
	}
	sum := int64(0)
	for i, n := range s {
		if sum += n; n > 0 && float64(sum) >= share*float64(all) {
			return time.Duration(100 * math.Exp2(float64(i+1)/8))
		}
	}
	return 0
}

func (s *spread) String() string {
	return fmt.Sprintf("p50 %v, p99 %v", rounded(s.at(0.5)), rounded(s.at(0.99)))
}

// rounded is a duration of two or three digits.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// holding is what a process holds, in bytes.
type holding struct {
	Customers int
	Heap      uint64 // live objects
	Resident  uint64 // 0: not known
}

func (m holding) String() string {
	return fmt.Sprintf("%d MiB heap, %d MiB resident, %d customers", m.Heap>>20, m.Resident>>20, m.Customers)
}

// measure measures, after the collection of garbage.
func (v *service) measure() holding {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := holding{Heap: m.HeapAlloc}
	if v.live != nil {
		r.Customers = v.live.Snapshot().Len()
	}
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var pages, resident uint64
		if _, err := fmt.Fscan(strings.NewReader(string(text)), &pages, &resident); err == nil {
			r.Resident = resident * uint64(os.Getpagesize())
		}
	}
	return r
}
