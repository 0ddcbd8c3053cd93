package profile

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func TestMemberTurns(t *testing.T) {
	for _, c := range []struct {
		name  string
		turns []int64 // it comes and goes in turn
		want  []int64
	}{
		{"never", nil, nil},
		{"has", []int64{10}, []int64{10}},
		{"had", []int64{10, 20}, []int64{10, 20}},
		{"for no time", []int64{10, 10}, []int64{}},
		{"gone before it came", []int64{10, 5}, []int64{}},
		{"back at once", []int64{10, 20, 20}, []int64{10}},
		{"back before it went", []int64{10, 20, 15, 30}, []int64{10, 30}},
		{"again", []int64{-10, 20, 30}, []int64{-10, 20, 30}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &member{}
			for i, at := range c.turns {
				require.True(t, m.turn(at, i%2 == 0, false))
				require.False(t, m.turn(at+1, i%2 == 0, false))
			}
			require.Equal(t, c.want, m.bounds)
			read, err := readMember(m.data())
			require.NoError(t, err)
			require.Equal(t, slices.Equal(m.bounds, read.bounds), true)
		})
	}
}

func TestMemberForgetsTheOldest(t *testing.T) {
	m := &member{}
	for at := range int64(3*mostTurns + 1) {
		m.turn(at, at%2 == 0, false)
		require.LessOrEqual(t, len(m.bounds), mostTurns)
		require.Equal(t, at%2 == 0, m.has())
		require.Equal(t, m.has(), m.at(never))
		require.Equal(t, m.has(), m.at(at))
	}
	require.Less(t, len(m.data()), store.MinLimits.ValueBytes)
	w := &whereabouts{}
	for at := range int64(3 * mostTurns) {
		w.become(turn{since: at, now: merged, into: customer.FromInt64(at)})
	}
	require.Less(t, len(w.data()), store.MinLimits.ValueBytes)
}

func TestMemberAtIsLikeASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		m := &member{}
		has := make([]bool, 100) // at each time
		for at := range int64(len(has)) {
			if at > 0 {
				has[at] = has[at-1]
			}
			for range r.IntN(3) { // the last of a time holds
				comes := r.IntN(2) == 0
				m.turn(at, comes, false)
				has[at] = comes
			}
		}
		for at := range has {
			require.Equal(t, has[at], m.at(int64(at)))
		}
	}
}

func TestErasureIsFinal(t *testing.T) {
	w := &whereabouts{}
	require.True(t, w.become(turn{since: 5, now: live}))
	require.True(t, w.become(turn{since: 9, now: erased}))
	require.False(t, w.become(turn{since: 10, now: live}))
	require.True(t, w.erased())
}

func FuzzFollowed(f *testing.F) {
	m := &member{bounds: []int64{1, 2, 3}, retracted: true}
	w := &whereabouts{atoms: 3, turns: []turn{{5, live, customer.ID{}}, {7, merged, customer.FromInt64(1)}, {9, erased, customer.ID{}}}}
	f.Add(m.data())
	f.Add(w.data())
	f.Add((&position{cursor: customer.Cursor{1, 2}, target: customer.Cursor{3, 4}}).data())
	f.Add(wire.New("profile/member", 2).Data())
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := readMember(data); err == nil {
			require.True(t, bytes.Equal(data, m.data()))
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		if w, err := readWhereabouts(data); err == nil && w.atoms < 1<<31 {
			require.True(t, bytes.Equal(data, w.data()))
		}
		if at, err := readPosition(store.Entry{Value: data, Version: 1}); err == nil {
			require.True(t, bytes.Equal(data, at.data()))
		}
	})
}
