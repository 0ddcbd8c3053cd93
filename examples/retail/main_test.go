package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/rfm"
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

// requireSizes returns how many customers the segments in a file have.
func requireSizes(t *testing.T, name string) (sum int) {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"id", "name", "name_zh", "customers"}, rows[0][:4])
	require.Len(t, rows, 1+11)
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[3])
		require.NoError(t, err)
		sum += n
	}
	return sum
}

// TestOnlineRetail reads UCI Online Retail, of 541,909 lines and 135,080 without a customer as published. Every line is
// kept, made a refund or set aside. Of the invoices 9,288 lines begin with C, for cancelled.
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
	require.Regexp(t, `repaired: cancelled, so a refund +8,506 +1\.6% +9,288\n`, got)
	sum := 0
	for _, line := range regexp.MustCompile(`(?m)^  (?:kept|repaired: .*?|set aside: .*?) +([\d,]+) +\S+%`).FindAllStringSubmatch(got, -1) {
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
	require.Equal(t, 4_334, requireSizes(t, filepath.Join(out, "segments.csv")))
	require.Regexp(t, `Top customers by revenue\n\n.*\n  14646 +278,778\.02 `, got)
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
	dates := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"missing column": {
			[]string{"-data", write("column.csv", bytes.Replace(lines, []byte("UnitPrice"), []byte("Cost"), 1))},
			[]string{"column.csv", "line 1", "price"},
		},
		"truncated gzip": {[]string{"-data", write("cut.csv.gz", zipped.Bytes()[:zipped.Len()/2])}, []string{"cut.csv.gz: line ", "truncated"}},
		"date format": {
			[]string{"-data", write("dates.csv", dates.ReplaceAll(lines, []byte("31.12.2024")))},
			[]string{"dates.csv", "none of", "time not in a known layout", "the first in line 2"},
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
			require.Empty(t, out.String())
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestMain is the command itself where a test starts the test binary as such.
func TestMain(m *testing.M) {
	if os.Getenv("RETAIL") == "command" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestExitStatus(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.csv")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, test := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":         {[]string{"-help"}, 0, `^Usage of retail:\n`},
		"no such file": {[]string{"-data", empty + ".none"}, 1, `^retail: ingest: .*empty\.csv\.none: cannot be opened: .*\n$`},
		"empty file":   {[]string{"-data", empty}, 1, `^retail: ingest: .*empty\.csv: is empty\n$`},
		"flag":         {[]string{"-none"}, 1, `^retail: .*-none.*\n$`},
	} {
		t.Run(name, func(t *testing.T) {
			self, err := os.Executable()
			require.NoError(t, err)
			command := exec.CommandContext(t.Context(), self, test.args...)
			command.Env = append(os.Environ(), "RETAIL=command")
			var out, problems bytes.Buffer
			command.Stdout, command.Stderr = &out, &problems
			err = command.Run()
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				err = nil
				require.Equal(t, test.status, exit.ExitCode())
			} else {
				require.Zero(t, test.status)
			}
			require.NoError(t, err)
			require.Empty(t, out.String())
			require.Regexp(t, test.want, problems.String())
		})
	}
}

// TestAudiences counts the answers anew, customer by customer.
func TestAudiences(t *testing.T) {
	s, err := parse(nil, io.Discard)
	require.NoError(t, err)
	generated, err := synth.New(1, &synth.Options{Location: s.location, Customers: 3000})
	require.NoError(t, err)
	require.NoError(t, s.read(t.Context(), ingest.Stream("shop", generated.CSV()), nil))
	found, err := s.audiences(t.Context())
	require.NoError(t, err)
	rows := found[0].(report.Table).Rows

	questions := []func(c *rfm.Customer[string], country, before, class string) bool{
		func(c *rfm.Customer[string], _, before, _ string) bool {
			return before == "champions" && c.Recency > 60
		},
		func(c *rfm.Customer[string], country, before, _ string) bool {
			return country == "Germany" && before == "" && c.Scores.M >= 4
		},
		func(c *rfm.Customer[string], _, _, _ string) bool {
			return c.Frequency == 1 && c.Recency >= 30 && c.Recency <= 60
		},
		func(_ *rfm.Customer[string], country, _, class string) bool {
			return (class == "important-value" || class == "important-develop") && country != "" && country != "United Kingdom"
		},
		func(c *rfm.Customer[string], _, _, _ string) bool {
			n := 0
			for _, score := range []uint8{c.Scores.R, c.Scores.F, c.Scores.M} {
				if score == 5 {
					n++
				}
			}
			return n >= 2
		},
	}
	require.Len(t, rows, len(questions))
	classes := s.now.ByClass()
	for q, asked := range questions {
		n, revenue := 0, 0.0
		for i := range s.now.Customers {
			c, before := &s.now.Customers[i], ""
			if old, ok := s.before.Find(c.ID); ok {
				before = s.before.Model.Segment(old.Scores).ID
			}
			if asked(c, s.country[c.ID], before, classes.Groups[classes.Of(i)].ID) {
				n, revenue = n+1, revenue+float64(c.Revenue)
			}
		}
		require.NotZero(t, n, rows[q][3])
		require.EqualValues(t, n, rows[q][1], rows[q][3])
		require.InDelta(t, revenue, rows[q][2], 1e-3, rows[q][3])
	}
}

// TestProgress: the line is wiped out however the read ends.
func TestProgress(t *testing.T) {
	s, err := parse(nil, io.Discard)
	require.NoError(t, err)
	long := "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n" + strings.Repeat("1,12345,1,2024-01-01,?,7\n", 1<<17)
	var shown [][2]int64
	progress := func(done, total int64) { shown = append(shown, [2]int64{done, total}) }
	require.ErrorContains(t, s.read(t.Context(), ingest.Stream("long", strings.NewReader(long)), progress), "none of 131072 lines kept")
	require.Greater(t, len(shown), 2)
	require.EqualValues(t, -1, shown[0][1])
	require.Equal(t, [2]int64{}, shown[len(shown)-1])
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
	require.Equal(t, 2, requireSizes(t, filepath.Join(out, "segments.csv")))
	require.Regexp(t, `^id,recency,frequency,monetary,revenue,.*\nann,4,1,300,300,.*\nbob,1,1,300,300,`, string(customers), "3.005 is 3.00, half to even")
}
