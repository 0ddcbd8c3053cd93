package normalize_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/internal/hostiletest"
)

func TestHostile(t *testing.T) {
	// all normalizes a text and makes sure that what comes out is canonical.
	all := func(n normalize.Normalizer, text string) ([]normalize.Value, error) {
		values, err := n.All(text)
		for _, v := range values {
			again, err := n.One(v.Text)
			if err == nil && v.Extension == "" && again.Text != v.Text {
				return nil, errors.New("normalize_test: not canonical")
			}
		}
		return values, err
	}
	made := func(n normalize.Normalizer, err error) error {
		if err != nil {
			return err
		}
		for _, text := range hostiletest.Hostile {
			_, _ = all(n, text)
		}
		return nil
	}
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	require.NoError(t, err)

	hostiletest.Run(t, hostiletest.Table{
		"Email": {
			Call: func(o *normalize.EmailOptions) error { return made(normalize.Email(o)) }, Names: "options",
			Args: func() []any {
				return []any{&normalize.EmailOptions{Disposable: []string{"mail.test"}, Junk: []string{"none"}}}
			},
		},
		"ID": {
			Call: func(o *normalize.IDOptions) error { return made(normalize.ID(o)) }, Names: "options",
			Args: func() []any {
				return []any{&normalize.IDOptions{Kind: "member", Min: 2, Max: 20, Pattern: "^[A-Z0-9]+$", Scope: "shop", Strip: "-", Width: 8, Junk: []string{"none"}}}
			},
			Expect: map[string]any{"options.Pattern bytes": "normalize: ", "options.Min min": "normalize: ", "options.Case max": "normalize: "},
		},
		"Name": {
			Call: func(o *normalize.NameOptions) error { return made(normalize.Name(o), nil) }, Names: "options",
			Args: func() []any {
				return []any{&normalize.NameOptions{Junk: []string{"none"}, Samples: true, StripTitles: true}}
			},
		},
		"Phone": {
			Call: func(o *normalize.PhoneOptions) error { return made(normalize.Phone(o)) }, Names: "options",
			Args: func() []any {
				return []any{&normalize.PhoneOptions{Region: "CN", AreaCode: "027", Junk: []string{"13800000000"}}}
			},
		},
		"OpenID":  {Call: func(scope string) error { return made(normalize.OpenID(scope)) }, Names: "scope", Args: func() []any { return []any{"wx1234567890abcdef"} }, Expect: map[string]any{"scope empty": hostiletest.OK, "scope number": "normalize: "}},
		"UnionID": {Call: func(scope string) error { return made(normalize.UnionID(scope)) }, Names: "scope", Args: func() []any { return []any{"shop"} }, Expect: map[string]any{"scope empty": "normalize: "}},
		"ResidentID": {
			Call: func(at time.Time, text string) ([]normalize.Value, error) { return all(normalize.ResidentID(at), text) }, Names: "at text",
			Args:   func() []any { return []any{time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), "110105198511032733"} },
			Expect: map[string]any{"text": "normalize: "},
		},
		"FamilyName": {Call: normalize.FamilyName, Names: "name", Args: func() []any { return []any{"欧阳娜娜"} }},
		"Normalizer.All": {
			Call: func(text string) ([]normalize.Value, error) {
				_ = normalize.Normalizer.All
				return all(phone, text)
			},
			Names: "text", Args: func() []any { return []any{"13951827364、+86 139-5182-7365"} },
			Expect: map[string]any{"text empty": "normalize: ", "text bytes": "normalize: ", "text long": "normalize: ", "text control": "normalize: "},
		},
		"Normalizer.One": {
			Call: func(text string) ([]string, error) {
				var list []string
				mail, err := normalize.Email(nil)
				if err != nil {
					return nil, err
				}
				for _, n := range []normalize.Normalizer{
					mail, phone, normalize.Name(nil), normalize.IMEI(), normalize.OAID(), normalize.AndroidID(), normalize.UUID(), normalize.CreditCode(),
				} {
					v, err := normalize.Normalizer.One(n, text)
					list = append(list, v.Text)
					if refusals := normalize.Refusals(err); err != nil && len(refusals) == 0 {
						return nil, err
					}
				}
				return list, nil
			},
			Names: "text", Args: func() []any { return []any{"a@example.com"} }, Expect: map[string]any{"text": hostiletest.OK},
		},
		"ReasonOf":             {Call: normalize.ReasonOf, Names: "err", Args: func() []any { return []any{errors.New("normalize_test: other")} }},
		"Refusals":             {Call: normalize.Refusals, Names: "err", Args: func() []any { return []any{errors.New("normalize_test: other")} }},
		"Case.UnmarshalText":   hostiletest.Name((*normalize.Case).UnmarshalText, "upper"),
		"Reason.UnmarshalText": hostiletest.Name((*normalize.Reason).UnmarshalText, normalize.ReasonOf(refused(phone)).String()),
	})
}

func refused(n normalize.Normalizer) error {
	_, err := n.One("x")
	return err
}
