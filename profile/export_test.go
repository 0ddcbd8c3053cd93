package profile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/cell"
	"github.com/clientele-go/clientele/store"
)

// parseCell reads what cell.Of wrote.
func parseCell(t *testing.T, s string, kind customer.Kind) customer.Value {
	switch kind {
	case customer.KindBool:
		b, err := strconv.ParseBool(s)
		require.NoError(t, err)
		return customer.BoolValue(b)
	case customer.KindInt64:
		n, err := strconv.ParseInt(s, 10, 64)
		require.NoError(t, err)
		return customer.Int64Value(n)
	case customer.KindFloat64:
		f, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return customer.Float64Value(f)
	case customer.KindDecimal:
		whole, fraction, _ := strings.Cut(s, ".")
		c, err := strconv.ParseInt(whole+fraction, 10, 64)
		require.NoError(t, err)
		return customer.DecimalValue(c, len(fraction))
	case customer.KindTime:
		at, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return customer.TimeValue(at)
	case customer.KindText:
		return customer.TextValue(strings.TrimPrefix(s, "'"))
	}
	var labels []string
	var label strings.Builder
	s = strings.TrimPrefix(s, "'")
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
			label.WriteByte(s[i])
		case s[i] == '|':
			labels = append(labels, label.String())
			label.Reset()
		default:
			label.WriteByte(s[i])
		}
	}
	if s != "" {
		labels = append(labels, label.String())
	}
	return customer.LabelsValue(labels...)
}

func TestExportsHaveWhatProfilesHave(t *testing.T) {
	w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), 21, readsSchema(), nil)
	w.build(80)
	names := []string{"city", "vip", "limit", "score", "points", "since", "tags", "orders", "spent_90d", "last_seen", "categories", "channel", "median"}
	for i := range 6 {
		m := w.moment()
		names, ask := names, []string(nil)
		if i%2 == 1 {
			ask = []string{"median", "name", "tags"}
			names = ask
		}
		all := collectProfiles(t, t.Context(), w.p, m)
		var b bytes.Buffer
		require.NoError(t, w.p.WriteCSV(t.Context(), &b, m, ask...))
		r := csv.NewReader(&b)
		records, err := r.ReadAll()
		require.NoError(t, err)
		require.Equal(t, append([]string{"customer"}, names...), records[0])
		require.Len(t, records[1:], len(all))
		for row, record := range records[1:] {
			require.Equal(t, all[row].Customer.String(), record[0])
			for i, name := range names {
				v := all[row].Value(name)
				if s := record[i+1]; s != "" {
					require.NotContains(t, "=+@\t\r\n", s[:1])
					require.Equal(t, v, parseCell(t, s, v.Kind()))
				} else {
					require.Contains(t, []customer.Value{{}, customer.TextValue(""), customer.LabelsValue()}, v)
				}
			}
		}

		b.Reset()
		require.NoError(t, w.p.WriteJSON(t.Context(), &b, m, ask...))
		lines := json.NewDecoder(&b)
		for _, one := range all {
			var line struct {
				Customer customer.ID               `json:"customer"`
				Values   map[string]customer.Value `json:"values"`
			}
			require.NoError(t, lines.Decode(&line))
			require.Equal(t, one.Customer, line.Customer)
			want := map[string]customer.Value{}
			for _, name := range names {
				if v := one.Value(name); !v.IsUnset() {
					want[name] = v
				}
			}
			require.Equal(t, want, line.Values)
		}
		require.False(t, lines.More())
	}
}

func TestExportErrors(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 22, readsSchema(), nil)
	w.build(4)
	m := Moment{At: w.feed.now}
	for name, write := range map[string]func(io *failing, m Moment, names ...string) error{
		"csv":  func(f *failing, m Moment, names ...string) error { return w.p.WriteCSV(t.Context(), f, m, names...) },
		"json": func(f *failing, m Moment, names ...string) error { return w.p.WriteJSON(t.Context(), f, m, names...) },
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, write(&failing{}, Moment{}), ErrInput)
			require.ErrorIs(t, write(&failing{}, m, "age"), ErrInput)
			require.ErrorIs(t, write(&failing{}, m, "city"), errFull)
			require.NoError(t, write(&failing{room: 2}, m, "city", "name"))
		})
	}
}

var errFull = errors.New("full")

// failing takes some writes, then no more.
type failing struct{ room int }

func (f *failing) Write(b []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func FuzzCell(f *testing.F) {
	f.Add("=1", "a|b")
	f.Add("'", `\`)
	f.Fuzz(func(t *testing.T, text, label string) {
		v, labels := customer.TextValue(text), customer.LabelsValue(text, label)
		if v.Validate() == nil {
			require.Equal(t, v, parseCell(t, cell.Of(v), customer.KindText))
		}
		if labels.Validate() == nil {
			require.Equal(t, labels, parseCell(t, cell.Of(labels), customer.KindLabels))
		}
	})
}
