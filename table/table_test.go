package table_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

var nan = math.NaN()

// shop returns a valid table of three customers.
func shop() *table.Table[string] {
	return &table.Table[string]{
		IDs:     []string{"c", "a", "b"},
		Compare: strings.Compare,
		Columns: []table.Column{
			table.NumberColumn("spend", 30, nan, 20),
			table.CategoryColumn("city", "Wuhan", "Beijing", ""),
		},
	}
}

// rows prints a table row by row, for comparison.
func rows(t *table.Table[string]) []string {
	lines := make([]string, t.Rows())
	for row := range lines {
		if t.IDs != nil {
			lines[row] = t.IDs[row]
		}
		for _, c := range t.Columns {
			switch {
			case c.Missing(row):
				lines[row] += " -"
			case c.Kind == table.Number:
				lines[row] += " " + strconv.FormatFloat(c.Num[row], 'g', -1, 64)
			default:
				lines[row] += " " + c.Level(row)
			}
		}
	}
	return lines
}

func TestSorted(t *testing.T) {
	unsorted := shop()
	sorted, err := unsorted.Sorted()
	require.NoError(t, err)
	require.NoError(t, sorted.Validate())
	require.Equal(t, []string{"a - Beijing", "b 20 -", "c 30 Wuhan"}, rows(sorted))
	require.Equal(t, []string{"c 30 Wuhan", "a - Beijing", "b 20 -"}, rows(unsorted), "the table itself stays")

	again, err := sorted.Sorted()
	require.NoError(t, err)
	require.Equal(t, rows(sorted), rows(again))
	require.Same(t, &sorted.IDs[0], &again.IDs[0])

	unsorted.Compare = nil
	_, err = unsorted.Sorted()
	require.ErrorIs(t, err, table.ErrNoCompare)

	unsorted.IDs = nil
	same, err := unsorted.Sorted()
	require.NoError(t, err)
	require.Equal(t, rows(unsorted), rows(same))
}

// TestSortedDoesNotDependOnOrder shuffles rows: the sorted table is the same, and its
// rows are those of the obvious slow way.
func TestSortedDoesNotDependOnOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 50 {
		original := &table.Table[string]{IDs: make([]string, n), Compare: strings.Compare}
		num, texts := make([]float64, n), make([]string, n)
		for row, i := range rng.Perm(n) {
			original.IDs[row] = strconv.Itoa(i)
			num[row] = float64(i)
			texts[row] = []string{"", "x", "y"}[i%3]
		}
		original.Columns = []table.Column{table.NumberColumn("n", num...), table.CategoryColumn("t", texts...)}
		want := slices.Sorted(slices.Values(rows(original)))
		for range 5 {
			shuffled := original.Take(rng.Perm(n))
			sorted, err := shuffled.Sorted()
			require.NoError(t, err)
			got := rows(sorted)
			require.True(t, slices.IsSorted(sorted.IDs))
			require.ElementsMatch(t, want, got)
			again, err := original.Sorted()
			require.NoError(t, err)
			require.Equal(t, rows(again), got)
		}
	}
}

func TestSortedFindsDuplicates(t *testing.T) {
	// Ids that differ in case only are the same for this Compare, so that only sorting
	// can find them.
	twice := &table.Table[string]{
		IDs:     []string{"d", "b", "a", "B", "A", "b"},
		Compare: func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) },
	}
	_, err := twice.Sorted()
	require.ErrorIs(t, err, table.ErrDuplicateID)
	require.EqualError(t, err, "table: ids: 3 rows, the first is 3: id is there more than once")

	sortedTwice := &table.Table[int]{IDs: []int{1, 2, 2}, Compare: cmp.Compare[int]}
	_, err = sortedTwice.Sorted()
	require.EqualError(t, err, "table: ids: row 2: id is there more than once")
	require.EqualError(t, sortedTwice.Validate(), err.Error())
}

func TestSelect(t *testing.T) {
	selected, err := shop().Select("city")
	require.NoError(t, err)
	require.Equal(t, []string{"c Wuhan", "a Beijing", "b -"}, rows(selected))
	swapped, err := shop().Select("city", "spend")
	require.NoError(t, err)
	require.Equal(t, []string{"c Wuhan 30", "a Beijing -", "b - 20"}, rows(swapped))
	_, err = shop().Select("spend", "age")
	require.ErrorIs(t, err, table.ErrNoColumn)
	require.EqualError(t, err, `table: no such column: "age"`)
	none, err := shop().Select()
	require.NoError(t, err)
	require.Equal(t, 3, none.Rows())
}

func TestTake(t *testing.T) {
	whole := shop()
	taken := whole.Take([]int{2, 0})
	require.NoError(t, taken.Validate())
	require.Equal(t, []string{"b 20 -", "c 30 Wuhan"}, rows(taken))
	require.Equal(t, 0, shop().Take(nil).Rows())
	require.NotNil(t, shop().Take(nil).IDs, "a table of no rows still has ids")
	require.Panics(t, func() { shop().Take([]int{3}) })

	taken.IDs[0], taken.Columns[0].Num[0], taken.Columns[1].Code[0] = "z", 99, 0
	require.Equal(t, []string{"c 30 Wuhan", "a - Beijing", "b 20 -"}, rows(whole))
}

func TestColumn(t *testing.T) {
	column, ok := shop().Column("city")
	require.True(t, ok)
	require.Equal(t, table.Category, column.Kind)
	_, ok = shop().Column("City")
	require.False(t, ok)
}

func TestRowsWithoutIDs(t *testing.T) {
	unnamed := shop()
	unnamed.IDs = nil
	require.NoError(t, unnamed.Validate())
	require.Equal(t, 3, unnamed.Rows())
	require.Equal(t, []string{" 20 -"}, rows(unnamed.Take([]int{2})))
	require.Zero(t, new(table.Table[int]).Rows())
}

func BenchmarkSorted(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			t := &table.Table[int]{IDs: rng.Perm(n), Compare: cmp.Compare[int]}
			for i := range 10 {
				t.Columns = append(t.Columns, table.NumberColumn(strconv.Itoa(i), make([]float64, n)...))
			}
			for b.Loop() {
				if _, err := t.Sorted(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}
