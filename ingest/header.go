package ingest

import (
	"fmt"
	"strings"
)

// foldName is the form in which names of columns are compared.
func foldName(name string) string {
	return strings.ToLower(strings.TrimSpace(string(appendNarrow(nil, []byte(name)))))
}

// match finds the column of every field: its index, or -1 for an optional one that is
// not there.
func (p *plan[T]) match(source string, line int64, header []string) ([]int, error) {
	columnError := func(field, format string, args ...any) error {
		return &Error{Source: source, Line: line, Field: field, Reason: fmt.Sprintf(format, args...), Err: ErrColumn}
	}
	found := make(map[string][]int)
	for i, name := range header {
		found[foldName(name)] = append(found[foldName(name)], i)
	}
	index := make([]int, len(p.fields))
	matched := 0
	var missing []int
	for i, f := range p.fields {
		var at []int
		for _, name := range f.columns {
			at = append(at, found[name]...)
		}
		switch len(at) {
		case 0:
			index[i] = -1
			if !f.optional {
				missing = append(missing, i)
			}
		case 1:
			index[i] = at[0]
			matched++
		default:
			var names []string
			for _, c := range at {
				names = append(names, header[c])
			}
			return nil, columnError(f.name, "%d columns match: %s", len(at), listNames(names))
		}
	}
	if len(missing) == 0 {
		return index, nil
	}
	lost := p.fields[missing[0]]
	var others strings.Builder
	for _, i := range missing[1:] {
		fmt.Fprintf(&others, ", nor one for %q", p.fields[i].name)
	}
	if matched == 0 { // perhaps a record, not a header: its values are not shown
		return nil, columnError(lost.name, "no column named %s%s; none of the %d columns of this line is declared: "+
			"is the header missing, or the separator another?", anyOf(lost.names), others.String(), len(header))
	}
	return nil, columnError(lost.name, "no column named %s%s; found: %s", anyOf(lost.names), others.String(), listNames(header))
}

func anyOf(names []string) string {
	return strings.ReplaceAll(listNames(names), ", ", " or ")
}

// listNames quotes names for an error, bounded in number and length.
func listNames(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 50 {
			fmt.Fprintf(&b, "and %d more", len(names)-i)
			break
		}
		if r := []rune(name); len(r) > 64 {
			name = string(r[:64]) + "…"
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}
