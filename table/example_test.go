package table_test

import (
	"cmp"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/table"
)

func Example() {
	features := &table.Table[int]{
		IDs:     []int{1042, 1007, 1019},
		Compare: cmp.Compare[int],
		Columns: []table.Column{
			table.NumberColumn("spend", 128.5, 64, math.NaN()),
			table.CategoryColumn("city", "Wuhan", "Beijing", ""),
		},
	}
	sorted, err := features.Sorted()
	if err != nil {
		fmt.Println(err)
		return
	}
	spend, _ := sorted.Column("spend")
	city, _ := sorted.Column("city")
	for row, id := range sorted.IDs {
		fmt.Printf("%d %v %d %q\n", id, spend.Num[row], city.Code[row], city.Level(row))
	}
	fmt.Println(city.Levels)
	// Output:
	// 1007 64 0 "Beijing"
	// 1019 NaN -1 ""
	// 1042 128.5 1 "Wuhan"
	// [Beijing Wuhan]
}

func ExampleTable_Validate() {
	features := &table.Table[string]{
		IDs: []string{"a", "b", "a"},
		Columns: []table.Column{
			table.NumberColumn("spend", 1, math.Inf(1), math.Inf(1)),
			{Name: "city", Kind: table.Category, Code: []int32{0, 1}, Levels: []string{"Wuhan"}},
		},
	}
	fmt.Println(features.Validate())
	// Output:
	// table: ids: row 2: id is there more than once
	// table: column 0 "spend": 2 rows, the first is 1: value is infinite
	// table: column 1 "city": has 2 values in a table of 3 rows
	// table: column 1 "city": row 1: code is not -1 and not the index of a level
}

func ExampleTable_Select() {
	features := &table.Table[string]{
		IDs: []string{"a", "b"},
		Columns: []table.Column{
			table.NumberColumn("recency", 3, 40),
			table.NumberColumn("frequency", 9, 1),
			table.NumberColumn("monetary", 120, 15),
		},
	}
	two, err := features.Select("monetary", "recency")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range two.Columns {
		fmt.Println(c.Name, c.Num)
	}
	_, err = features.Select("age")
	fmt.Println(err)
	// Output:
	// monetary [120 15]
	// recency [3 40]
	// table: no such column: "age"
}

func ExampleTable_Take() {
	features := &table.Table[string]{
		IDs:     []string{"a", "b", "c"},
		Columns: []table.Column{table.NumberColumn("orders", 9, 1, 4)},
	}
	train := features.Take([]int{0, 2})
	fmt.Println(train.IDs, train.Columns[0].Num)
	// Output:
	// [a c] [9 4]
}
