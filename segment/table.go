package segment

import "github.com/clientele-go/clientele/table"

// ColumnsOf returns the columns of a table, such as scores, as columns of tags of the same names for [Index.Load]: those
// of numbers for Float tags, those of categories for Enum tags; what is missing is unset. An index with [Options.Infer]
// makes the tags itself. The values are shared with the table. The ids of the rows are for the caller to translate.
func ColumnsOf[K comparable](t *table.Table[K]) []Column {
	columns := make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		if c.Kind == table.Category {
			columns[i] = Column{Tag: c.Name, Codes: c.Code, Levels: c.Levels}
		} else {
			columns[i] = Column{Tag: c.Name, Floats: c.Num}
		}
	}
	return columns
}
