package segment_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/segment"
)

func ExampleParse() {
	rule, err := segment.Parse(`城市 in （“广州”，“深圳”） and (orders_90d >= 3 OR vip) and last_order within 30 days`)
	if err != nil {
		panic(err)
	}
	fmt.Println(rule)

	_, err = segment.Parse("vip and\nlast_order witin 30 days")
	fmt.Println(err)
	if e, ok := errors.AsType[*segment.RuleError](err); ok {
		fmt.Println(e.Line, e.Column, e.Suggestion)
	}
	// Output:
	// 城市 in ("广州", "深圳") and (orders_90d >= 3 or vip) and last_order within 30 days
	// segment: rule 2:12: expected an operator (= != < <= > >= in not between is has within older anniversary) or the end of the condition, found the name "witin"; did you mean "within"?
	// 2 12 within
}

func ExampleRule_MarshalJSON() {
	rule := segment.And(
		segment.In("city", "广州", "深圳"),
		segment.Within("last_order", segment.Days(30)),
		segment.Not(segment.IsTrue("vip")),
	)
	data, err := json.Marshal(rule)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(data))

	var back segment.Rule
	if err := json.Unmarshal(data, &back); err != nil {
		panic(err)
	}
	fmt.Println(back)
	// Output:
	// {"and":[{"tag":"city","in":["广州","深圳"]},{"tag":"last_order","within":{"days":30}},{"not":{"tag":"vip","eq":true}}]}
	// city in ("广州", "深圳") and last_order within 30 days and not vip
}

func ExampleParseQueryBuilder() {
	tags, err := segment.NewCatalogue(
		segment.Tag{Name: "city", Kind: segment.Enum},
		segment.Tag{Name: "orders_90d", Kind: segment.Integer},
	)
	if err != nil {
		panic(err)
	}
	rule, err := segment.ParseQueryBuilder([]byte(`{"combinator": "and", "rules": [
		{"field": "city", "operator": "notIn", "value": "广州, 深圳"},
		{"field": "orders_90d", "operator": ">=", "value": "3"}
	]}`), tags)
	if err != nil {
		panic(err)
	}
	fmt.Println(rule)
	// Output:
	// city not in ("广州", "深圳") and orders_90d >= 3
}
