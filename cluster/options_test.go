package cluster_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
)

func TestOptionsValidate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		options cluster.Options
		want    string
	}{
		"no K":                    {cluster.Options{}, "K is 0"},
		"negative K":              {cluster.Options{K: -1}, "K is -1"},
		"large K":                 {cluster.Options{K: cluster.MaxK + 1}, "K is 4097, want 1 to 4096"},
		"method":                  {cluster.Options{K: 1, Method: 5}, "Method is unknown"},
		"covariance":              {cluster.Options{K: 1, Method: cluster.Mixture, Covariance: 2}, "Covariance is unknown"},
		"covariance elsewhere":    {cluster.Options{K: 1, Covariance: cluster.DiagonalCovariance}, "Covariance goes with Mixture alone"},
		"missing":                 {cluster.Options{K: 1, Prepare: cluster.Preparation{Missing: 3}}, "Options.Prepare.Missing is unknown"},
		"power":                   {cluster.Options{K: 1, Prepare: cluster.Preparation{Power: 3}}, "Options.Prepare.Power is unknown"},
		"scale":                   {cluster.Options{K: 1, Prepare: cluster.Preparation{Scale: 3}}, "Options.Prepare.Scale is unknown"},
		"winsorize":               {cluster.Options{K: 1, Prepare: cluster.Preparation{Winsorize: 0.5}}, "Options.Prepare.Winsorize is not in"},
		"negative winsorize":      {cluster.Options{K: 1, Prepare: cluster.Preparation{Winsorize: -0.1}}, "Winsorize is not in"},
		"weight of a column":      {cluster.Options{K: 1, Columns: map[string]cluster.Preparation{"a": {Weight: -1}}}, `Options.Columns["a"].Weight is negative`},
		"weight that is none":     {cluster.Options{K: 1, Prepare: cluster.Preparation{Weight: nan}}, "Prepare.Weight"},
		"infinite weight":         {cluster.Options{K: 1, Prepare: cluster.Preparation{Weight: inf}}, "Prepare.Weight"},
		"negative weights":        {cluster.Options{K: 1, Weights: []float64{1, -1}}, "Weights holds a negative weight"},
		"weights that are none":   {cluster.Options{K: 1, Weights: []float64{1, nan}}, "Weights holds a negative weight"},
		"weights of 0":            {cluster.Options{K: 1, Weights: []float64{0, 0}}, "Weights are all 0"},
		"no weights":              {cluster.Options{K: 1, Weights: []float64{}}, "Weights are all 0"},
		"infinite weights":        {cluster.Options{K: 1, Weights: []float64{inf}}, "Weights are too large"},
		"starts":                  {cluster.Options{K: 1, Starts: -1}, "Starts is negative"},
		"sample":                  {cluster.Options{K: 1, Sample: -1}, "Sample is negative"},
		"iterations":              {cluster.Options{K: 1, MaxIterations: -1}, "MaxIterations is negative"},
		"tolerance":               {cluster.Options{K: 1, Tolerance: nan}, "Tolerance is not finite"},
		"workers":                 {cluster.Options{K: 1, Workers: -1}, "Workers is negative"},
		"least share":             {cluster.Options{K: 3, MinShare: 0.34}, "MinShare is more than 1/K"},
		"negative share":          {cluster.Options{K: 3, MinShare: -0.1}, "MinShare is not in [0, 1]"},
		"largest share":           {cluster.Options{K: 3, MaxShare: 0.33}, "MaxShare is less than 1/K"},
		"shares the wrong way":    {cluster.Options{K: 1, MinShare: 0.9, MaxShare: 0.5}, "MinShare is more than MaxShare"},
		"share of a mixture":      {cluster.Options{K: 1, Method: cluster.Mixture, MinShare: 0.1}, "MinShare goes with KMeans alone"},
		"share that is none":      {cluster.Options{K: 1, MaxShare: nan}, "MaxShare is not in [0, 1]"},
		"trim":                    {cluster.Options{K: 1, Method: cluster.Trimmed, Trim: 0.6}, "Trim is not in"},
		"trim elsewhere":          {cluster.Options{K: 1, Trim: 0.1}, "Trim goes with Trimmed alone"},
		"gamma":                   {cluster.Options{K: 1, Method: cluster.Prototypes, Gamma: -1}, "Gamma is negative"},
		"gamma elsewhere":         {cluster.Options{K: 1, Gamma: 1}, "Gamma goes with Prototypes alone"},
		"leaves":                  {cluster.Options{K: 5, Method: cluster.Ward, Leaves: 4}, "Leaves is less than K"},
		"leaves elsewhere":        {cluster.Options{K: 1, Leaves: 4}, "Leaves goes with Ward alone"},
		"centers of prototypes":   {cluster.Options{K: 1, Method: cluster.Prototypes, Centers: [][]float64{{1}}}, "Centers go with KMeans"},
		"number of centers":       {cluster.Options{K: 2, Centers: [][]float64{{1}}}, "Centers are 1, K is 2"},
		"centers that are none":   {cluster.Options{K: 1, Centers: [][]float64{{nan}}}, "Centers[0] holds a number"},
		"centers that are remote": {cluster.Options{K: 1, Centers: [][]float64{{1e200}}}, "Centers[0] holds a number"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, c.options.Validate(), c.want)
			require.ErrorIs(t, c.options.Validate(), cluster.ErrOptions)
		})
	}
	require.ErrorContains(t, (*cluster.Options)(nil).Validate(), "K is 0")

	all := cluster.Options{K: 0, Trim: 0.1, Workers: -1, Prepare: cluster.Preparation{Scale: 9}}
	for _, text := range []string{"K is 0", "Trim", "Workers", "Scale"} {
		require.ErrorContains(t, all.Validate(), text)
	}
	for _, valid := range []cluster.Options{
		{K: 1},
		{K: cluster.MaxK},
		{K: 3, MinShare: 1.0 / 3, MaxShare: 1.0 / 3},
		{K: 10, MinShare: 0.1},
		{K: 49, MaxShare: 1.0 / 49},
		{K: 2, Tolerance: -1, Prepare: cluster.Preparation{Winsorize: 0.49}},
		{K: 2, Method: cluster.Trimmed, Trim: 0.5},
		{K: 2, Method: cluster.Ward, Leaves: 2},
	} {
		require.NoError(t, valid.Validate())
	}
}

func TestNames(t *testing.T) {
	for text, value := range map[string]interface {
		String() string
		MarshalText() ([]byte, error)
	}{
		"kmeans": cluster.KMeans, "mixture": cluster.Mixture, "full": cluster.FullCovariance, "impute_flag": cluster.ImputeFlag,
		"yeo_johnson": cluster.YeoJohnson, "unscaled": cluster.Unscaled, "complete": cluster.StopComplete,
	} {
		require.Equal(t, text, value.String())
		got, err := value.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.Equal(t, "unknown(9)", cluster.Method(9).String())
	_, err := cluster.Scale(9).MarshalText()
	require.ErrorContains(t, err, "unknown scale 9")
	var power cluster.Power
	require.NoError(t, power.UnmarshalText([]byte("log1p")))
	require.Equal(t, cluster.Log1p, power)
	require.ErrorContains(t, power.UnmarshalText([]byte("square")), "unknown power")
}
