package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-customers", "5000"}, &out, &out))
	got := regexp.MustCompile(` +[0-9.]+ ms`).ReplaceAllString(out.String(), " (time)")
	golden := filepath.Join("testdata", "generated.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestArguments(t *testing.T) {
	for name, args := range map[string][]string{
		"argument":     {"customers.csv"},
		"zone":         {"-zone", "Mars/Olympus"},
		"customers":    {"-customers", "0"},
		"speed":        {"-speed", "200h"},
		"backwards":    {"-speed", "-1s"},
		"no address":   {"-data", "testdata/customers.csv"},
		"no such file": {"-data", "testdata/none.csv", "-addr", "127.0.0.1:0"},
		"address":      {"-customers", "1", "-addr", "256.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Error(t, run(t.Context(), args, &out, &out))
		})
	}
}

// What is wrong with a flag is said once, by main; -help is answered.
func TestFlags(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"-none"}, &out, &out), "-none")
	require.Empty(t, out.String())
	require.ErrorIs(t, run(t.Context(), []string{"-help"}, &out, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "-addr")
}

func TestServeUntilStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-data", "testdata/customers.csv", "-addr", "127.0.0.1:0"}, write, write)
		write.Close()
		served <- err
	}()
	var address string
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Serving on "); ok {
			address, _, _ = strings.Cut(text, " ")
			answer, err := http.Get(address + "/tags")
			require.NoError(t, err)
			answer.Body.Close()
			require.Equal(t, http.StatusOK, answer.StatusCode)
			stop()
		}
	}
	require.NotEmpty(t, address)
	require.NoError(t, <-served)
}

// A service whose clock goes tells its campaign tool what happens.
func TestServeTellsTheCampaignTool(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-customers", "500", "-addr", "127.0.0.1:0", "-speed", "168h"}, write, write)
		write.Close()
		served <- err
	}()
	told := 0
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "webhook audience-") && strings.Contains(lines.Text(), "signature verified") {
			if told++; told == 3 {
				stop()
			}
		}
	}
	require.GreaterOrEqual(t, told, 3)
	require.NoError(t, <-served)
}

func TestMayCall(t *testing.T) {
	s := &server{local: true}
	for _, host := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:80", "[::1]"} {
		require.True(t, s.mayCall(host), host)
	}
	for _, host := range []string{"", "example.org", "127.0.0.1.example.org", "localhost.example:80", "192.0.2.1"} {
		require.False(t, s.mayCall(host), host)
	}
	require.True(t, (&server{}).mayCall("example.org"), "a service for the network")
}

func TestLoadCSV(t *testing.T) {
	var told bytes.Buffer
	ix, err := loadCSV(t.Context(), "testdata/customers.csv", shanghai, time.Now(), &told)
	require.NoError(t, err)
	kinds := map[string]segment.Kind{}
	for _, tag := range ix.Snapshot().Catalogue().All() {
		kinds[tag.Name] = tag.Kind
	}
	require.Equal(t, map[string]segment.Kind{
		"地区": segment.Enum, "会员": segment.Flag, "近90天订单": segment.Integer, "消费": segment.Decimal,
		"最近下单": segment.Time, "兴趣": segment.Labels, "等级": segment.Enum,
	}, kinds)
	require.Equal(t, `testdata/customers.csv: 22 records read, 7 set aside.
  1 set aside: wrong number of fields
  1 set aside: id: missing
  1 set aside: id: bad id
  1 set aside: 近90天订单: bad integer
  1 set aside: 消费: bad decimal
  1 set aside: 最近下单: bad time
  1 set aside: customer is there already
`, told.String())
	snap := ix.Snapshot()
	require.Equal(t, 15, snap.Len())
	for rule, want := range map[string]int{
		`地区 = "广东"`:                    5,
		`会员`:                           5,
		`会员 is unset`:                  1,
		`消费 >= 1999.99 and 消费 <= 2100`: 2,
		`兴趣 has all of ("母婴", "家居")`:   1,
		`最近下单 within 30 days`:          8,
	} {
		r, err := segment.Parse(rule)
		require.NoError(t, err)
		n, err := snap.Count(t.Context(), segment.Query{Rule: r, AsOf: time.Date(2026, 7, 1, 0, 0, 0, 0, shanghai), Location: shanghai})
		require.NoError(t, err)
		require.Equal(t, want, n, rule)
	}
}

func csvFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestKinds(t *testing.T) {
	for title, want := range map[string]segment.Tag{
		"x":             {Kind: segment.Enum},
		" x : text ":    {Kind: segment.Enum},
		"x:path":        {Kind: segment.Enum, Hierarchy: true},
		"x:flag":        {Kind: segment.Flag},
		"x:labels":      {Kind: segment.Labels},
		"x:integer":     {Kind: segment.Integer},
		"x:decimal":     {Kind: segment.Decimal, Scale: 2},
		"x:float":       {Kind: segment.Float},
		"x:time":        {Kind: segment.Time},
		"x:y:integer":   {},
		"x:colour":      {},
		"id,x":          {}, // a column twice
		"x,x:float":     {},
		":integer":      {},
		"\x00x:integer": {},
	} {
		t.Run(title, func(t *testing.T) {
			ix, err := loadCSV(t.Context(), csvFile(t, "\ufeffid,"+title+"\n"+strings.Repeat(",", strings.Count(title, ",")+1)+"\n1,"+strings.Repeat(",", strings.Count(title, ","))+"\n"), shanghai, time.Now(), io.Discard)
			if want.Kind == 0 {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			want.Name, want.Origin = "x", segment.FromFact
			require.Equal(t, []segment.Tag{want}, ix.Snapshot().Catalogue().All())
			require.Equal(t, 1, ix.Snapshot().Len())
		})
	}
	_, err := loadCSV(t.Context(), csvFile(t, "id,x:colour\n"), shanghai, time.Now(), io.Discard)
	require.ErrorContains(t, err, "column 2: the kind is none of "+kinds)
	for _, kind := range strings.FieldsFunc(kinds, func(r rune) bool { return r == ',' || r == ' ' }) {
		_, err := tagOf("x:" + kind)
		require.Equal(t, kind == "and", err != nil, kind)
	}
	for name, text := range map[string]string{"empty": "", "binary": "\x00\x01,\x02\n", "bad quote": "id,\"x\n"} {
		t.Run(name, func(t *testing.T) {
			_, err := loadCSV(t.Context(), csvFile(t, text), shanghai, time.Now(), io.Discard)
			require.Error(t, err)
		})
	}
}

func TestCells(t *testing.T) {
	decimal := customer.DecimalValue(125, 1)
	for _, c := range []struct {
		kind, cell string
		want       customer.Value // unset: the record is set aside
	}{
		{"text", " 金卡 ", customer.TextValue("金卡")},
		{"flag", "是", customer.BoolValue(true)},
		{"flag", "NO", customer.BoolValue(false)},
		{"flag", "maybe", customer.Value{}},
		{"labels", "b|a", customer.LabelsValue("a", "b")},
		{"labels", "a||b", customer.Value{}},
		{"integer", "-7", customer.Int64Value(-7)},
		{"integer", "9223372036854775808", customer.Value{}},
		{"decimal", "12.50", decimal},
		{"decimal", "12.505", customer.Value{}},
		{"float", "1e-3", customer.Float64Value(0.001)},
		{"float", "NaN", customer.Value{}},
		{"time", "2026/03/05", customer.TimeValue(time.Date(2026, 3, 5, 0, 0, 0, 0, shanghai))},
		{"time", "2026-03-05T10:00:00Z", customer.TimeValue(time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC))},
		{"time", "0000-01-01", customer.Value{}},
		{"time", "2026-02-29", customer.Value{}},
	} {
		t.Run(c.kind+" "+c.cell, func(t *testing.T) {
			ix, err := loadCSV(t.Context(), csvFile(t, "id,x:"+c.kind+"\n1,"+c.cell+"\n2,\n"), shanghai, time.Now(), io.Discard)
			require.NoError(t, err)
			snap := ix.Snapshot()
			value := func(id int64) customer.Value {
				v, err := snap.Value(t.Context(), customer.FromInt64(id), "x")
				require.NoError(t, err)
				return v
			}
			require.Equal(t, c.want, value(1))
			has, err := snap.Has(t.Context(), customer.FromInt64(1))
			require.NoError(t, err)
			require.Equal(t, !c.want.IsUnset(), has)
			require.True(t, value(2).IsUnset(), "an empty cell")
		})
	}
}

func TestIDs(t *testing.T) {
	seen := map[customerID]bool{}
	for _, text := range []string{"1", "-7", "007", "7", "A-17", "0191d2a4-5c3e-7000-a000-000000000001"} {
		var id customerID
		require.NoError(t, id.UnmarshalText([]byte(text)), text)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.True(t, seen[customerID(customer.FromInt64(7))])
	for _, text := range []string{"", "a-name-of-20-letters", "0191d2a4-5c3e-8000-a000-00000000000x"} {
		require.Error(t, new(customerID).UnmarshalText([]byte(text)), text)
	}
}
