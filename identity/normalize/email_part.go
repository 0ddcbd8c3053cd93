package normalize

import "strings"

// labels that may stand before an address, longest first where one begins another
var emailLabels = []string{"电子邮箱", "电子邮件", "邮箱", "邮件", "郵箱", "e-mail", "email", "mailto", "mail"}

// emailMarks are the signs by which an ASCII field is more than one bare address.
const emailMarks = "<>\",;| \n/():?"

// emailParts finds the addresses of a field. Between angle brackets there is one; a field
// without them is divided where no address goes on.
func emailParts(s string) []string {
	if list := angled(s); list != nil {
		return list
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, " @", "@"), "@ ", "@")
	if strings.ContainsRune(s, '"') {
		return []string{unlabelEmail(s)}
	}
	s = dropComments(s)
	if hasScheme(s) {
		s, _, _ = strings.Cut(s, "?") // subject and body of a link
	}
	var parts []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(",;、| \n或", r) }) {
		for piece := range slashed(part) {
			if piece = unlabelEmail(piece); piece != "" {
				parts = append(parts, piece)
			}
		}
	}
	return parts
}

// angled lists what stands in angle brackets, nil if there are none.
func angled(s string) (list []string) {
	for {
		_, rest, found := strings.Cut(s, "<")
		inside, after, closed := strings.Cut(rest, ">")
		if !found || !closed {
			return list
		}
		if inside = strings.TrimSpace(inside); inside != "" {
			list = append(list, unlabelEmail(inside))
		}
		s = after
	}
}

// slashed divides at slashes if each side is an address; a slash may stand in one.
func slashed(s string) func(yield func(string) bool) {
	pieces := strings.Split(s, "/")
	for _, p := range pieces {
		if !strings.Contains(p, "@") {
			pieces = []string{s}
			break
		}
	}
	return func(yield func(string) bool) {
		for _, p := range pieces {
			if !yield(p) {
				return
			}
		}
	}
}

func hasScheme(s string) bool {
	return len(s) > 7 && strings.EqualFold(s[:7], "mailto:")
}

// unlabelEmail takes a label with its colon away. mailto: is one.
func unlabelEmail(s string) string {
	s = strings.TrimSpace(s)
	for _, label := range emailLabels {
		if len(s) > len(label) && strings.EqualFold(s[:len(label)], label) {
			rest := strings.TrimSpace(s[len(label):])
			if rest != "" && rest[0] == ':' {
				return strings.TrimSpace(rest[1:])
			}
		}
	}
	return s
}

// dropComments takes away what stands in round brackets.
func dropComments(s string) string {
	for {
		front, rest, found := strings.Cut(s, "(")
		_, back, closed := strings.Cut(rest, ")")
		if !found || !closed {
			return s
		}
		s = front + back
	}
}
