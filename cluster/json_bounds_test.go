package cluster_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/race"
)

func TestModelJSONBoundsNumbers(t *testing.T) {
	data, err := json.Marshal(fitCaseModel(t, fitCases()["prototypes"], 60))
	require.NoError(t, err)
	center := regexp.MustCompile(`"centers":\[\[[^,]*,`)
	gamma := regexp.MustCompile(`"gamma":[^,]*,"baseline"`)
	require.True(t, center.Match(data) && gamma.Match(data))
	var m cluster.Model
	require.NoError(t, json.Unmarshal(center.ReplaceAll(data, []byte(`"centers":[[1e99,`)), &m))
	require.ErrorContains(t, json.Unmarshal(center.ReplaceAll(data, []byte(`"centers":[[1e101,`)), &m), "a centre does not fit")
	require.NoError(t, json.Unmarshal(gamma.ReplaceAll(data, []byte(`"gamma":1e180,"baseline"`)), &m))
	require.ErrorIs(t, json.Unmarshal(gamma.ReplaceAll(data, []byte(`"gamma":1e201,"baseline"`)), &m), cluster.ErrTooLarge)
}

// A text of 2 MB takes no memory for the 25 billion numbers that so many centres of so
// many levels would have.
func TestModelJSONBoundsMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("nothing in it runs at the same time")
	}
	levels := make([]string, 1000)
	for i := range levels {
		levels[i] = fmt.Sprintf(`"%03d"`, i)
	}
	features := make([]string, 50)
	for i := range features {
		features[i] = fmt.Sprintf(`{"name":"c%d","preparation":{"weight":1},"category":{"levels":[%s]}}`, i, strings.Join(levels, ","))
	}
	for method, more := range map[string]string{"kmeans": "", "ward": `"hierarchy":{},`} {
		text := fmt.Sprintf(`{"kind":"cluster.Model","version":1,"method":%q,"k":1,%s"features":[%s],"centers":[%s[]]}`,
			method, more, strings.Join(features, ","), strings.Repeat("[],", 500_000))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var m cluster.Model
		require.ErrorContains(t, json.Unmarshal([]byte(text), &m), "cluster: model:")
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(300<<20), method)
	}
}
