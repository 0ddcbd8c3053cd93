package main

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/synth"
)

var update = flag.Bool("update", false, "write the golden file anew")

func output(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

func TestGeneratedShop(t *testing.T) {
	if race.Enabled {
		t.Skip("TestSmallShop does the same with fewer customers")
	}
	got, err := output(t)
	require.NoError(t, err)
	golden := filepath.Join("testdata", "shop.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	require.Contains(t, got, "No -data given: this is a generated shop")
}

// TestSmallShop goes all the way with few customers, so that the race detector sees it.
func TestSmallShop(t *testing.T) {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: 250})
	require.NoError(t, err)
	lines, err := io.ReadAll(shop.CSV())
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "shop.csv")
	require.NoError(t, os.WriteFile(file, lines, 0o600))
	page := filepath.Join(t.TempDir(), "page.html")
	small, err := output(t, "-data", file, "-report", page)
	require.NoError(t, err)
	for _, part := range []string{"Data quality", "Value tiers", "Migration and back-test", "Groups of alike customers", "Audiences", "Who is leaving"} {
		require.Contains(t, small, "\n"+part)
	}
	require.NotContains(t, small, "Too little data")
	requirePage(t, page, "Who moved where", "Whom to call", "Calibration", "Lift", "Champions")

	_, err = output(t, "-data", file, "-report", page, "-lang", "zh")
	require.NoError(t, err)
	requirePage(t, page, "分群迁移", "建议联系的客户", "校准", "提升度", "冠军客户")
}

// requirePage looks for texts on a page that is well-formed and asks for nothing from elsewhere.
func requirePage(t *testing.T, name string, texts ...string) {
	t.Helper()
	page, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, text := range texts {
		require.Contains(t, string(page), text)
	}
	for _, foreign := range []string{"<script", "http:", "https:", "@import", "url(", "NaN"} {
		require.NotContains(t, string(page), foreign)
	}
	for d := xml.NewDecoder(bytes.NewReader(page)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			require.NoError(t, err)
		}
	}
}

// TestOnlineRetail reads UCI Online Retail, of 541,909 lines and 135,080 without a customer as published. Every line is
// kept or set aside.
func TestOnlineRetail(t *testing.T) {
	if race.Enabled {
		t.Skip("the totals are the same with the race detector, and take long with it")
	}
	file := dataset.Path(t, "online-retail/online_retail.csv.gz")
	out := t.TempDir()
	got, err := output(t, "-data", file, "-out", out)
	require.NoError(t, err)
	require.Regexp(t, `all that were read +541,909 +100\.0%\n`, got)
	require.Regexp(t, `set aside: no customer +135,080 `, got)
	sum := 0
	for _, line := range regexp.MustCompile(`(?m)^  (?:kept|set aside: .*?) +([\d,]+) +\S+%$`).FindAllStringSubmatch(got, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(line[1], ",", ""))
		require.NoError(t, err)
		sum += n
	}
	require.Equal(t, 541_909, sum)

	setAside, err := os.ReadFile(filepath.Join(out, "set_aside.csv"))
	require.NoError(t, err)
	require.Equal(t, 541_909-399_654+1, bytes.Count(setAside, []byte("\n")), "a line each, and a header")
	customers, err := os.ReadFile(filepath.Join(out, "customers.csv"))
	require.NoError(t, err)
	require.Equal(t, 4_334+1, bytes.Count(customers, []byte("\n")))
}

func TestBadInputIsOneSentence(t *testing.T) {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: 20})
	require.NoError(t, err)
	lines, err := io.ReadAll(shop.CSV())
	require.NoError(t, err)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write(lines)
	require.NoError(t, err)
	require.NoError(t, z.Close())

	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	date := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"missing column": {
			[]string{"-data", write("column.csv", bytes.Replace(lines, []byte("UnitPrice"), []byte("Cost"), 1))},
			[]string{"column.csv", "line 1", "price"},
		},
		"truncated gzip": {[]string{"-data", write("cut.csv.gz", zipped.Bytes()[:zipped.Len()/2])}, []string{"cut.csv.gz", "truncated"}},
		"date format": {
			[]string{"-data", write("dates.csv", date.ReplaceAll(lines, []byte("31.12.2024")))},
			[]string{"dates.csv", "none of", "time"},
		},
		"empty file":   {[]string{"-data", write("empty.csv", nil)}, []string{"empty.csv"}},
		"directory":    {[]string{"-data", dir}, []string{dir, "director"}},
		"no such file": {[]string{"-data", filepath.Join(dir, "none.csv")}, []string{"none.csv"}},
		"zone":         {[]string{"-zone", "Mars/Olympus"}, []string{"-zone"}},
		"day":          {[]string{"-asof", "tomorrow"}, []string{"-asof"}},
		"argument":     {[]string{"file.csv"}, []string{"-data"}},
		"flag":         {[]string{"-none"}, []string{"-none"}},
		"expression":   {[]string{"-products", "("}, []string{"-products"}},
		"no products":  {[]string{"-data", write("all.csv", lines), "-products", "nothing"}, []string{"all.csv", "none of", "not a product"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			err := run(t.Context(), test.args, &out, &problems)
			require.Error(t, err)
			require.Empty(t, problems.String(), "main says it")
			require.NotContains(t, err.Error(), "\n")
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out, problems bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-help"}, &out, &problems), flag.ErrHelp)
	require.Contains(t, problems.String(), "-asof")
}

func TestOtherColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(
		`{"order":"1","sku":"12345","n":2,"at":"2025-03-01T10:00:00Z","each":"1.50","who":"ann"}
{"order":"2","sku":"12345","n":1,"at":"2025-03-04T10:00:00Z","each":"3.005","who":"bob"}
`), 0o600))
	out := filepath.Join(t.TempDir(), "new")
	got, err := output(t, "-data", path, "-zone", "Asia/Shanghai", "-asof", "2025-03-05", "-out", out,
		"-invoice", "order", "-product", "sku", "-quantity", "n", "-time", "at", "-price", "each", "-customer", "who")
	require.NoError(t, err)
	require.Regexp(t, `kept +2 +100\.0%\n`, got)
	require.Contains(t, got, "Too little data")
	customers, err := os.ReadFile(filepath.Join(out, "customers.csv"))
	require.NoError(t, err)
	require.Regexp(t, `^id,recency,frequency,monetary,revenue,.*\nann,4,1,300,300,.*\nbob,1,1,300,300,`, string(customers), "3.005 is 3.00, half to even")
}
