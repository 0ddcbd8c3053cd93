package segment

import (
	"strings"
	"unicode/utf8"
)

// maxDistance is the most that a name may differ from the one that was likely meant. It keeps the search short among
// many tags whose names are long.
const maxDistance = 5

// nearest returns the candidate that was likely meant by name: one that differs in case alone, else the one with the
// least distance if that is at most a third of the longer of the two and at most maxDistance, but 1 in any case; "" if
// there is none. The distance counts characters put in, left out, replaced, and neighbours swapped (optimal string
// alignment, the restricted form of Damerau and Levenshtein), upper and lower case being the same. The order of
// candidates does not matter: of several equally near the least wins. Cost: O(length of candidate) for each.
func nearest(name string, candidates []string) string {
	if len(name) > 128 {
		return "" // no tag is called so
	}
	name = strings.ToLower(name)
	a := []rune(name)
	best, least := "", 0
	var rows [3][]int
	var b []rune
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := 0
		if lower != name {
			m := utf8.RuneCountInString(lower)
			longer := max(len(a), m)
			bound := min(max(longer/3, 1), maxDistance)
			if best != "" {
				bound = min(bound, least)
			}
			if bound >= longer || longer-min(len(a), m) > bound {
				continue
			}
			b = b[:0]
			for _, r := range lower {
				b = append(b, r)
			}
			if d = distance(a, b, bound, &rows); d > bound {
				continue
			}
		}
		if best == "" || d < least || d == least && c < best {
			best, least = c, d
		}
	}
	return best
}

// distance returns the optimal string alignment distance if it is at most bound, else a number that is more; the lengths
// differ by no more than bound. rows are kept for the next call. Cost: O(length * bound).
func distance(a, b []rune, bound int, rows *[3][]int) int {
	for i := range rows {
		if cap(rows[i]) < len(b)+2 {
			rows[i] = make([]int, len(b)+2)
		}
		rows[i] = rows[i][:len(b)+2]
	}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range min(bound+2, len(last)) {
		last[j] = j
	}
	for i := range a {
		// Beyond bound characters from the diagonal nothing is within the bound.
		from, to := max(i-bound, 0), min(i+bound+1, len(b))
		row[from] = bound + 1
		if from == 0 {
			row[0] = i + 1
		}
		least := row[from]
		for j := from; j < to; j++ {
			d := last[j]
			if a[i] != b[j] {
				if d = min(d, last[j+1], row[j]); i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
					d = min(d, before[j-1])
				}
				d++
			}
			row[j+1] = d
			least = min(least, d)
		}
		row[to+1] = bound + 1 // what the next row reads to the right of the band
		if least > bound {
			return least
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
