package integration

import (
	"time"

	"github.com/clientele-go/clientele/segment"
)

var soakIndexTags = []segment.Tag{
	{Name: "city", Kind: segment.Enum},
	{Name: "tags", Kind: segment.Labels},
	{Name: "orders", Kind: segment.Integer},
	{Name: "spent", Kind: segment.Integer},
	{Name: "orders_7d", Kind: segment.Integer},
	{Name: "last_order", Kind: segment.Time, Unit: time.Microsecond},
	{Name: "visits", Kind: segment.Integer},
}

// bigSpent is what customers of the segment big have spent by a version of its definition.
func bigSpent(version int) int64 { return int64(100 + 50*(version%4)) }

func bigSegment(version int) segment.Definition {
	return segment.Definition{Name: "big", Rule: segment.Ge("spent", bigSpent(version))}
}

const (
	soakCap  = 200
	soakHeld = 20 // percent
)

// soakSegments are the definitions it begins with. Of big there come others.
func soakSegments() []segment.Definition {
	return []segment.Definition{
		{Name: "all"},
		bigSegment(1),
		{Name: "capped", Rule: segment.Ge("orders", 3), Cap: soakCap},
		{Name: "dormant", Rule: segment.OlderThan("last_order", segment.Days(20))},
		{Name: "frequent", Rule: segment.Ge("orders_7d", 2)},
		{Name: "held", Rule: segment.Ge("visits", 3), Holdout: soakHeld},
		{Name: "hot", Rule: segment.And(segment.Segment("big"), segment.Segment("recent"), segment.Not(segment.Segment("southern")))},
		{Name: "loyal", Rule: segment.Ge("orders", 5), Stay: segment.Ge("orders", 3)},
		{Name: "recent", Rule: segment.Within("last_order", segment.Days(7))},
		{Name: "southern", Rule: segment.In("city", "Shenzhen", "Zhuhai")},
		{Name: "staying", Rule: segment.Within("last_order", segment.Hours(30)), Dwell: 60 * time.Hour},
		{Name: "tea", Rule: segment.And(segment.Has("tags", "tea"), segment.Not(segment.Has("tags", "wine")))},
	}
}

// holds tells whether the rule of a segment holds for a customer, and whether who is a
// member may stay, with the definition of big of a version.
func (c *soakCustomer) holds(name string, at time.Time, version int) (enters, stays bool) {
	number := func(name string) int64 {
		n, _ := c.values[name].Int64()
		return n
	}
	last, ordered := c.values["last_order"].Time()
	city, _ := c.values["city"].Text()
	likes := map[string]bool{}
	for label := range c.values["tags"].Labels() {
		likes[label] = true
	}
	southern := city == "Shenzhen" || city == "Zhuhai"
	big := number("spent") >= bigSpent(version)
	recent := ordered && !last.Before(at.Truncate(day).AddDate(0, 0, -6))
	switch name {
	case "all":
		enters = true
	case "big":
		enters = big
	case "capped":
		enters = number("orders") >= 3
	case "dormant":
		enters = ordered && last.Before(at.Truncate(day).AddDate(0, 0, -19))
	case "frequent":
		enters = number("orders_7d") >= 2
	case "held":
		enters = number("visits") >= 3
	case "hot":
		enters = big && recent && !southern
	case "loyal":
		enters, stays = number("orders") >= 5, number("orders") >= 3
	case "recent":
		enters = recent
	case "southern":
		enters = southern
	case "staying":
		enters = ordered && last.After(at.Add(-30*time.Hour))
		stays = true // for some time
	case "tea":
		enters = likes["tea"] && !likes["wine"]
	default:
		panic(name)
	}
	return enters, enters || stays
}

// soakQueries are what readers ask.
func soakQueries() []segment.Rule {
	return []segment.Rule{
		segment.And(segment.Ge("orders", 2), segment.Eq("city", "Guangzhou")),
		segment.Or(segment.Has("tags", "run", "toys"), segment.Gt("visits", 4)),
		segment.Between("spent", 100, 300),
		segment.AtLeast(2, segment.Ge("orders", 3), segment.HasAll("tags", "tea", "books"), segment.Within("last_order", segment.Days(5))),
		segment.Not(segment.IsSet("city")),
	}
}
