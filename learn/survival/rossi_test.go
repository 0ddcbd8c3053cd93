package survival

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/table"
)

// rossi is the data on recidivism of Rossi, Berk and Lenihan (1980): 432 men watched for 52 weeks, 114 arrests.
// It comes with R's package carData (Debian: r-cran-cardata) under the GPL and is not part of the repository. It
// is read from rossi/rossi.csv in the folder of data sets, and otherwise out of the package itself, by Rscript.
type rossi struct {
	at   map[string]int
	rows [][]string
}

func readRossi(t *testing.T) *rossi {
	t.Helper()
	var text []byte
	var err error
	if path, ok := dataset.Find("rossi/rossi.csv"); ok {
		text, err = os.ReadFile(path)
		require.NoError(t, err)
	} else {
		r := exec.CommandContext(t.Context(), "Rscript", "--vanilla", "-e", "write.csv(carData::Rossi[, 1:9], row.names = FALSE)")
		if text, err = r.Output(); err != nil {
			t.Skip("data set rossi/rossi.csv is not here, nor Rscript with R's package carData (Debian: r-cran-cardata)")
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 433)
	data := &rossi{map[string]int{}, rows[1:]}
	for i, name := range rows[0] {
		data.at[name] = i
	}
	return data
}

// texts returns a column as it is written.
func (r *rossi) texts(name string) []string {
	values := make([]string, len(r.rows))
	for i, row := range r.rows {
		values[i] = row[r.at[name]]
	}
	return values
}

// numbers returns a column of numbers.
func (r *rossi) numbers(t *testing.T, name string) []float64 {
	t.Helper()
	values := make([]float64, len(r.rows))
	for i, text := range r.texts(name) {
		var err error
		values[i], err = strconv.ParseFloat(text, 64)
		require.NoError(t, err)
	}
	return values
}

// is returns 1 where a column has a text, and 0 elsewhere.
func (r *rossi) is(name, one string) []float64 {
	values := make([]float64, len(r.rows))
	for i, text := range r.texts(name) {
		if text == one {
			values[i] = 1
		}
	}
	return values
}

// TestRossi reproduces R's survival to 1e-8, and what lifelines' documentation prints of the same fit:
// log-likelihood -658.75, likelihood ratio 33.27, concordance 0.64.
func TestRossi(t *testing.T) {
	data := readRossi(t)
	d := &Data{Exit: data.numbers(t, "week")}
	for _, x := range data.numbers(t, "arrest") {
		d.Event = append(d.Event, x == 1)
	}
	tab := &table.Table[int]{Columns: []table.Column{
		table.NumberColumn("fin", data.is("fin", "yes")...), table.NumberColumn("age", data.numbers(t, "age")...),
		table.NumberColumn("race", data.is("race", "black")...), table.NumberColumn("wexp", data.is("wexp", "yes")...),
		table.NumberColumn("mar", data.is("mar", "married")...), table.NumberColumn("paro", data.is("paro", "yes")...),
		table.NumberColumn("prio", data.numbers(t, "prio")...),
	}}
	digits := func(want, got float64) { // as printed, to eight places
		t.Helper()
		require.InDelta(t, want, got, 1e-8)
	}
	frozen := readReference(t).Rossi
	models := map[Ties]*Cox{}
	for ties, want := range map[Ties]referenceCox{Efron: frozen.Efron, Breslow: frozen.Breslow} {
		m, err := FitCox(t.Context(), tab, d, &Options{Ties: ties})
		require.NoError(t, err)
		models[ties] = m
		checkCox(t, want, m, tab, d)
		risks, err := LogRisks(t.Context(), m, tab, nil)
		require.NoError(t, err)
		a, err := Concordance(d, risks)
		require.NoError(t, err)
		near(t, want.C, a.C)
		near(t, want.SE, a.StdErr)
		nearAll(t, want.Count, []float64{a.Concordant, a.Discordant, a.TiedRisk, a.TiedTime, a.TiedBoth})
		if ties == Efron {
			require.InDelta(t, .640329, a.C, 5e-7)
		}
	}
	for j, want := range [][2]float64{
		{-.37942217, .19137948},
		{-.05743774, .02199947},
		{.31389979, .30799278},
		{-.14979570, .21222430},
		{-.43370388, .38186806},
		{-.08487108, .19575667},
		{.09149708, .02864855},
	} {
		term := models[Efron].Terms()[j]
		digits(want[0], term.Coefficient)
		digits(want[1], term.StdErr)
	}
	report := models[Efron].Report()
	require.Equal(t, 114, report.Events)
	digits(-658.74765945, report.LogLikelihood)
	digits(-675.38063235, report.NullLogLikelihood)
	require.InDelta(t, 33.265946, report.LikelihoodRatio.Statistic, 5e-7)
	digits(-659.12060568, models[Breslow].Report().LogLikelihood)
	digits(-.37902189, models[Breslow].Terms()[0].Coefficient)

	curves, err := KaplanMeier(d, .95)
	require.NoError(t, err)
	checkKM(t, frozen.KM, &curves[0])
	for _, want := range [][3]float64{{10, .96527778, .00880822}, {26, .875, .01591172}, {52, .73611111, .02120510}} {
		digits(want[1], curves[0].At(want[0]).Survival)
		digits(want[2], curves[0].At(want[0]).StdErr)
	}
	rank, err := LogRank(d, data.texts("fin"))
	require.NoError(t, err)
	checkRank(t, frozen.Logrank, rank)
	strata := *d
	strata.Strata = data.texts("race")
	rank, err = LogRank(&strata, data.texts("fin"))
	require.NoError(t, err)
	checkRank(t, frozen.LogrankStrata, rank)
}
