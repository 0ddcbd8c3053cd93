package access

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum/enumtest"
	"github.com/clientele-go/clientele/profile"
)

func TestPolicyFaults(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Policy)
		fault  string
	}{
		{"no purposes", func(p *Policy) { p.Purposes = nil; p.Roles = p.Roles[3:] }, "no Purposes"},
		{"no roles", func(p *Policy) { p.Roles = nil }, "no Roles"},
		{"purpose without name", func(p *Policy) { p.Purposes[1].Name = ""; p.Roles = p.Roles[:1] }, "purpose 1: Name is not a line"},
		{"purpose twice", func(p *Policy) { p.Purposes = append(p.Purposes, p.Purposes[0]) }, "purpose 2: Name of another"},
		{"label", func(p *Policy) { p.Purposes[0].Label.EN = "a\nb" }, `purpose "service": a label`},
		{"neither consent nor basis", func(p *Policy) { p.Purposes[0].Basis = 0 }, "neither Consent nor Basis"},
		{"both", func(p *Policy) { p.Purposes[0].Consent = "offers" }, "Consent and Basis"},
		{"basis consent", func(p *Policy) { p.Purposes[0].Basis = consent.Consent }, "Basis can be refused"},
		{"basis interest", func(p *Policy) { p.Purposes[0].Basis = consent.LegitimateInterest }, "Basis can be refused"},
		{"basis unknown", func(p *Policy) { p.Purposes[0].Basis = 99 }, "Basis can be refused, or is unknown"},
		{"role without name", func(p *Policy) { p.Roles[0].Name = "" }, "role 0: Name is not a line"},
		{"role name too long", func(p *Policy) { p.Roles[0].Name = strings.Repeat("x", 65) }, "role 0: Name is not a line"},
		{"role twice", func(p *Policy) { p.Roles[1].Name = "agent" }, "role 1: Name of another"},
		{"role label", func(p *Policy) { p.Roles[0].Label.ZH = "\xff" }, `role "agent": a label`},
		{"grant for nothing", func(p *Policy) { p.Roles[0].Grants[0].Purpose = "x" }, `role "agent": grant 0: no such Purpose`},
		{"grant twice", func(p *Policy) { p.Roles[0].Grants = append(p.Roles[0].Grants, p.Roles[0].Grants[0]) }, "grant 1: Purpose of another"},
		{"show unknown", func(p *Policy) { p.Roles[0].Grants[0].Show = Levels{Public: 9} }, "Show of public is unknown"},
		{"sensitive more openly", func(p *Policy) { p.Roles[0].Grants[0].Show.Sensitive = Plain }, "sensitive is shown more openly than personal"},
		{"exception unknown", func(p *Policy) { p.Roles[2].Grants[0].Traits["fone"] = Denied }, `the schema has no "fone"`},
		{"exception show", func(p *Policy) { p.Roles[2].Grants[0].Traits["phone"] = 3 }, `Show of "phone" is unknown`},
		{"find unknown", func(p *Policy) { p.Roles[0].Grants[0].Find = []string{"orders"} }, `Find: the schema has no trait "orders"`},
		{"find not searchable", func(p *Policy) { p.Roles[0].Grants[0].Find = []string{"name"} }, `"name", which is not searchable`},
		{"find denied", func(p *Policy) { p.Roles[0].Grants[0].Find = []string{"illness"} }, `"illness", which is denied`},
		{"find denied by exception", func(p *Policy) { p.Roles[0].Grants[0].Traits = map[string]Show{"phone": Denied} }, `"phone", which is denied`},
		{"find twice", func(p *Policy) { p.Roles[0].Grants[0].Find = []string{"phone", "phone"} }, `Find has "phone" twice`},
		{"mask of nothing", func(p *Policy) { p.Masks["fone"] = Phone }, `mask of "fone": the schema has no`},
		{"mask unknown", func(p *Policy) { p.Masks["phone"] = 99 }, `mask of "phone": unknown`},
		{"mask of other kind", func(p *Policy) { p.Masks["birthday"] = Phone }, `mask of "birthday": not one of time values`},
		{"mask of labels", func(p *Policy) { p.Masks["interests"] = Name }, `mask of "interests": not one of labels values`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := shopPolicy()
			require.NoError(t, p.Validate(shopSchema()))
			test.change(p)
			err := p.Validate(shopSchema())
			require.ErrorIs(t, err, ErrPolicy)
			require.Contains(t, err.Error(), test.fault)
		})
	}
	require.ErrorIs(t, (*Policy)(nil).Validate(nil), ErrPolicy)
}

func TestPolicyTellsAllFaults(t *testing.T) {
	p := shopPolicy()
	p.Purposes[0].Basis, p.Roles[0].Name, p.Masks["fone"] = 0, "", Phone
	err := p.Validate(shopSchema())
	for _, fault := range []string{"neither Consent nor Basis", "role 0", "fone"} {
		require.Contains(t, err.Error(), fault)
	}
}

