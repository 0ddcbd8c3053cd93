package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const on = `,"processor":"P","cores":2,"memory_gib":8,"system":"S","go":"go1"}` + "\n"

// shop has, in this order: a session that a later one takes the place of, although a peer is missing there; a peer that is quicker; one that
// misses a target; and another way of the library.
const shop = `{"time":"2026-01-01T00:00:00Z","task":"shop: old","peer":"clientele","version":"","run":1,"wall":9,"cpu":9` + on +
	`{"time":"2026-01-01T00:00:00Z","task":"shop: old","peer":"gone","version":"gone 1","run":1,"wall":1,"cpu":1` + on +
	`{"time":"2026-01-02T00:00:00Z","task":"shop: old","peer":"clientele","version":"","run":1,"wall":1,"cpu":1` + on +
	`{"time":"2026-01-02T00:00:00Z","task":"shop: old","peer":"quick","version":"quick 2","run":1,"wall":0.5,"cpu":1` + on +
	`{"time":"2026-01-02T00:00:00Z","task":"shop: old","peer":"slow","version":"","run":1,"wall":3,"cpu":1,"targets":{"clientele":4.5}` + on +
	`{"time":"2026-01-02T00:00:00Z","task":"shop: old","peer":"clientele","version":"","run":2,"wall":3,"cpu":1` + on +
	`{"time":"2026-01-02T00:00:00Z","task":"shop: old","peer":"quick","version":"quick 2","run":2,"wall":0.5,"cpu":1` + on +
	`{"time":"2026-01-03T00:00:00Z","task":"shop: old","peer":"slow","version":"","run":2,"wall":5,"cpu":1,"targets":{"clientele":4.5}` + on +
	`{"time":"2026-01-03T00:00:00Z","task":"shop: parts","peer":"clientele","version":"","run":1,"wall":0.002,"cpu":1` + on +
	`{"time":"2026-01-03T00:00:00Z","task":"shop: parts","peer":"clientele, without tea","version":"","run":1,"wall":0.001,"cpu":1` + on +
	`{"time":"2026-01-03T00:00:00Z","task":"shop: parts","peer":"slow","version":"","run":1,"wall":0.004,"cpu":1,"targets":{"clientele":2}` + on +
	`{"task":"shop: memory","what":"shelf","bytes":2097152,"elements":1048576}` + "\n"

// forms has a task of which the library has two forms, in a group.
const forms = `{"time":"2026-01-01T00:00:00Z","task":"forms: even: count","peer":"clientele, Go","version":"","run":1,"wall":0.00002,"cpu":1` + on +
	`{"time":"2026-01-01T00:00:00Z","task":"forms: even: count","peer":"clientele, kernels","version":"","run":1,"wall":0.000005,"cpu":1` + on +
	`{"time":"2026-01-01T00:00:00Z","task":"forms: even: count","peer":"other","version":"other 3","run":1,"wall":0.00001,"cpu":1,"targets":{"clientele, Go":1,"clientele, kernels":1.5}` + on

const figures = `{"time":"2026-01-01T00:00:00Z","job":"add","run":1,"figures":[{"name":"events","value":1000,"unit":"a second","target":"at least 12,000 a second"},{"name":"time","value":20,"unit":"ms","target":"at most 25: as people wait"},{"name":"rows","value":7,"unit":"","target":"seven"}]` + on +
	`{"time":"2026-01-01T00:00:00Z","job":"add","run":2,"figures":[{"name":"events","value":2000,"unit":"a second","target":"at least 12,000 a second"},{"name":"time","value":22,"unit":"ms","target":"at most 25: as people wait"},{"name":"rows","value":7,"unit":"","target":"seven"}]` + on

var described = []area{
	{file: "shop", title: "Shop: a test", what: "What.", why: "Because."},
	{file: "forms", title: "Forms", what: "What.", groups: []string{"even"}, forms: []string{"clientele, Go", "clientele, kernels"}},
	{file: "figures", title: "Figures", what: "What."},
	{file: "later", title: "Not measured yet", what: "What."},
}

func results(t *testing.T, files map[string]string) (dir, page string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name+".jsonl"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, filepath.Join(dir, "page.md")
}

