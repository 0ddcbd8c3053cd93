package hostiletest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

var errRow = errors.New("shop: a row is wrong")

type row struct {
	Name   string
	Amount float64
	At     time.Time
	Tags   map[string]int
	secret int
}

func rows() []row {
	at := time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC)
	return []row{{"a", 1, at, nil, 1}, {"b", 2, at, map[string]int{"x": 1, "y": 2}, 1}}
}

// sum is what a function should be: it refuses what it cannot add.
func sum(ctx context.Context, rows []row, weight *float64) (float64, error) {
	total := 0.0
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if x := rows[i].Amount; math.IsNaN(x) || math.IsInf(x, 0) || rows[i].secret != 1 {
			return 0, errRow
		}
		total += rows[i].Amount
	}
	if weight != nil && !math.IsNaN(*weight) && !math.IsInf(*weight, 0) {
		total += *weight
	}
	if math.IsInf(total, 0) {
		return 0, errRow
	}
	return total, ctx.Err()
}

func target(call any) Target {
	return Target{Call: call, Names: "ctx rows weight", Args: func() []any {
		weight := 1.0
		return []any{context.Background(), rows(), &weight}
	}}
}

func TestGoodFunctionHasNoFaults(t *testing.T) {
	race.Skip(t)
	x := target(sum)
	x.Expect = map[string]any{
		"rows nil": OK, "rows[1].Amount NaN": errRow, "rows[1].Amount +Inf": "a row is wrong", "rows[1].Amount max": OK,
		"rows huge": OK, "rows[1].Name": OK, "rows[1].At beyond": OK, "rows[1].Tags key bytes": OK, "rows[1].Tags[y] max": OK, "weight nil": OK,
	}
	x.Cases = []Case{{Name: "all", Args: func() []any { return []any{context.Background(), nil, nil} }, Want: OK}}
	faults, calls := x.try()
	require.Empty(t, faults)
	require.Greater(t, calls, 50)
}

// TestFaultsAreFound breaks sum in one way after the other.
func TestFaultsAreFound(t *testing.T) {
	race.Skip(t)
	type call = func(context.Context, []row, *float64) (float64, error)
	var calls atomic.Int64
	for name, c := range map[string]struct {
		call call
		want string
	}{
		"panic": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			_ = rows[1]
			return sum(ctx, rows, w)
		}, "rows nil: panics: runtime error"},
		"nil pointer": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			_ = *w
			return sum(ctx, rows, w)
		}, "weight nil: panics: runtime error"},
		"NaN": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			x, err := sum(ctx, rows, nil)
			if w != nil {
				x += *w
			}
			return x, err
		}, "weight NaN: result 0 is NaN"},
		"changed": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) > 1 && rows[1].Name == "" {
				rows[0].Name = "z"
			}
			return sum(ctx, rows, w)
		}, "rows[1].Name empty: changed rows"},
		"changed deep": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) > 1 && len(rows[1].Tags) > 2 {
				delete(rows[1].Tags, "x")
			}
			return sum(ctx, rows, w)
		}, "rows[1].Tags key empty: changed rows"},
		"rude error": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			x, err := sum(ctx, rows, w)
			if err != nil {
				err = errors.New("Error!")
			}
			return x, err
		}, "does not begin with the name of a package"},
		"raw text": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) > 1 && strings.Contains(rows[1].Name, "\x1b") {
				return 0, errors.New("shop: " + rows[1].Name)
			}
			return sum(ctx, rows, w)
		}, "rows[1].Name control: an error with control characters"},
		"raw bytes": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) > 1 && strings.Contains(rows[1].Name, "\xff") {
				return 0, errors.New("shop: " + rows[1].Name)
			}
			return sum(ctx, rows, w)
		}, "rows[1].Name bytes: an error that is not UTF-8"},
		"deaf": {func(_ context.Context, rows []row, w *float64) (float64, error) {
			return sum(context.Background(), rows, w)
		}, "context: has ended, and there is no error"},
		"half": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if ctx.Err() != nil {
				return 7, nil
			}
			return sum(ctx, rows, w)
		}, "context: ends at look 2, and the results are others"},
		"other error": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			x, err := sum(ctx, rows, w)
			if errors.Is(err, context.Canceled) {
				err = errRow
			}
			return x, err
		}, "context: ends at look 1, and the error is shop: a row is wrong"},
		"unsteady": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			x, err := sum(ctx, rows, w)
			return x + float64(calls.Add(1)), err
		}, "does not have the same results"},
		"accepts": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) > 1 && math.IsNaN(rows[1].Amount) {
				return 0, nil
			}
			return sum(ctx, rows, w)
		}, "rows[1].Amount NaN: error is <nil>"},
		"refuses": {func(ctx context.Context, rows []row, w *float64) (float64, error) {
			if len(rows) == 0 {
				return 0, errRow
			}
			return sum(ctx, rows, w)
		}, "rows empty: unexpected error"},
	} {
		t.Run(name, func(t *testing.T) {
			x := target(c.call)
			x.Expect = map[string]any{"rows[1].Amount NaN": errRow, "rows empty": OK}
			faults, _ := x.try()
			require.Contains(t, strings.Join(faults, "\n"), c.want)
		})
	}
}

