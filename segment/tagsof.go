package segment

import (
	"cmp"

	"github.com/clientele-go/clientele/customer"
)

// decimalScale is how many digits after the point TagsOf gives decimals whose columns do not say.
const decimalScale = 6

// TagsOf returns the tags for rows with the columns, such as those that package profile hands on: their names and labels, and
// the kinds that take their values.
//
//	bool     Flag       int64    Integer    float64  Float      decimal  Decimal
//	text     Enum       labels   Labels     time     Time
//
// A Decimal has the Scale of its column, or six digits after the point, and room for 13 before it, where the column does not say. A
// batch with a number that has more is refused: a scale in the schema of the profiles, profile.Check, keeps such numbers out one by
// one. Times are in seconds. What else a [Tag] says of itself is for the caller to add. A column of no kind becomes a tag
// of none, which [Tag.Validate], [New] and Declare refuse. Declaring the same tags again is no error, so a service does so at each
// start.
func TagsOf(columns []customer.Column) []Tag {
	tags := make([]Tag, len(columns))
	for i, c := range columns {
		tags[i] = Tag{Name: c.Name, Label: c.Label}
		switch c.Kind {
		case customer.KindBool:
			tags[i].Kind = Flag
		case customer.KindInt64:
			tags[i].Kind = Integer
		case customer.KindFloat64:
			tags[i].Kind = Float
		case customer.KindDecimal:
			tags[i].Kind, tags[i].Scale = Decimal, cmp.Or(c.Scale, decimalScale)
		case customer.KindTime:
			tags[i].Kind = Time
		case customer.KindText:
			tags[i].Kind = Enum
		case customer.KindLabels:
			tags[i].Kind = Labels
		}
	}
	return tags
}
