package feature

import (
	"errors"

	"github.com/clientele-go/clientele/table"
)

// A Reader checks columns as they come with a stored model. The zero Reader has read none. It is not safe for concurrent use.
type Reader struct{ names map[string]bool }

// Read returns the column with the name, the kind as text and the levels. An error says what the column is or has: a kind
// that there is not, levels where it has numbers, a level twice, or the name of one before.
func (r *Reader) Read(name, kind string, levels []string) (Column, error) {
	c := New(name, table.Number, levels)
	switch kind {
	case table.Number.String():
		if levels != nil {
			return c, errors.New("is a number with levels")
		}
	case table.Category.String():
		c.Kind = table.Category
	default:
		return c, errors.New("is of an unknown kind")
	}
	if !c.Distinct() {
		return c, errors.New("has a level twice")
	}
	if r.names[name] {
		return c, errors.New("has the name of another")
	}
	if r.names == nil {
		r.names = make(map[string]bool)
	}
	r.names[name] = true
	return c, nil
}
