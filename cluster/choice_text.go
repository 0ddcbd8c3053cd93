package cluster

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// choiceColumn is a column of the table for people.
type choiceColumn struct {
	name, format string
	of           func(*Candidate) float64
}

var choiceColumns = []choiceColumn{
	{"inertia", "%.6g", func(c *Candidate) float64 { return c.Inertia }},
	{"Calinski-Harabasz", "%.5g", func(c *Candidate) float64 { return c.CalinskiHarabasz }},
	{"Davies-Bouldin", "%.3f", func(c *Candidate) float64 { return c.DaviesBouldin }},
	{"simplified", "%.3f", func(c *Candidate) float64 { return c.Simplified }},
	{"silhouette", "%.3f", func(c *Candidate) float64 { return c.Silhouette }},
	{"±", "%.3f", silhouetteError},
	{"BIC", "%.6g", func(c *Candidate) float64 { return c.BIC }},
	{"gap", "%.3f", func(c *Candidate) float64 { return c.Gap }},
	{"±", "%.3f", func(c *Candidate) float64 { return c.GapError }},
	{"least stable", "%.2f", (*Candidate).MinStability},
	{"smallest", "%.1f%%", func(c *Candidate) float64 { return 100 * c.SmallestShare }},
}

// silhouetteError is NaN where the silhouette is exact.
func silhouetteError(c *Candidate) float64 {
	if c.SilhouetteError == 0 {
		return math.NaN()
	}
	return c.SilhouetteError
}

// String is the table for people: a line for each k. Columns without any figure are left
// out.
func (c *Choice) String() string {
	columns := slices.DeleteFunc(slices.Clone(choiceColumns), func(column choiceColumn) bool {
		return !slices.ContainsFunc(c.Candidates, func(c Candidate) bool { return !math.IsNaN(column.of(&c)) })
	})
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(k string, cell func(choiceColumn) string) {
		fmt.Fprint(w, k, "\t")
		for _, column := range columns {
			fmt.Fprint(w, cell(column), "\t")
		}
		fmt.Fprintln(w)
	}
	line("k", func(column choiceColumn) string { return column.name })
	for i := range c.Candidates {
		line(fmt.Sprint(c.Candidates[i].K), func(column choiceColumn) string {
			if v := column.of(&c.Candidates[i]); !math.IsNaN(v) && !math.IsInf(v, 0) {
				return fmt.Sprintf(column.format, v)
			}
			return "-"
		})
	}
	w.Flush()
	return text.String()
}
