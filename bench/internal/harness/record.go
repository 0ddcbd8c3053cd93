package harness

import (
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A Record is one run, one JSON line. It is a plain value: safe for concurrent reads.
type Record struct {
	Time    time.Time `json:"time"`
	Task    string    `json:"task"`
	Peer    string    `json:"peer"`
	Version string    `json:"version"`
	Run     int       `json:"run"`  // from 1
	Wall    float64   `json:"wall"` // seconds
	CPU     float64   `json:"cpu"`  // seconds, all threads
	// Targets are, by the peer that is a form of the library, the least ratio of the peer's median time to its own.
	Targets map[string]float64 `json:"targets,omitempty"`
	Machine
}

func (s *Session) record(task, peer, version string, run int, c Cost, targets map[string]float64) error {
	r := Record{
		Time: time.Now().UTC().Truncate(time.Second), Task: task, Peer: peer, Version: version,
		Run: run, Wall: c.Wall.Seconds(), CPU: c.CPU.Seconds(), Targets: targets, Machine: s.Machine,
	}
	s.records = append(s.records, r)
	return s.Line(r)
}

// Figures writes what was measured of a job beside its runs, one JSON line.
func (s *Session) Figures(job string, figures ...Figure) error {
	return s.Line(struct {
		Time    time.Time `json:"time"`
		Job     string    `json:"job"`
		Run     int       `json:"run"`
		Figures []Figure  `json:"figures"`
		Machine
	}{time.Now().UTC().Truncate(time.Second), job, 1, figures, s.Machine})
}

// Line writes v as one JSON line.
func (s *Session) Line(v any) error { return json.NewEncoder(s.Lines).Encode(v) }

// A Machine says where the runs were made. It is a plain value: safe for concurrent reads.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    int    `json:"memory_gib"`
	System    string `json:"system"`
	Go        string `json:"go"`
}

// ThisMachine asks the operating system, as far as it can tell.
func ThisMachine() Machine {
	m := Machine{
		Processor: field("/proc/cpuinfo", "model name"),
		Cores:     runtime.GOMAXPROCS(0),
		System:    strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`) + " " + runtime.GOOS + "/" + runtime.GOARCH,
		Go:        runtime.Version(),
	}
	kib, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	if n, err := strconv.Atoi(kib); err == nil {
		m.Memory = (n + 1<<19) >> 20
	}
	return m
}

// field is the value of the first line "name: value" or "name=value" of a file, "" for none.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		i := strings.IndexAny(line, ":=")
		if i >= 0 && strings.TrimSpace(line[:i]) == name {
			return strings.TrimSpace(line[i+1:])
		}
	}
	return ""
}
