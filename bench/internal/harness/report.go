package harness

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report writes the tables of the session in Markdown: the machine, the
// times, and the cases the library loses.
func (s *Session) Report(w io.Writer) {
	m := s.Machine
	fmt.Fprintf(w, "Machine: %s, %d cores, %d GiB, %s, %s.\n", m.Processor, m.Cores, m.Memory, m.System, m.Go)
	var versions []string
	for _, r := range s.records {
		if r.Version != "" && !slices.Contains(versions, r.Version) {
			versions = append(versions, r.Version)
		}
	}
	if len(versions) > 0 {
		fmt.Fprintf(w, "Peers: %s.\n", strings.Join(versions, "; "))
	}
	fmt.Fprintf(w, "\nSeconds: median (least to most) of %d runs in turns after a warm-up; CPU is the median over all threads;\n", s.Runs)
	fmt.Fprint(w, "times ours is the ratio of the medians of wall time.\n\n| task | peer | seconds | CPU | times ours | target |\n|---|---|---:|---:|---:|---|\n")
	var lost, missed []string
	for _, task := range names(s.records, func(r Record) string { return r.Task }) {
		runs := where(s.records, func(r Record) bool { return r.Task == task })
		ours := 0.0
		for i, peer := range names(runs, func(r Record) string { return r.Peer }) {
			of := where(runs, func(r Record) bool { return r.Peer == peer })
			wall := sorted(of, func(r Record) float64 { return r.Wall })
			cpu := sorted(of, func(r Record) float64 { return r.CPU })
			if i == 0 {
				ours = Median(wall)
			}
			ratio := Median(wall) / ours
			goal := ""
			for _, t := range s.targets[task] {
				if t.Peer != peer || t.Of != "" {
					continue
				}
				goal = fmt.Sprintf("%.3gx: met", t.Ratio)
				if ratio < t.Ratio {
					goal = fmt.Sprintf("%.3gx: missed", t.Ratio)
					missed = append(missed, fmt.Sprintf("%s: %s takes %.2f times ours, the target is %.3g.", task, peer, ratio, t.Ratio))
				}
			}
			if ratio < 1 {
				lost = append(lost, fmt.Sprintf("%s: %s takes %.2f times ours.", task, peer, ratio))
			}
			fmt.Fprintf(w, "| %s | %s | %s (%s to %s) | %s | %.2f | %s |\n",
				task, peer, seconds(Median(wall)), seconds(wall[0]), seconds(wall[len(wall)-1]), seconds(Median(cpu)), ratio, goal)
		}
	}
	list(w, "Cases we lose", "None of the above.", lost)
	list(w, "Targets missed", "None of the above.", missed)
	if len(s.missing) > 0 {
		list(w, "Left out", "", s.missing)
	}
}

// seconds has milliseconds, or where there are few of them, microseconds.
func seconds(s float64) string {
	if s < 0.1 {
		return fmt.Sprintf("%.6f", s)
	}
	return fmt.Sprintf("%.3f", s)
}

func list(w io.Writer, title, none string, lines []string) {
	fmt.Fprintf(w, "\n## %s\n\n", title)
	if len(lines) == 0 {
		fmt.Fprintln(w, none)
	}
	for _, l := range lines {
		fmt.Fprintf(w, "- %s\n", l)
	}
}

// names are the distinct values of a field in order of appearance.
func names(records []Record, of func(Record) string) (out []string) {
	for _, r := range records {
		if n := of(r); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func where(records []Record, keep func(Record) bool) (out []Record) {
	for _, r := range records {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

func sorted(records []Record, of func(Record) float64) (out []float64) {
	for _, r := range records {
		out = append(out, of(r))
	}
	slices.Sort(out)
	return out
}

// Median is the middle of v, which is in ascending order, or the mean of the two in the middle.
func Median(v []float64) float64 { return (v[(len(v)-1)/2] + v[len(v)/2]) / 2 }
