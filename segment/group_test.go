package segment

import (
	"cmp"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// slowGroups groups customers one by one, as GroupBy would. keys returns the groups of a customer.
func slowGroups(q *question, sum string, keys func(at int) [][]customer.Value) []Group {
	if list, ok := q.groups[sum]; ok {
		return list
	}
	type wide struct {
		Group
		sum   *big.Int
		float float64
	}
	found := map[[4]customer.Value]*wide{}
	for _, at := range q.selected {
		for _, key := range keys(at) {
			var name [4]customer.Value
			copy(name[:], key)
			g := found[name]
			if g == nil {
				g = &wide{Group: Group{Values: key}, sum: new(big.Int)}
				found[name] = g
			}
			g.Count++
			if sum != "" && !q.values[sum][at].IsUnset() {
				r := read(q.values[sum][at], at)
				g.Summed++
				g.sum.Add(g.sum, big.NewInt(r.i))
				g.float += r.f
			}
		}
	}
	var list []Group
	for _, g := range found {
		switch sum {
		case "spend":
			g.Sum = customer.Int64Value(g.sum.Int64())
		case "price":
			g.Sum = customer.DecimalValue(g.sum.Int64(), 2)
		case "score":
			g.Sum = customer.Float64Value(g.float)
		}
		list = append(list, g.Group)
	}
	rank := func(v customer.Value) string { // unset, then false, then true
		text, _ := v.Text()
		yes, _ := v.Bool()
		return strconv.Itoa(int(v.Kind())) + strconv.FormatBool(yes) + text
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(b.Count-a.Count, slices.CompareFunc(a.Values, b.Values, func(a, b customer.Value) int {
			return strings.Compare(rank(a), rank(b))
		}))
	})
	q.groups[sum] = list
	return list
}

// requireGroups compares groups, sums of floats up to rounding.
func requireGroups(t *testing.T, want, got []Group) {
	require.Len(t, got, len(want))
	if reflect.DeepEqual(want, got) {
		return
	}
	for i, w := range want {
		if f, ok := w.Sum.Float64(); ok {
			g, _ := got[i].Sum.Float64()
			require.InDelta(t, f, g, 1e-6)
			w.Sum = got[i].Sum
		}
		require.Equal(t, w, got[i])
	}
}

func TestGroupBy(t *testing.T) {
	var kinds []Tag
	for _, names := range []string{"city", "vip", "optin", "sku", "region", "city optin", "sku city vip region", ""} {
		kinds = append(kinds, Tag{Name: names})
	}
	eachQuestion(t, kinds, func(t *testing.T, q *question) {
		names := strings.Fields(q.tag.Name)
		key := func(at int) [][]customer.Value {
			var key []customer.Value
			for _, name := range names {
				key = append(key, q.values[name][at])
			}
			return [][]customer.Value{key}
		}
		for _, sum := range []string{"", "spend", "score"} {
			if len(names) > 2 && (sum == "score" || len(q.selected) > 20_000) {
				continue
			}
			got, err := q.GroupBy(t.Context(), q.Query, &GroupOptions{Sum: sum}, names...)
			require.NoError(t, err)
			requireGroups(t, slowGroups(q, sum, key), got)
		}
	})
}

func TestGroupByDepth(t *testing.T) {
	eachQuestion(t, []Tag{{Name: "region by depth"}}, func(t *testing.T, q *question) {
		for _, depth := range []int{0, 1, 2, 4} {
			clear(q.groups)
			got, err := q.GroupBy(t.Context(), q.Query, &GroupOptions{Depth: depth}, "region", "vip")
			require.NoError(t, err)
			requireGroups(t, slowGroups(q, "", func(at int) [][]customer.Value {
				path, ok := q.values["region"][at].Text()
				require.True(t, ok)
				if elements := strings.Split(path, "/"); depth > 0 {
					path = strings.Join(elements[:min(depth, len(elements))], "/")
				}
				return [][]customer.Value{{customer.TextValue(path), q.values["vip"][at]}}
			}), got)
		}
	})
}

func TestGroupByLabels(t *testing.T) {
	eachQuestion(t, []Tag{{Name: "likes"}}, func(t *testing.T, q *question) {
		for _, sum := range []string{"", "price"} {
			got, err := q.GroupBy(t.Context(), q.Query, &GroupOptions{Sum: sum}, "likes")
			require.NoError(t, err)
			requireGroups(t, slowGroups(q, sum, func(at int) (keys [][]customer.Value) {
				v := q.values["likes"][at]
				if v.IsUnset() {
					return [][]customer.Value{{v}}
				}
				for label := range v.Labels() {
					keys = append(keys, []customer.Value{customer.TextValue(label)})
				}
				return keys
			}), got)
		}
	})
}

func TestGroupByRefuses(t *testing.T) {
	c := newCrowd()
	var tag *TagError
	for _, tags := range [][]string{{"likes", "vip"}, {"spend"}, {"town"}} {
		_, err := c.GroupBy(t.Context(), Query{}, nil, tags...)
		require.ErrorAs(t, err, &tag)
	}
	_, err := c.GroupBy(t.Context(), Query{}, &GroupOptions{Sum: "last"}, "vip")
	require.ErrorAs(t, err, &tag)
	_, err = c.GroupBy(t.Context(), Query{}, &GroupOptions{Depth: -1}, "vip")
	require.ErrorContains(t, err, "Depth")
	_, err = c.GroupBy(t.Context(), Query{}, &GroupOptions{Sum: "most"}, "vip")
	require.ErrorIs(t, err, ErrLimit)
	_, err = c.GroupBy(t.Context(), Query{}, nil, slices.Repeat([]string{"sku"}, 7)...)
	require.ErrorIs(t, err, ErrLimit)
}

func TestDistinct(t *testing.T) {
	eachQuestion(t, crowdTags, func(t *testing.T, q *question) {
		want := map[customer.Value]bool{}
		for _, at := range q.selected {
			v := q.values[q.tag.Name][at]
			if q.tag.Kind == Labels {
				for label := range v.Labels() {
					want[customer.TextValue(label)] = true
				}
			} else if !v.IsUnset() {
				want[v] = true
			}
		}
		got, err := q.Distinct(t.Context(), q.Query, q.tag.Name)
		require.NoError(t, err)
		require.Equal(t, len(want), got)
	})
}
