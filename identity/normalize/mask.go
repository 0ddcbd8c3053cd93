package normalize

import "strings"

// maskMarks are characters that stand for hidden ones and for little else.
const maskMarks = "*∗⁎✱✲✳✻❋•●■█▇▓▒░□◆▪"

// words that say that only the end is given
var tailWords = []string{"尾号", "尾數", "尾号为", "末四位", "末4位", "后四位", "后4位", "後四位", "ending in", "ending with", "ends with", "last 4", "last four"}

// marked reports whether a clean text has a character that hides others.
func marked(s string) bool {
	if isASCII(s) {
		return strings.IndexByte(s, '*') >= 0
	}
	return strings.ContainsAny(s, maskMarks)
}

// hidden reports whether digits of a clean text are hidden: by a mark, by a run of x, ?,
// # or _ (two or more, spaces and dashes between do not matter), by an ellipsis, or by
// words that say that only the end is given.
func hidden(s string) bool {
	if marked(s) {
		return true
	}
	var last rune
	count, letters := 0, false
	for _, r := range s {
		if r >= '0' && r <= '9' {
			last = r
			continue
		}
		letters = letters || r >= 'A' && r != '_'
		switch r {
		case ' ', '-':
			continue
		case 'X', '×', '✕', '✖', 'х', 'Х', 'χ', 'Χ': // the sign of multiplication, Cyrillic and Greek letters
			r = 'x'
		}
		if r != last {
			last, count = r, 0
		}
		count++
		switch r {
		case 'x', '?', '#', '_', '某':
			if count == 2 {
				return true
			}
		case '.':
			if count == 3 {
				return true
			}
		}
	}
	if !letters {
		return false
	}
	lower := strings.ToLower(s)
	for _, w := range tailWords {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}
