package rfm_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
)

// tsv reads lines of testdata, cells apart by tabs.
func tsv(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer file.Close()
	r := csv.NewReader(file)
	r.Comma, r.FieldsPerRecord = '\t', -1
	lines, err := r.ReadAll()
	require.NoError(t, err)
	return lines
}

// Cuts and scores as R and pandas print them, by the scripts beside the files.
func TestScoresOfRAndPandas(t *testing.T) {
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return v
	}
	var customers []rfm.Customer[int]
	for i, row := range tsv(t, "binning.tsv")[1:] {
		customers = append(customers, rfm.Customer[int]{
			ID: i, Values: rfm.Values{Recency: int(number(row[0])), Frequency: int(number(row[1])), Monetary: number(row[2])},
		})
	}
	require.Len(t, customers, 24)
	for file, mode := range map[string]rfm.Mode{"binning_r.tsv": rfm.RQuantile, "binning_pandas.tsv": rfm.QCut} {
		lines := tsv(t, file)
		require.Len(t, lines, 4*3*2, "bins, dimensions, cuts and scores")
		for _, line := range lines {
			bins := int(number(line[0]))
			a, err := rfm.AnalyzeCustomers(t.Context(), customers, nil, &rfm.Options{Binning: rfm.Binning{Mode: mode, Bins: bins}})
			require.NoError(t, err)
			r, f, m := a.Model.Thresholds()
			thresholds := map[string]rfm.Thresholds{"recency": r[0], "frequency": f[0], "monetary": m[0]}[line[1]]
			var want, got []float64
			for _, text := range line[3:] {
				want = append(want, number(text))
			}
			if line[2] == "cuts" {
				got = thresholds.Cuts
			} else {
				for _, c := range a.Customers {
					got = append(got, float64(map[string]uint8{"recency": c.Scores.R, "frequency": c.Scores.F, "monetary": c.Scores.M}[line[1]]))
				}
			}
			require.Equal(t, want, got, "%v: %s of %s in %d bins", mode, line[2], line[1], bins)
		}
	}
}
