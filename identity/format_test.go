package identity

import (
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// graphFormats are those of the graph; erasedFormats has more.
func graphFormats() map[string]aFormat {
	name, other, at := blind{1, 2, 3}, blind{4, 5, 6}, int64(1_772_712_000_000_000)
	entry := func(data []byte) store.Entry { return store.Entry{Value: data, Version: 1} }
	ev := &evidence{
		entity: "firm", sources: []string{"shop"},
		kinds:  []kindKey{{"phone", ""}, {"openid", "wx1"}},
		values: []value{{kind: 0, blind: name, cuts: []cut{{other, at}}}, {kind: 1, blind: other, shared: true}},
		pieces: []piece{
			{
				atom: customer.AtomID{1}, own: customer.ID{2}, home: customer.ID{2}, before: customer.AtomID{9}, related: true,
				answers: []customer.ID{{2}, {3}}, links: []ruling{{name, at, 0}}, parts: []ruling{{other, at, 1}},
			},
			{own: customer.ID{4}, home: customer.ID{2}, slice: customer.AtomID{5}},
		},
		seen: []observation{
			{id: name, at: at, piece: 0, marks: []mark{{0, Attested}, {1, Verified}}},
			{id: other, at: at + 1, piece: 1, marks: []mark{{1, Claimed}}},
		},
	}
	policy := DefaultPolicy()
	return map[string]aFormat{
		"evidence": {containerKey(customer.ID{7}), ev.data([]byte("12345678")), func(data []byte) ([]byte, error) {
			ev, epoch, err := readEvidence(data)
			if err != nil {
				return nil, err
			}
			return ev.data(epoch), nil
		}},
		"policy": {[]byte(policyKey), policy.data(), func(data []byte) ([]byte, error) {
			p, err := readPolicy(data)
			if err != nil {
				return nil, err
			}
			return p.data(), nil
		}},
		"ref": {valueKey(name), pointer{contained, customer.ID{7}, &at}.data(), func(data []byte) ([]byte, error) {
			p, err := readPointer(entry(data))
			return p.data(), err
		}},
		"bearer": {append(bearerPrefix(name, customer.ID{7}), 8), bearer{true, customer.ID{7}, []borne{{kindKey{"phone", "s"}, name, Verified}}}.data(), func(data []byte) ([]byte, error) {
			b, err := readBearer(data)
			return b.data(), err
		}},
		"observation": {observationKey(name), seen{seenLive, customer.ID{7}, customer.AtomID{8}, other, []byte{0, 'x'}}.data(), func(data []byte) ([]byte, error) {
			s, err := readSeen(entry(data))
			return s.data(), err
		}},
		"ruling": {rulingKey(name), ruled{container: customer.ID{7}, atom: customer.AtomID{8}, content: other, sealed: []byte{0, 'x'}}.data(), func(data []byte) ([]byte, error) {
			r, err := readRuled(entry(data))
			return r.data(), err
		}},
	}
}

// TestReleasedFormats: what was stored once can be read for ever. Each file has a key and
// its value, in hexadecimal.
func TestReleasedFormats(t *testing.T) {
	for name, f := range graphFormats() {
		path := filepath.Join("testdata", name+"_v1.golden")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(hex.EncodeToString(f.key)+" "+hex.EncodeToString(f.value)+"\n"), 0o644))
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		fields := strings.Fields(string(data))
		require.Equal(t, []string{hex.EncodeToString(f.key), hex.EncodeToString(f.value)}, fields, name)
		again, err := f.again(f.value)
		require.NoError(t, err)
		require.Equal(t, f.value, again, name)
	}
}

// formats are all.
func formats() map[string]aFormat {
	all := erasedFormats()
	maps.Copy(all, graphFormats())
	return all
}

func FuzzEvidence(f *testing.F)    { fuzzFormat(f, "evidence") }
func FuzzPolicy(f *testing.F)      { fuzzFormat(f, "policy") }
func FuzzReference(f *testing.F)   { fuzzFormat(f, "ref") }
func FuzzBearer(f *testing.F)      { fuzzFormat(f, "bearer") }
func FuzzObservation(f *testing.F) { fuzzFormat(f, "observation") }
func FuzzRuling(f *testing.F)      { fuzzFormat(f, "ruling") }
