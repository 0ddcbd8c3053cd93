package rfm

import (
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/table"
)

// CustomersOf reads a customer table with the number columns "recency" (days),
// "frequency", "monetary" and, optionally, "revenue" (both in minor units;
// where it is absent revenue is money rounded to whole units). Other columns
// are ignored. A value that is missing, or not whole where it must be, is a
// [*CustomerError].
func CustomersOf[K comparable](t *table.Table[K]) ([]Customer[K], error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if t.Rows() != len(t.IDs) {
		return nil, errors.New("rfm: the table has no ids")
	}
	var columns [4][]float64
	for i, name := range []string{"recency", "frequency", "monetary", "revenue"} {
		c, ok := t.Column(name)
		if ok && c.Kind != table.Number {
			return nil, fmt.Errorf("rfm: column %q is not of numbers", name)
		}
		if !ok && i < dimensions {
			return nil, fmt.Errorf("%w: %q", table.ErrNoColumn, name)
		}
		columns[i] = c.Num
	}
	customers := make([]Customer[K], len(t.IDs))
	for row, id := range t.IDs {
		r, f, m := columns[recency][row], columns[frequency][row], columns[monetary][row]
		revenue := math.RoundToEven(m)
		if columns[3] != nil {
			revenue = columns[3][row]
		}
		for field, v := range [...]float64{r, f, m, revenue} {
			if whole := field != monetary && (field < dimensions || columns[3] != nil); math.IsNaN(v) || whole && (v != math.Trunc(v) || math.Abs(v) > 1<<53) {
				name := [...]string{"recency", "frequency", "monetary", "revenue"}[field]
				return nil, &CustomerError{Row: row, Field: name, Reason: "missing or not a whole number"}
			}
		}
		customers[row] = Customer[K]{ID: id, Values: Values{Recency: int(r), Frequency: int(f), Monetary: m}, Revenue: int64(revenue)}
	}
	return customers, nil
}

// Table returns the summary as a table of a row a group, by its id: the category
// columns "name" and "name_zh", and the number columns "customers", "share",
// "frequency", "revenue", "revenue_share", "min_revenue", "max_revenue",
// "median_recency", "median_frequency" and "median_monetary", of which those
// from "min_revenue" on are missing for an empty group.
func (g *Grouping[K]) Table() *table.Table[string] {
	t := &table.Table[string]{}
	var names, chinese []string
	columns := []string{
		"customers", "share", "frequency", "revenue", "revenue_share",
		"min_revenue", "max_revenue", "median_recency", "median_frequency", "median_monetary",
	}
	values := make([][]float64, len(columns))
	for _, s := range g.Summary() {
		t.IDs, names, chinese = append(t.IDs, s.ID), append(names, s.Name.EN), append(chinese, s.Name.ZH)
		for i, v := range []float64{
			float64(s.Customers), s.Share, float64(s.Frequency), float64(s.Revenue), s.RevenueShare,
			float64(s.MinRevenue), float64(s.MaxRevenue), s.MedianRecency, s.MedianFrequency, s.MedianMonetary,
		} {
			if s.Customers == 0 && i > 4 {
				v = math.NaN()
			}
			values[i] = append(values[i], v)
		}
	}
	t.Columns = append(t.Columns, table.CategoryColumn("name", names...), table.CategoryColumn("name_zh", chinese...))
	for i, name := range columns {
		t.Columns = append(t.Columns, table.NumberColumn(name, values[i]...))
	}
	return t
}

// Table returns the customers as a table of features: the number columns
// "recency", "frequency", "monetary", "revenue", "r", "f", "m" and "combined",
// and the category columns "segment" and "class" with ids as levels.
func (a *Analysis[K]) Table() *table.Table[K] {
	n := len(a.Customers)
	t := &table.Table[K]{IDs: make([]K, n), Compare: a.compare}
	number := func(name string, value func(c *Customer[K]) float64) {
		values := make([]float64, n)
		for i := range values {
			values[i] = value(&a.Customers[i])
		}
		t.Columns = append(t.Columns, table.NumberColumn(name, values...))
	}
	for i := range a.Customers {
		t.IDs[i] = a.Customers[i].ID
	}
	number("recency", func(c *Customer[K]) float64 { return float64(c.Recency) })
	number("frequency", func(c *Customer[K]) float64 { return float64(c.Frequency) })
	number("monetary", func(c *Customer[K]) float64 { return c.Monetary })
	number("revenue", func(c *Customer[K]) float64 { return float64(c.Revenue) })
	number("r", func(c *Customer[K]) float64 { return float64(c.Scores.R) })
	number("f", func(c *Customer[K]) float64 { return float64(c.Scores.F) })
	number("m", func(c *Customer[K]) float64 { return float64(c.Scores.M) })
	number("combined", func(c *Customer[K]) float64 { return a.Model.Combined(c.Scores) })
	for _, g := range []struct {
		name     string
		grouping *Grouping[K]
	}{{"segment", a.BySegment()}, {"class", a.ByClass()}} {
		c := table.Column{Name: g.name, Kind: table.Category, Code: make([]int32, n)}
		for _, group := range g.grouping.Groups {
			c.Levels = append(c.Levels, group.ID)
		}
		for i := range c.Code {
			c.Code[i] = int32(g.grouping.Of(i))
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}
