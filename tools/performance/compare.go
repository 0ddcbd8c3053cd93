package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ratio is how many times as long as a form of the library a peer takes. It is a plain value: safe for concurrent reads.
type ratio struct {
	form   string
	ours   float64 // seconds
	times  float64
	target float64 // 0: none
	close  bool    // runs of both overlap
}

func (r ratio) missed() bool { return r.target > 0 && r.times < r.target }

// comparison is a row: a peer beside the library. It is a plain value: safe for concurrent reads.
type comparison struct {
	group, task, peer string
	theirs            float64 // seconds
	ratios            []ratio // one a form
	own               bool    // the peer is the library too, in another way
}

// lost tells whether the peer is quicker, or a target is missed.
func (c *comparison) lost() bool {
	return slices.ContainsFunc(c.ratios, func(r ratio) bool { return r.missed() || r.times < 1 && !c.own })
}

// compare returns the rows of a task.
func compare(a area, s *session) (rows []comparison) {
	forms := a.forms
	if forms == nil {
		forms = []string{s.series[0].name}
	}
	group, task := "", s.name
	for _, g := range a.groups {
		if rest, found := strings.CutPrefix(task, g+": "); found {
			group, task = g, rest
		}
	}
	for _, peer := range s.series {
		if slices.Contains(forms, peer.name) {
			continue
		}
		c := comparison{group: group, task: task, peer: peer.name, theirs: peer.median(), own: strings.HasPrefix(peer.name, ours)}
		for _, form := range forms {
			if us := s.find(form); us != nil {
				c.ratios = append(c.ratios, ratio{
					form: form, ours: us.median(), times: peer.median() / us.median(), target: peer.targets[form], close: us.overlaps(peer),
				})
			}
		}
		rows = append(rows, c)
	}
	return rows
}

// comparisons are the rows of all tasks of a machine.
func (r *result) comparisons(m machine) (rows []comparison) {
	for _, s := range r.tasks {
		if s.machine == m {
			rows = append(rows, compare(r.area, s)...)
		}
	}
	return rows
}

// machines are those of the area, in the order in which the file has them.
func (r *result) machines() (all []machine) {
	for _, s := range slices.Concat(r.tasks, r.jobs) {
		if !slices.Contains(all, s.machine) {
			all = append(all, s.machine)
		}
	}
	return all
}

// bound reads the target of a figure: "least" or "most" and the number, or nothing where it begins in another way.
func bound(target string) (kind string, x float64, err error) {
	rest, found := strings.CutPrefix(target, "at ")
	if !found {
		return "", 0, nil
	}
	kind, rest, _ = strings.Cut(rest, " ")
	number, _, _ := strings.Cut(strings.TrimRight(rest, ":"), " ")
	x, err = strconv.ParseFloat(strings.ReplaceAll(strings.TrimRight(number, ":"), ",", ""), 64)
	if kind != "least" && kind != "most" || err != nil {
		return "", 0, fmt.Errorf("target %q: neither \"at least\" nor \"at most\" a number", target)
	}
	return kind, x, nil
}

// missed tells whether the median of a figure is not what is asked for.
func (x *series) missed() bool {
	kind, limit, _ := bound(x.figure.Target)
	return kind == "least" && x.median() < limit || kind == "most" && x.median() > limit
}

// asked tells whether something is asked of a figure that can be met or missed.
func (x *series) asked() bool {
	kind, _, _ := bound(x.figure.Target)
	return kind != ""
}
