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
				require.True(t, m.turn(at, i%2 == 0))
				require.False(t, m.turn(at+1, i%2 == 0))
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
		m.turn(at, at%2 == 0)
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
				m.turn(at, comes)
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

// firstMember is what version 1 of the format has of an atom.
func firstMember(retracted bool, bounds ...int64) []byte {
	w := wire.New("profile/member", 1)
	w.Bool(retracted)
	for _, b := range bounds {
		w.Int(b)
	}
	return w.Data()
}

// firstWhereabouts is what version 1 of the format has of a customer that is erased.
func firstWhereabouts() []byte {
	w := wire.New("profile/customer", 1)
	w.Uint(0)
	for since, now := range []existence{live, erased} {
		w.Int(int64(since))
		w.Uint(uint64(now))
	}
	return w.Data()
}

// What was followed before it was kept when it became known is read.
func TestReadsFirstFormats(t *testing.T) {
	m, err := readMember(firstMember(true, 1, 4))
	require.NoError(t, err)
	require.Equal(t, &member{bounds: []int64{1, 4}, retracted: true, left: 4}, m)
	m, err = readMember(firstMember(false, 1))
	require.NoError(t, err)
	require.Equal(t, &member{bounds: []int64{1}}, m)
	w, err := readWhereabouts(firstWhereabouts())
	require.NoError(t, err)
	require.Equal(t, &whereabouts{turns: []turn{{since: 0, now: live}, {since: 1, at: 1, now: erased}}}, w)
	d := wire.New("profile/follow", 1)
	for n := range 2 * customer.Shards {
		d.Uint(uint64(n))
	}
	at, err := readPosition(store.Entry{Value: d.Data(), Version: 7})
	require.NoError(t, err)
	require.EqualValues(t, 1, at.cursor[1])
	require.EqualValues(t, customer.Shards, at.target[0])
	require.Equal(t, -never, at.learned)
}

func FuzzFollowed(f *testing.F) {
	m := &member{bounds: []int64{1, 2, 4}, retracted: true, left: 3}
	w := &whereabouts{atoms: 3, turns: []turn{{since: 5, now: live}, {since: 7, now: merged, into: customer.FromInt64(1)}, {since: 9, at: 3, now: erased}}}
	f.Add(m.data())
	f.Add(w.data())
	f.Add((&position{cursor: customer.Cursor{1, 2}, target: customer.Cursor{3, 4}}).data())
	f.Add(wire.New("profile/member", 3).Data())
	f.Add(firstMember(true, 1, 2, 3))
	f.Add(firstWhereabouts())
	f.Fuzz(func(t *testing.T, data []byte) {
		// What is of the version that is written is written one way only.
		newest := wire.Read(data).Version() == 2
		if m, err := readMember(data); err == nil {
			again, err := readMember(m.data())
			require.NoError(t, err)
			require.Equal(t, m, again)
			require.True(t, !newest || bytes.Equal(data, m.data()))
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		if w, err := readWhereabouts(data); err == nil && w.atoms < 1<<31 {
			again, err := readWhereabouts(w.data())
			require.NoError(t, err)
			require.Equal(t, w, again)
			require.True(t, !newest || bytes.Equal(data, w.data()))
		}
		if at, err := readPosition(store.Entry{Value: data, Version: 1}); err == nil {
			again, err := readPosition(store.Entry{Value: at.data(), Version: 1})
			require.NoError(t, err)
			require.Equal(t, at, again)
			require.True(t, !newest || bytes.Equal(data, at.data()))
		}
	})
}
