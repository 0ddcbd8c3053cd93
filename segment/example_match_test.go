package segment_test

import (
	"fmt"
	"time"

	"github.com/clientele-go/clientele/segment"
)

// A form asks about the person who fills it in, whom no index holds yet.
func ExampleMatcher_Match() {
	tags, err := segment.NewCatalogue(
		segment.Tag{Name: "city", Kind: segment.Enum},
		segment.Tag{Name: "orders_90d", Kind: segment.Integer},
		segment.Tag{Name: "last_order", Kind: segment.Time},
	)
	if err != nil {
		panic(err)
	}
	rule, err := segment.Parse(`city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days`)
	if err != nil {
		panic(err)
	}
	matcher, err := segment.NewMatcher(tags, rule, nil)
	if err != nil {
		panic(err)
	}
	type visitor struct {
		City   string     `segment:"city"`
		Orders int        `segment:"orders_90d"`
		Last   *time.Time `segment:"last_order"` // nil is unset
	}
	guangzhou := time.FixedZone("UTC+8", 8*3600)
	last := time.Date(2026, 2, 4, 0, 0, 0, 0, guangzhou)
	for _, v := range []visitor{{"广州", 4, &last}, {"广州", 4, nil}, {"北京", 4, &last}} {
		ok, err := matcher.Match(segment.Subject{
			AsOf:     time.Date(2026, 3, 5, 12, 0, 0, 0, guangzhou),
			Location: guangzhou,
			Values:   v,
		})
		fmt.Println(v.City, v.Last != nil, ok, err)
	}
	// Output:
	// 广州 true true <nil>
	// 广州 false false <nil>
	// 北京 true false <nil>
}

// Why shows the parts that decided, with what they met.
func ExampleMatcher_Why() {
	tags, err := segment.NewCatalogue(
		segment.Tag{Name: "city", Kind: segment.Enum},
		segment.Tag{Name: "orders_90d", Kind: segment.Integer},
		segment.Tag{Name: "vip", Kind: segment.Flag},
	)
	if err != nil {
		panic(err)
	}
	rule, err := segment.Parse(`city = "广州" and (orders_90d >= 3 or vip)`)
	if err != nil {
		panic(err)
	}
	matcher, err := segment.NewMatcher(tags, rule, nil)
	if err != nil {
		panic(err)
	}
	reason, err := matcher.Why(segment.Subject{Values: map[string]any{"city": "广州", "orders_90d": 2}})
	if err != nil {
		panic(err)
	}
	fmt.Println(reason)
	for condition := range reason.Conditions() {
		n, ok := condition.Value.Int64()
		fmt.Println(condition.Tag, n, ok)
	}
	// Output:
	// fails: and
	//   fails: or
	//     fails: orders_90d >= 3
	//     fails: vip [vip is unset]
	// orders_90d 2 true
	// vip 0 false
}
