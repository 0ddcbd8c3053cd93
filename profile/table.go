package profile

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/cell"
	"github.com/clientele-go/clientele/table"
)

// Table returns traits and computed traits of all customers at a moment as features, one
// row a customer, ascending by id. Names says which, and in what order; without names they
// are all that are Public or Internal, but for labels.
//
// Whole numbers, decimals and floats are Number columns of the float64 next to them, bools
// of 0 and 1, and times of days since 1970-01-01 00:00 UTC with their fraction, to the
// microsecond. Texts are Category columns, where the empty text is missing, like what is
// unset. Labels are no column: naming them is an InputError, as is naming what the schema
// does not have, or twice the same.
//
// Moment{At: t, Known: t} gives the features as they could have been computed at t: what a
// model may learn from. It is no snapshot: what changes meanwhile is in it or not. Cost: as
// All; memory of 8 bytes a number and 4 a text, and, while it grows, up to twice that.
func (p *Profiles) Table(ctx context.Context, m Moment, names ...string) (*table.Table[customer.ID], error) {
	at, err := m.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	columns, err := f.features(names)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		columns = slices.DeleteFunc(columns, func(c feature) bool { return c.kind == customer.KindLabels })
	}
	t := &table.Table[customer.ID]{Compare: customer.Compare}
	for _, c := range columns {
		switch c.kind {
		case customer.KindLabels:
			return nil, &InputError{-1, c.name, "has labels, which are no column of a table"}
		case customer.KindText:
			t.Columns = append(t.Columns, table.Column{Name: c.name, Kind: table.Category})
		default:
			t.Columns = append(t.Columns, table.Column{Name: c.name, Kind: table.Number})
		}
	}
	codes := make([]map[string]int32, len(columns)) // of the levels in the order they came in
	for i := range codes {
		codes[i] = map[string]int32{}
	}
	err = walk(ctx, p, f, at, func(page []loading) (*tablePage, error) {
		return f.tablePage(columns, page, at), nil
	}, func(page *tablePage) error {
		t.IDs = append(t.IDs, page.ids...)
		for i := range t.Columns {
			c := &t.Columns[i]
			c.Num = append(c.Num, page.numbers[i]...)
			for _, s := range page.texts[i] {
				c.Code = append(c.Code, code(codes[i], s))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range t.Columns {
		if t.Columns[i].Kind == table.Category {
			sortLevels(&t.Columns[i], codes[i])
		}
	}
	return t, nil
}

// A tablePage is some rows of a table: of each column the numbers, or the texts.
type tablePage struct {
	ids     []customer.ID
	numbers [][]float64
	texts   [][]string
}

func (b *bound) tablePage(columns []feature, page []loading, m moment) *tablePage {
	t := &tablePage{make([]customer.ID, len(page)), make([][]float64, len(columns)), make([][]string, len(columns))}
	for i := range columns {
		if columns[i].kind == customer.KindText {
			t.texts[i] = make([]string, len(page))
		} else {
			t.numbers[i] = make([]float64, len(page))
		}
	}
	for row := range page {
		t.ids[row] = page[row].id
		folded := b.fold(page[row].atoms, m)
		for i := range columns {
			v := columns[i].of(folded)
			if t.texts[i] != nil {
				t.texts[i][row], _ = v.Text()
			} else {
				t.numbers[i][row] = number(v)
			}
		}
	}
	return t
}

// code returns the code of a text, the next one where it is new; -1 of the empty text.
func code(codes map[string]int32, s string) int32 {
	if s == "" {
		return -1
	}
	c, ok := codes[s]
	if !ok {
		c = int32(len(codes))
		codes[s] = c
	}
	return c
}

// sortLevels gives a column its levels, ascending, and the codes that belong to them.
func sortLevels(c *table.Column, codes map[string]int32) {
	c.Levels = make([]string, 0, len(codes))
	for s := range codes {
		c.Levels = append(c.Levels, s)
	}
	slices.Sort(c.Levels)
	to := make([]int32, len(codes))
	for i, s := range c.Levels {
		to[codes[s]] = int32(i)
	}
	for i, code := range c.Code {
		if code >= 0 {
			c.Code[i] = to[code]
		}
	}
}

// number is a value as a feature; NaN where it is unset.
func number(v customer.Value) float64 {
	switch v.Kind() {
	case customer.KindBool:
		if b, _ := v.Bool(); b {
			return 1
		}
		return 0
	case customer.KindInt64:
		n, _ := v.Int64()
		return float64(n)
	case customer.KindFloat64:
		f, _ := v.Float64()
		return f
	case customer.KindDecimal:
		c, scale, _ := v.Decimal()
		if c >= -1<<53 && c <= 1<<53 { // both exact, so the quotient is the one nearest
			return float64(c) / math.Pow10(scale)
		}
		f, _ := strconv.ParseFloat(cell.Of(v), 64)
		return f
	case customer.KindTime:
		t, _ := v.Time()
		return float64(t.UnixMicro()) / (24 * 60 * 60 * 1e6)
	}
	return math.NaN()
}
