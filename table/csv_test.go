package table_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, shop().WriteCSV(&b))
	require.Equal(t, "id,spend,city\nc,30,Wuhan\na,,Beijing\nb,20,\n", b.String())

	bad := shop()
	bad.IDs[1] = "c"
	b.Reset()
	require.ErrorIs(t, bad.WriteCSV(&b), table.ErrDuplicateID)
	require.Zero(t, b.Len())

	signed := &table.Table[any]{IDs: []any{-5, "-5", "-x", "=x"}}
	require.NoError(t, signed.WriteCSV(&b))
	require.Equal(t, "id\n-5\n-5\n'-x\n'=x\n", b.String())
	b.Reset()
	require.NoError(t, (&table.Table[int]{}).WriteCSV(&b))
	require.Zero(t, b.Len())

	full := errors.New("disk full")
	require.ErrorIs(t, shop().WriteCSV(writerFunc(func([]byte) (int, error) { return 0, full })), full)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestWriteCSVReadsBack reads what is written as CSV, and finds every value again, whatever is in the texts.
func TestWriteCSVReadsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	texts := []string{"", "a,b", `say "x"`, "two\nlines", "重要", " x ", "=1+1", "'quoted"}
	for range 200 {
		n := 1 + rng.IntN(20)
		numbers, cities := make([]float64, n), make([]string, n)
		for i := range n {
			numbers[i] = math.Ldexp(rng.NormFloat64(), rng.IntN(80)-40)
			if rng.IntN(5) == 0 {
				numbers[i] = nan
			}
			cities[i] = texts[rng.IntN(len(texts))]
		}
		in := &table.Table[string]{Columns: []table.Column{table.NumberColumn("n", numbers...), table.CategoryColumn("c", cities...)}}
		var b bytes.Buffer
		require.NoError(t, in.WriteCSV(&b))
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		require.NoError(t, err)
		require.Equal(t, []string{"n", "c"}, rows[0])
		require.Len(t, rows, n+1)
		for i, row := range rows[1:] {
			harmless := cities[i] != "" && strings.ContainsAny(cities[i][:1], "='")
			if harmless {
				require.Equal(t, "'"+cities[i], row[1])
			} else {
				require.Equal(t, cities[i], row[1])
			}
			if math.IsNaN(numbers[i]) {
				require.Empty(t, row[0])
				continue
			}
			v, err := strconv.ParseFloat(row[0], 64)
			require.NoError(t, err)
			require.Equal(t, numbers[i], v)
		}
	}
}
