package identity

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPolicyJSON(t *testing.T) {
	data, err := json.Marshal(DefaultPolicy())
	require.NoError(t, err)
	require.JSONEq(t, `{"entities": [{"types": [
		{"name": "account", "kind": "unique", "most": 1, "proof": "verified"},
		{"name": "member", "kind": "unique", "most": 1},
		{"name": "unionid", "kind": "unique", "most": 1},
		{"name": "openid", "kind": "unique", "most": 1},
		{"name": "name", "kind": "descriptor", "most": 1},
		{"name": "phone", "kind": "shareable", "most": 5, "fan_out": 10, "silence": "2160h0m0s"},
		{"name": "email", "kind": "shareable", "most": 5, "fan_out": 10},
		{"name": "device", "kind": "ephemeral"},
		{"name": "cookie", "kind": "ephemeral", "lifetime": "9600h0m0s"}
	]}]}`, string(data))

	rng := rand.New(rand.NewPCG(1, 1))
	some := func() time.Duration { return time.Duration(rng.Int64()>>rng.IntN(63)) * time.Duration(rng.IntN(2)) }
	for range 200 {
		var p Policy
		for range rng.IntN(4) {
			e := Entity{Name: []string{"", "person", "组织"}[rng.IntN(3)], Records: rng.IntN(2) * rng.Int()}
			for range rng.IntN(4) {
				e.Types = append(e.Types, Type{
					Name: "phone", Kind: Unique + Kind(rng.IntN(4)), Most: rng.IntN(3), Window: some(), FanOut: rng.IntN(3),
					Silence: some(), Lifetime: -some(), Proof: Proof(rng.IntN(3)),
				})
			}
			p.Entities = append(p.Entities, e)
		}
		data, err := json.Marshal(&p)
		require.NoError(t, err)
		var back Policy
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, p, back, string(data))
	}
}

func TestPolicyJSONErrors(t *testing.T) {
	before := Type{Name: "phone", Kind: Shareable, Most: 5}
	for name, c := range map[string]struct{ text, want string }{
		"kind":          {`{"name": "x", "kind": "invalid"}`, "unknown kind: not one of unique, shareable, ephemeral, descriptor"},
		"kind by place": {`{"name": "x", "kind": 1}`, "kind"},
		"no kind":       {`{"name": "x", "kind": ""}`, "unknown kind: not one of unique, shareable, ephemeral, descriptor"},
		"proof":         {`{"name": "x", "kind": "unique", "proof": "sworn"}`, "unknown proof"},
		"time":          {`{"name": "x", "kind": "unique", "silence": "90 days"}`, "not a time such as 2160h"},
		"whole time":    {`{"name": "x", "kind": "unique", "lifetime": 90}`, "lifetime"},
		"slip":          {`{"name": "x", "kind": "unique", "fan-out": 3}`, `unknown field "fan-out"`},
		"list":          {`[]`, "type of identifiers"},
	} {
		t.Run(name, func(t *testing.T) {
			after := before
			require.ErrorContains(t, json.Unmarshal([]byte(c.text), &after), c.want)
			require.Equal(t, before, after)
		})
	}
	after := before
	require.NoError(t, json.Unmarshal([]byte(`{"name": "x", "kind": "unique", "window": "1h30m"}`), &after))
	require.Equal(t, Type{Name: "x", Kind: Unique, Window: 90 * time.Minute}, after, "set as a whole")

	for _, bad := range []Type{{Name: "x"}, {Name: "x", Kind: 9}, {Name: "x", Kind: Unique, Proof: 9}} {
		_, err := json.Marshal(bad)
		require.ErrorContains(t, err, "identity: ")
	}
}

// What is read as a policy is written and read again as the same.
func FuzzPolicyJSON(f *testing.F) {
	data, err := json.Marshal(DefaultPolicy())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"entities": [{"name": "household", "records": 3, "types": [{"name": "a", "kind": "unique", "most": 2, "window": "-1.5h", "proof": "attested"}]}]}`))
	f.Add([]byte(`{"entities": [{"types": [null, {}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p Policy
		if json.Unmarshal(data, &p) != nil {
			return
		}
		if p.Validate() != nil {
			return
		}
		written, err := json.Marshal(&p)
		require.NoError(t, err)
		var back Policy
		require.NoError(t, json.Unmarshal(written, &back))
		require.NoError(t, back.Validate())
		require.Equal(t, p.data(), back.data())
	})
}
