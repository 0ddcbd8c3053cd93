package synth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/synth"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestCSVHoldsTheLines(t *testing.T) {
	rates := synth.DefaultRates()
	rates.Duplicate = 0
	shop := newShop(t, 1, synth.Options{Customers: 500, Rates: rates})
	rows, err := csv.NewReader(shop.CSV()).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country", strings.Join(rows[0], ","))
	rows = rows[1:]
	invoice, order := int64(500000), synth.Line{}
	i := 0
	for l := range shop.Lines() {
		if l.Order != order.Order || l.Kind != order.Kind {
			invoice++
			order = l
		}
		want := []string{
			strconv.FormatInt(invoice, 10), l.Code, l.Description, strconv.FormatInt(l.Quantity, 10),
			l.Time.Truncate(time.Minute).Format(time.DateTime), fmt.Sprintf("%d.%02d", l.Price/100, l.Price%100),
			"", l.Country,
		}
		if l.Kind == synth.Refund {
			want[0] = "C" + want[0]
		}
		if l.Customer != 0 {
			want[6] = strconv.FormatInt(l.Customer, 10)
		}
		require.Equal(t, want, rows[i])
		i++
	}
	require.Len(t, rows, i)
}

func TestCSVRepeatsLines(t *testing.T) {
	rates := synth.DefaultRates()
	rates.Duplicate = 0.05
	shop := newShop(t, 1, synth.Options{Customers: 1500, Rates: rates})
	var file bytes.Buffer
	lines, err := shop.WriteCSV(t.Context(), &file)
	require.NoError(t, err)
	require.EqualValues(t, bytes.Count(file.Bytes(), []byte("\n"))-1, lines)
	truth := 0.0
	for range shop.Lines() {
		truth++
	}
	extra := float64(lines) - truth
	require.InDelta(t, 0.05*truth, extra, 4*math.Sqrt(0.05*0.95*truth))
}

func TestReaderAndWriterAgree(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 60})
	var file bytes.Buffer
	_, err := shop.WriteCSV(t.Context(), &file)
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(shop.CSV(), file.Bytes()))
}

func TestWriteCSVStops(t *testing.T) {
	shop := newShop(t, 1, synth.Options{Customers: 2000})
	ctx, cancel := context.WithCancel(t.Context())
	var first int64
	lines, err := shop.WriteCSV(ctx, writer(func(p []byte) (int, error) { first = int64(len(p)); cancel(); return len(p), nil }))
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, lines)
	require.Less(t, first, int64(128<<10))
	full := errors.New("full")
	_, err = shop.WriteCSV(t.Context(), writer(func([]byte) (int, error) { return 0, full }))
	require.ErrorIs(t, err, full)
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestGolden holds the bytes of a shop. They change only with a changelog
// entry.
func TestGolden(t *testing.T) {
	shop := newShop(t, 42, synth.Options{Customers: 300})
	file, err := io.ReadAll(shop.CSV())
	require.NoError(t, err)
	const head = 40
	lines := bytes.SplitAfterN(file, []byte("\n"), head+1)
	var events bytes.Buffer
	sum := sha256.New()
	n := 0
	for e := range shop.Events() {
		text := fmt.Sprintf("%s %d %d %s %d %s %s\n", e.Time.Format(time.RFC3339), e.Customer, e.Order, e.Kind, e.Amount, e.Channel, e.Country)
		if n < head {
			events.WriteString(text)
		}
		io.WriteString(sum, text)
		n++
	}
	for c := range shop.Customers() {
		fmt.Fprintf(sum, "%+v\n", c)
	}
	whole := sha256.Sum256(file)
	var got bytes.Buffer
	got.Write(bytes.Join(lines[:head], nil))
	got.Write(events.Bytes())
	fmt.Fprintf(&got, "file: %d bytes, sha256 %s\n", len(file), hex.EncodeToString(whole[:]))
	fmt.Fprintf(&got, "events and truth: %d events, sha256 %s\n", n, hex.EncodeToString(sum.Sum(nil)))

	path := filepath.Join("testdata", "golden.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
