package segment

import (
	"strings"
	"unicode/utf8"
)

// nearest returns the candidate that was likely meant by name: one that differs in case alone, else the one with the
// least distance if that is at most a third of the longer of the two, but 1 in any case; "" if there is none. The
// distance counts characters put in, left out, replaced, and neighbours swapped (optimal string alignment, the
// restricted form of Damerau and Levenshtein), upper and lower case being the same. The order of candidates does not
// matter: of several equally near the least wins. Cost: O(length of name * length of candidate) for each candidate.
func nearest(name string, candidates []string) string {
	if len(name) > 128 {
		return "" // no tag is called so
	}
	a := []rune(strings.ToLower(name))
	best, least := "", 0
	var rows [3][]int
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := 0
		if lower != string(a) {
			m := utf8.RuneCountInString(lower)
			bound := max(len(a), m)
			if bound = max(bound/3, 1); bound >= max(len(a), m) || max(len(a)-m, m-len(a)) > bound {
				continue
			}
			if best != "" {
				bound = min(bound, least)
			}
			if d = distance(a, []rune(lower), &rows); d > bound {
				continue
			}
		}
		if best == "" || d < least || d == least && c < best {
			best, least = c, d
		}
	}
	return best
}

// distance returns the optimal string alignment distance, in three rows that are kept for the next call.
func distance(a, b []rune, rows *[3][]int) int {
	for i := range rows {
		if cap(rows[i]) <= len(b) {
			rows[i] = make([]int, len(b)+1)
		}
		rows[i] = rows[i][:len(b)+1]
	}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
