package profile

import (
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// The table of names. Everything that is stored names traits, fields, events, sources and
// computed traits by a number: an index of the table, to which names are only ever
// appended. So a number means the same for ever, also where a name leaves the schema and
// comes back. A name in the table is, with tabs between, which no name has:
//
//	source <name>
//	channel <source> <channel>
//	event <name>
//	field <kind> <event> <name>
//	trait <kind> <name>
//	computed <kind> <name>
//
// The kind belongs to it: a trait that becomes of another kind is another trait. Index 0 is
// the empty name, so that 0 is nobody's number. The numbers of channels say only which one a
// source had first.

func sourceName(name string) string { return "source\t" + name }
func channelName(s *Source) string  { return "channel\t" + s.Name + "\t" + s.channel() }
func eventName(name string) string  { return "event\t" + name }
func fieldName(k customer.Kind, event, name string) string {
	return "field\t" + k.String() + "\t" + event + "\t" + name
}
func traitName(k customer.Kind, name string) string { return "trait\t" + k.String() + "\t" + name }
func computedName(k customer.Kind, name string) string {
	return "computed\t" + k.String() + "\t" + name
}

// cutChannel is the inverse of channelName.
func cutChannel(name string) (source, channel string, ok bool) {
	rest, ok := strings.CutPrefix(name, "channel\t")
	source, channel, _ = strings.Cut(rest, "\t")
	return source, channel, ok
}

func isSourceName(name string) bool { return strings.HasPrefix(name, "source\t") }

// A numbering gives numbers to names.
type numbering struct {
	names   []string
	numbers map[string]uint32
}

// newNumbering begins with a copy of a table; nil is the empty one.
func newNumbering(names []string) *numbering {
	n := &numbering{names: slices.Clone(names), numbers: make(map[string]uint32, len(names))}
	if len(n.names) == 0 {
		n.names = []string{""}
	}
	for i, name := range n.names {
		n.numbers[name] = uint32(i)
	}
	return n
}

// of returns the number of a name, which it appends where it is new.
func (n *numbering) of(name string) uint32 {
	number, ok := n.numbers[name]
	if !ok {
		number = uint32(len(n.names))
		n.names = append(n.names, name)
		n.numbers[name] = number
	}
	return number
}