func TestCallersAtTheSameTime(t *testing.T) {
	x := target(func(ctx context.Context, rows []row, w *float64) (float64, error) {
		before := *w
		*w = 0
		x, err := sum(ctx, rows, w)
		*w = before
		return x + before, err
	})
	x.Args = func() []any {
		weight := 1.0
		return []any{context.Background(), make([]row, 0), &weight}
	}
	x.Expect = map[string]any{"weight nil": Panic("nil pointer")}
	x.Alone = "it borrows the weight"
	x.NaN = "the weight may be one"
	faults, _ := x.try()
	require.Empty(t, faults)

	var busy atomic.Bool
	y := Target{Names: "n", Args: func() []any { return []any{1} }, Call: func(n int) error {
		if !busy.CompareAndSwap(false, true) {
			return errRow
		}
		time.Sleep(20 * time.Millisecond) // long enough for the others to start
		busy.Store(false)
		return nil
	}}
	faults, _ = y.try()
	require.Contains(t, strings.Join(faults, "\n"), "callers at the same time: do not get the results of a single one")
}

func TestExpectationsOfNothing(t *testing.T) {
	race.Skip(t)
	x := target(sum)
	x.Expect = map[string]any{"rows[7]": OK}
	x.Hold = map[string]string{"rows[1].Color": "there is none"}
	faults, _ := x.try()
	require.Len(t, faults, 2)

	x = target(sum)
	x.Names = "ctx rows"
	faults, _ = x.try()
	require.Len(t, faults, 1)

	x = target(sum)
	x.Expect = map[string]any{"rows nil": Panic("out of range")}
	faults, _ = x.try()
	require.Equal(t, []string{"rows nil: does not panic"}, faults)

	x = target(sum)
	x.Then = func([]any) { panic("used") }
	faults, _ = x.try()
	require.Contains(t, faults[0], "its results panic when they are used: used")
}

// TestDocuments reads a document in the ordinary careful way, and then without care.
func TestDocuments(t *testing.T) {
	race.Skip(t)
	type shelf struct {
		Names []string `json:"names"`
		Size  int      `json:"size"`
	}
	read := func(r io.Reader) (string, error) {
		data, err := io.ReadAll(r)
		if err != nil {
			return "", errors.Join(errors.New("shop: reading"), err)
		}
		var s shelf
		if err := json.Unmarshal(data, &s); err != nil {
			return "", errors.New("shop: not a shelf")
		}
		if s.Size < 0 || s.Size >= len(s.Names) {
			return "", errors.New("shop: not a size")
		}
		return s.Names[s.Size], nil
	}
	valid := func() []any { return []any{Text(`{"names":["x","y","z"],"size":2}`)} }
	x := Target{Call: read, Names: "r", Args: valid, Expect: map[string]any{
		"r empty": "not a shelf", "r torn": "not a shelf", "r deep": "not a shelf", "r broken": ErrReader, "r slow": OK,
		"r.size negative": "not a size", "r.size missing": OK, "r.names short": "not a size", "r.names huge": OK,
		"r.names[] null": OK, "r.names missing": "not a size", "r more": OK,
	}}
	faults, calls := x.try()
	require.Empty(t, faults)
	require.Greater(t, calls, 40)

	x.Expect = nil
	x.Call = func(r io.Reader) (string, error) {
		var s shelf
		if err := json.NewDecoder(r).Decode(&s); err != nil {
			return "", errors.New("shop: not a shelf")
		}
		return s.Names[s.Size], nil
	}
	faults, _ = x.try()
	require.Contains(t, strings.Join(faults, "\n"), "r.size negative: panics")
	require.Contains(t, strings.Join(faults, "\n"), "r.names short: panics")
}

func TestEnding(t *testing.T) {
	ctx := Ending(2)
	require.NoError(t, ctx.Err())
	select {
	case <-ctx.Done():
	default:
		t.Fatal("it ended at the second look, which was for Done")
	}
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	below, cancel := context.WithCancel(Ending(1))
	defer cancel()
	<-below.Done()
	require.ErrorIs(t, below.Err(), context.Canceled)
}

type color uint8

func (c *color) UnmarshalText(text []byte) error {
	if string(text) != "red" {
		return errors.New("shop: no such color")
	}
	*c = 1
	return nil
}

func TestName(t *testing.T) {
	race.Skip(t)
	x := Name((*color).UnmarshalText, "red")
	faults, _ := x.try()
	require.Empty(t, faults)
	x = Name(func(*color, []byte) error { return nil }, "red")
	faults, _ = x.try()
	require.NotEmpty(t, faults)
}

func TestCount(t *testing.T) {
	fault := errors.New("fault")
	seq := func(faults ...error) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i, err := range faults {
				if !yield(i, err) {
					return
				}
			}
		}
	}
	n, err := Count(seq(nil, nil))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = Count(seq(nil, fault, nil))
	require.Equal(t, fault, err)
	require.Zero(t, n)
}
