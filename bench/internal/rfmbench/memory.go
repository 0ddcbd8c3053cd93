package rfmbench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"unsafe"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/rfm"
)

// A footprint is the memory one job of the library takes beside its input, in
// bytes. It is a plain value: safe for concurrent reads.
type footprint struct {
	Job         string `json:"job"`
	Customers   int    `json:"customers"`
	Orders      int    `json:"orders"`
	ID          int    `json:"id"`          // of one id, without the bytes of a string
	Accumulator int    `json:"accumulator"` // live heap of an Accumulator with all lines
	Both        int    `json:"both"`        // live heap of it and the analysis made from it
	Allocated   int    `json:"allocated"`   // by AnalyzeColumns in all
	Peak        int    `json:"peak"`        // growth of the resident set during AnalyzeColumns; 0: unknown
}

// memoryJobs are the jobs whose memory is measured, lines before orders.
var memoryJobs = []job{
	{frequency: rfm.Lines},
	{frequency: rfm.Orders},
	{frequency: rfm.Lines, textIDs: true},
	{frequency: rfm.Orders, textIDs: true},
}

// Memory measures each of the memory jobs in a process of its own, begun by
// command with the number of the job as a further argument, and writes a table.
func Memory(ctx context.Context, s *harness.Session, w io.Writer, command ...string) error {
	if !s.Wants("rfm: memory") {
		return nil
	}
	var all []footprint
	for i := range memoryJobs {
		child := exec.CommandContext(ctx, command[0], append(command[1:], strconv.Itoa(i))...)
		child.Stderr = os.Stderr
		out, err := child.Output()
		if err != nil {
			return fmt.Errorf("rfm: memory: %w", err)
		}
		var f footprint
		if err := json.Unmarshal(out, &f); err != nil {
			return fmt.Errorf("rfm: memory: %w", err)
		}
		if err := s.Line(struct {
			Task string `json:"task"`
			footprint
			harness.Machine
		}{"rfm: memory", f, s.Machine}); err != nil {
			return err
		}
		fmt.Fprintf(s.Log, "rfm: memory, %s\n", f.Job)
		all = append(all, f)
	}
	writeMemory(w, all)
	return nil
}

// MemoryChild measures job i of the memory jobs in this process and prints it as JSON.
func MemoryChild(ctx context.Context, w io.Writer, o Options, i int) error {
	if i < 0 || i >= len(memoryJobs) {
		return fmt.Errorf("rfm: memory: no job %d", i)
	}
	f, err := measureMemory(ctx, memoryJobs[i], o)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(f)
}

func measureMemory(ctx context.Context, j job, o Options) (footprint, error) {
	s, err := newShop(o.Lines, o.Customers)
	if err != nil {
		return footprint{}, err
	}
	if j.textIDs {
		return footprintOf(ctx, j, s, s.customerText())
	}
	return footprintOf(ctx, j, s, s.customer)
}

func footprintOf[K comparable](ctx context.Context, j job, s *shop, ids []K) (footprint, error) {
	var id K
	f := footprint{Job: j.String(), Customers: s.customers, Orders: s.orderCount(), ID: int(unsafe.Sizeof(id))}
	columns := columnsOf(j, s, ids)

	var before, after runtime.MemStats
	debug.FreeOSMemory()
	base, measured := beginPeak()
	runtime.ReadMemStats(&before)
	a, err := rfm.AnalyzeColumns(ctx, columns, j.options())
	if err != nil {
		return f, err
	}
	runtime.ReadMemStats(&after)
	f.Allocated = int(after.TotalAlloc - before.TotalAlloc)
	if measured {
		f.Peak = resident("VmHWM") - base
	}
	runtime.KeepAlive(a)

	empty := live()
	acc, err := rfm.NewAccumulator[K](nil, j.options())
	if err != nil {
		return f, err
	}
	if err := acc.AddColumns(ctx, columns); err != nil {
		return f, err
	}
	f.Accumulator = live() - empty
	a, err = acc.Analyze(ctx, asOf)
	if err != nil {
		return f, err
	}
	f.Both = live() - empty
	runtime.KeepAlive(a)
	runtime.KeepAlive(acc)
	runtime.KeepAlive(columns)
	runtime.KeepAlive(s)
	return f, nil
}

// live is the size of the live heap.
func live() int {
	runtime.GC()
	runtime.GC() // what finalizers let go in the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// beginPeak forgets the largest resident set so far, where the system can, and returns the resident set of now.
func beginPeak() (bytes int, ok bool) {
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil {
		return 0, false
	}
	bytes = resident("VmRSS")
	return bytes, bytes > 0
}

// resident is the resident set as Linux gives it: of now as VmRSS, the largest since beginPeak as VmHWM; 0: unknown.
func resident(name string) (bytes int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

func writeMemory(w io.Writer, all []footprint) {
	fmt.Fprint(w, `
## Memory

Bytes a customer beside the input. Live heap less one id for each table that holds ids; orders mode: what it
takes more than lines mode is given by order. Allocated and peak (resident set) are of one AnalyzeColumns, ids included.

| job | accumulator | with analysis | more by order | allocated | peak |
|---|---:|---:|---:|---:|---:|
`)
	var lines footprint
	for _, f := range all {
		n := float64(f.Customers)
		more := ""
		base := f
		if strings.HasPrefix(f.Job, rfm.Lines.String()) {
			lines = f
		} else {
			more = fmt.Sprintf("%.1f", float64(f.Both-lines.Both)/float64(f.Orders))
			base = lines
		}
		fmt.Fprintf(w, "| %s, %s customers, %s orders | %.1f | %.1f | %s | %.0f | %.0f |\n", f.Job, short(f.Customers), short(f.Orders),
			float64(base.Accumulator)/n-float64(f.ID), float64(base.Both)/n-float64(2*f.ID), more, float64(f.Allocated)/n, float64(f.Peak)/n)
	}
}