// want was worked out by hand from the lines above.
func TestPage(t *testing.T) {
	dir, page := results(t, map[string]string{"shop": shop, "forms": forms, "figures": figures})
	if err := run(dir, page, described, false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	above, below, found := strings.Cut(string(text), "\n## Where we lose\n")
	if !found {
		t.Fatal("no section of losses")
	}
	for _, line := range []string{
		"| [Shop: a test](#shop-a-test) | 3 | 1 | 1 | 1 |",
		"| [Forms](#forms) | 2 | 1 | 1 | 1 |",
		"| [Figures](#figures) | 0 | 0 | 1 | 1 |",
		"Measured 2026-01-02 to 2026-01-03 on P, 2 cores, 8 GiB, S, go1; 1 to 2 runs of each.",
		"Peers: quick 2.",
		"| old | quick | 500 ms | 2.00 s | **0.250** |  |",
		"| old | slow | 4.00 s | 2.00 s | ≈ 2.00 | 4.5: missed |",
		"| parts | clientele, without tea | 1.00 ms | 2.00 ms | 0.500 |  |",
		"| parts | slow | 4.00 ms | 2.00 ms | 2.00 | 2: met |",
		"| shelf | 2.0 | 2.00 |",
		"### Even values",
		"| task | peer | peer's time | ours, Go | ratio, Go | target, Go | ours, kernels | ratio, kernels | target, kernels |",
		"| count | other | 10.0 µs | 20.0 µs | **0.500** | 1: missed | 5.00 µs | 2.00 | 1.5: met |",
		"| add | events | 1,500 a second | 1,000 to 2,000 | at least 12,000 a second (missed) |",
		"| add | time | 21.0 ms | 20.0 to 22.0 | at most 25: as people wait (met) |",
		"| add | rows | 7.00 | 7.00 to 7.00 | seven |",
	} {
		if !strings.Contains(above, line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if strings.Contains(string(text), "Not measured") {
		t.Error("there is a section without results")
	}
	if strings.Contains(above, "gone") {
		t.Error("a session that was repeated is still there")
	}
	for _, line := range []string{
		"Because.",
		"| old | quick | **0.250** |  |",
		"| old | slow | ≈ 2.00 | 4.5: missed |",
		"| even: count | other | **0.500** | 1: missed | 2.00 | 1.5: met |",
		"- add, events: 1,500 a second; at least 12,000 a second (missed).",
	} {
		if !strings.Contains(below, line+"\n") {
			t.Errorf("no loss %q", line)
		}
	}
	for _, word := range []string{"tea", "parts", "time:"} {
		if strings.Contains(below, word) {
			t.Errorf("%q is no loss", word)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}

func TestCheck(t *testing.T) {
	dir, page := results(t, map[string]string{"shop": shop, "forms": forms, "figures": figures})
	if err := run(dir, page, described, true); err == nil {
		t.Fatal("check passed although there was no page")
	}
	if err := run(dir, page, described, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, page, described, true); err != nil {
		t.Fatalf("check after writing: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.jsonl"), []byte(strings.Replace(shop, `"wall":3,`, `"wall":4,`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, page, described, true); err == nil || !strings.Contains(err.Error(), "make generate") {
		t.Fatalf("check after another run: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"an area that nobody described": {map[string]string{"shop": shop, "forms": forms, "figures": figures, "new": shop}, "areas.go does not say"},
		"a target of no number":         {map[string]string{"figures": strings.Replace(figures, "at most 25:", "at most some:", 1)}, "figures.jsonl:1: target"},
		"a target of another kind":      {map[string]string{"figures": strings.Replace(figures, "at most 25:", "at best 25:", 1)}, "figures.jsonl:1: target"},
		"an unknown field":              {map[string]string{"shop": shop + `{"what":"x","size":1}`, "forms": forms, "figures": figures}, `shop.jsonl:13: json: unknown field "size"`},
		"a line of no kind":             {map[string]string{"shop": shop + "{}", "forms": forms, "figures": figures}, "shop.jsonl:13: neither"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, page := results(t, c.files)
			if err := run(dir, page, described, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{digits(0.2345), "0.234"},
		{digits(0.00123), "0.00123"},
		{digits(12.345), "12.3"},
		{digits(1234.5), "1234"},
		{digits(7), "7.00"},
		{digits(0), "0"},
		{grouped(1234567.8), "1,234,568"},
		{grouped(-1234), "-1,234"},
		{grouped(999), "999"},
		{plain(2.5), "2.5"},
		{plain(2.0 / 3), "0.667"},
		{plain(1200), "1,200"},
		{duration(75.25), "75.2 s"},
		{duration(0.0123), "12.3 ms"},
		{duration(5e-8), "50.0 ns"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