func TestPolicyJSON(t *testing.T) {
	data, err := json.Marshal(shopPolicy())
	require.NoError(t, err)
	var p Policy
	require.NoError(t, json.Unmarshal(data, &p))
	require.Equal(t, shopPolicy(), &p)

	const good = `{"purposes":[{"name":"service","basis":"contract"}],"roles":[{"name":"agent","grants":[
		{"purpose":"service","show":{"public":"plain","personal":"masked","internal":"masked"},"traits":{"phone":"denied","Phone":"denied"}}]}]}`
	require.NoError(t, json.Unmarshal([]byte(good), &p))
	require.Equal(t, Levels{Public: Plain, Internal: Masked, Personal: Masked}, p.Roles[0].Grants[0].Show)
	before := p
	for name, bad := range map[string]string{
		"misspelt restriction": strings.Replace(good, `"traits"`, `"trait"`, 1),
		"misspelt way":         strings.Replace(good, `"denied"`, `"deny"`, 1),
		"twice":                strings.Replace(good, `"traits"`, `"show":{"public":"plain"},"traits"`, 1),
		"twice in other case":  strings.Replace(good, `"traits"`, `"Show":{"public":"plain"},"traits"`, 1),
		"exception twice":      strings.Replace(good, `"Phone"`, `"phone"`, 1),
		"basis":                strings.Replace(good, `"contract"`, `"consent"`, 1),
		"no basis":             strings.Replace(good, `,"basis":"contract"`, ``, 1),
		"not UTF-8":            strings.Replace(good, `agent`, "\xff", 1),
		"no object":            `[]`,
		"empty":                `{}`,
		"null":                 `null`,
		"deep":                 strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
	} {
		err := p.UnmarshalJSON([]byte(bad))
		require.ErrorIs(t, err, ErrPolicy, name)
		require.Equal(t, before, p, name)
	}
	require.ErrorIs(t, p.UnmarshalJSON([]byte(good+"1")), ErrPolicy)
	require.ErrorIs(t, p.UnmarshalJSON(nil), ErrPolicy)
}

func FuzzPolicy(f *testing.F) {
	data, err := json.Marshal(shopPolicy())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"purposes":[{"name":"s","basis":"contract"}],"roles":[{"name":"r"}],"masks":{"a":"date"}}`))
	f.Add([]byte(`{"purposes":`))
	f.Add([]byte(`[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, back Policy
		if err := p.UnmarshalJSON(data); err != nil {
			require.ErrorIs(t, err, ErrPolicy)
			return
		}
		_ = p.Validate(shopSchema())
		out, err := json.Marshal(&p)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(out, &back))
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))
	})
}

func TestOpenFaults(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	other, err := audit.Open(w.store, nil)
	require.NoError(t, err)
	for name, o := range map[string]*Options{
		"nil":               nil,
		"no log":            {Consents: w.consents},
		"log and unaudited": {Consents: w.consents, Log: other, Unaudited: true},
		"no consents":       {Log: other},
		"found":             {Log: other, Consents: w.consents, Found: -1},
	} {
		_, err := Open(ctx, w.profiles, shopPolicy(), o)
		require.ErrorIs(t, err, ErrPolicy, name)
	}
	_, err = Open(ctx, nil, shopPolicy(), &Options{Log: other})
	require.ErrorIs(t, err, ErrPolicy)
	_, err = Open(ctx, w.profiles, nil, &Options{Log: other})
	require.ErrorIs(t, err, ErrPolicy)
	for _, purpose := range []string{"mail", "old", "offer"} { // with channels, retired, not there
		p := shopPolicy()
		p.Purposes[1].Consent = purpose
		_, err = Open(ctx, w.profiles, p, &Options{Log: other, Consents: w.consents})
		require.ErrorIs(t, err, ErrPolicy, purpose)
	}
	_, err = Open(ctx, w.profiles, shopPolicy(), &Options{Consents: w.consents, Unaudited: true})
	require.NoError(t, err)

	// All faults at once.
	p := shopPolicy()
	p.Purposes[0].Basis = 0
	_, err = Open(ctx, w.profiles, p, &Options{Found: -1})
	for _, fault := range []string{"Options.Log is missing", "Options.Found", "Options.Consents is missing", "neither Consent nor Basis"} {
		require.Contains(t, err.Error(), fault)
	}
}

// The caller's policy is not kept.
func TestPolicyIsCopied(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, shopSchema())
	id := w.person(1)
	w.sync()
	p := shopPolicy()
	g := w.open(p)
	p.Roles[0].Grants[0].Show = Levels{Plain, Plain, Plain, Plain}
	p.Roles[2].Grants[0].Traits["phone"] = Plain
	p.Masks["phone"] = Hidden
	p.Roles[0].Grants[0].Find[0] = "illness"
	p.Purposes[1].Consent = ""
	schema := shopSchema() // which makes the gate look at its policy again
	schema.Traits[0].Label.EN = "Full name"
	_, err := w.profiles.Apply(ctx, noon, schema)
	require.NoError(t, err)
	v, err := g.View(ctx, noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	require.Equal(t, []string{"birthday", "favourite", "name", "phone"}, names(v, Masked, 0))
	phone, err := v.Field("phone")
	require.NoError(t, err)
	masked, err := phone.Masked()
	require.NoError(t, err)
	require.Equal(t, "+86139****5670", masked.Text)
	_, err = g.Find(ctx, noon, agent, "illness", customer.TextValue("x"))
	require.ErrorIs(t, err, ErrDenied)
	v, err = g.View(ctx, noon, marketer, id, profile.Moment{})
	require.NoError(t, err)
	require.Contains(t, names(v, Denied, NoConsent), "phone")
	w.agree(atomOf(10), "1", noon, consent.Granted)
	v, err = g.View(ctx, noon, marketer, id, profile.Moment{})
	require.NoError(t, err)
	require.Equal(t, []string{"phone"}, names(v, Masked, 0))
}

func TestNames(t *testing.T) {
	enumtest.Names[Show](t, 0, showNames, showNamesZH)
	enumtest.Names[Mask](t, 0, maskNames, maskNamesZH)
	enumtest.Names[Reason](t, 0, reasonNames, reasonNamesZH)
	enumtest.Names[Format](t, 0, formatNames, nil)
	enumtest.Names[ExportState](t, 0, stateNames, stateNamesZH)
}
