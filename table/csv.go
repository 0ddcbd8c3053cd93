package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/clientele-go/clientele/internal/cell"
)

// WriteCSV writes the table as CSV: a header of the names of the columns, before them "id" where rows have ids, then a
// line for each row in order, with ids as fmt.Sprint writes them, numbers with the fewest digits that read back as the
// same float64, categories as their levels, and nothing where a value is missing. A name, level or id that a spreadsheet
// could take for a formula gets a ' in front, and so does one that begins with '; whole numbers are left alone. A table that Validate finds a fault in is that error, and
// nothing is written. Cost: O(rows * columns).
func (t *Table[K]) WriteCSV(w io.Writer) error {
	if err := t.Validate(); err != nil {
		return err
	}
	var header []string
	if t.IDs != nil {
		header = append(header, "id")
	}
	for _, c := range t.Columns {
		header = append(header, cell.Harmless(c.Name))
	}
	out := csv.NewWriter(w)
	if len(header) > 0 {
		if err := out.Write(header); err != nil {
			return err
		}
	}
	record := make([]string, 0, len(header))
	for row := range t.Rows() {
		record = record[:0]
		if t.IDs != nil {
			id := fmt.Sprint(t.IDs[row])
			if _, err := strconv.ParseInt(id, 10, 64); err != nil {
				id = cell.Harmless(id)
			}
			record = append(record, id)
		}
		for i := range t.Columns {
			c, text := &t.Columns[i], ""
			switch {
			case c.Missing(row):
			case c.Kind == Category:
				text = cell.Harmless(c.Level(row))
			default:
				text = strconv.FormatFloat(c.Num[row], 'f', -1, 64)
			}
			record = append(record, text)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
