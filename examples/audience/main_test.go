package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"net"
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
	for name, args := range map[string][]string{
		"generated": {"-customers", "5000"},
		"csv":       {"-data", filepath.Join("testdata", "customers.csv")},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), args, &out, &out))
			got := regexp.MustCompile(` +[0-9.]+ ms|[0-9.]+ s\.`).ReplaceAllString(filepath.ToSlash(out.String()), " (time)")
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestArguments(t *testing.T) {
	for name, args := range map[string][]string{
		"argument":     {"customers.csv"},
		"zone":         {"-zone", "Mars/Olympus"},
		"customers":    {"-customers", "0"},
		"limit":        {"-limit", "0s"},
		"concurrent":   {"-concurrent", "0"},
		"no such file": {"-data", "testdata/none.csv"},
		"address":      {"-customers", "1", "-addr", "256.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Error(t, run(t.Context(), args, &out, &out))
		})
	}
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
			answer, err := http.Get(address + "/healthz")
			require.NoError(t, err)
			answer.Body.Close()
			require.Equal(t, http.StatusOK, answer.StatusCode)
			stop()
		}
	}
	require.NotEmpty(t, address)
	require.NoError(t, <-served)
}

func TestNamesOf(t *testing.T) {
	loopback, network := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}
	require.Contains(t, namesOf(loopback, ""), "localhost")
	require.Contains(t, namesOf(loopback, "tags.example"), "tags.example")
	require.Nil(t, namesOf(network, ""), "any")
	require.Equal(t, []string{"tags.example", "192.0.2.1"}, namesOf(network, "tags.example"))

	s := &server{hosts: namesOf(loopback, "")}
	for _, host := range []string{"localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]:80", "[::1]"} {
		require.True(t, s.mayCall(host), host)
	}
	for _, host := range []string{"", "example.org", "127.0.0.1.example.org", "localhost.example:80"} {
		require.False(t, s.mayCall(host), host)
	}
}

func TestLoadCSV(t *testing.T) {
	ix, report, err := loadCSV(t.Context(), "testdata/customers.csv", shanghai, time.Now())
	require.NoError(t, err)
	kinds := map[string]segment.Kind{}
	for _, tag := range ix.Snapshot().Catalogue().All() {
		kinds[tag.Name] = tag.Kind
	}
	require.Equal(t, map[string]segment.Kind{
		"地区": segment.Enum, "会员": segment.Flag, "近90天订单": segment.Integer, "消费": segment.Decimal,
		"最近下单": segment.Time, "兴趣": segment.Labels, "等级": segment.Enum,
	}, kinds)
	require.EqualValues(t, 22, report.Read)
	require.EqualValues(t, 7, report.SetAside)
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

func TestKinds(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want segment.Tag
	}{
		"declared":         {"id,x:float\n1,3\n", segment.Tag{Name: "x", Kind: segment.Float}},
		"byte order mark":  {"\ufeffid,x\n1,3\n", segment.Tag{Name: "x", Kind: segment.Integer}},
		"id is not first":  {"x,ID\n3,1\n", segment.Tag{Name: "x", Kind: segment.Integer}},
		"empty column":     {"id,x\n1,\n", segment.Tag{Name: "x", Kind: segment.Enum}},
		"digits":           {"id,x\n1,3.125\n2,4\n", segment.Tag{Name: "x", Kind: segment.Decimal, Scale: 3}},
		"zero and one":     {"id,x\n1,0\n2,1\n", segment.Tag{Name: "x", Kind: segment.Integer}},
		"not quite a date": {"id,x\n1,2026-13-01\n", segment.Tag{Name: "x", Kind: segment.Enum}},
		"path":             {"id,x:path\n1,a/b\n", segment.Tag{Name: "x", Kind: segment.Enum, Hierarchy: true}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.csv")
			require.NoError(t, os.WriteFile(file, []byte(c.file), 0o644))
			ix, _, err := loadCSV(t.Context(), file, shanghai, time.Now())
			require.NoError(t, err)
			c.want.Origin = segment.FromFact
			require.Equal(t, []segment.Tag{c.want}, ix.Snapshot().Catalogue().All())
		})
	}
	for name, text := range map[string]string{
		"empty": "", "no such kind": "id,x:colour\n1,red\n", "twice": "id,x,x\n1,2,3\n", "no name": "id,\n1,2\n", "binary": "\x00\x01,\x02\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.csv")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			_, _, err := loadCSV(t.Context(), file, shanghai, time.Now())
			require.Error(t, err)
		})
	}
}

func TestIDs(t *testing.T) {
	for _, text := range []string{"1", "-7", "007", "A-17", "0191d2a4-5c3e-7000-a000-000000000001", "0191d2a4-5c3e-8000-a000-000000000001"} {
		id, err := parseID(text)
		require.NoError(t, err, text)
		require.Equal(t, text, printID(id))
	}
	for _, text := range []string{"", "a-name-of-20-letters", "0191d2a4-5c3e-8000-a000-00000000000x"} {
		_, err := parseID(text)
		require.Error(t, err, text)
	}
	require.NotEqual(t, customer.FromInt64(7), func() customer.ID { id, _ := parseID("007"); return id }())
}
