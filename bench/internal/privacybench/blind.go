package privacybench

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	prf "github.com/tink-crypto/tink-go/v2/prf/subtle"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/seal"
)

const (
	blindKind  = "profile/phone"
	blindBytes = 16
)

// blind computes the blind indexes of many values.
func (u *suite) blind(ctx context.Context) error {
	n := u.options.Values
	name := fmt.Sprintf("privacy: blind index of %d values", n)
	if !u.session.Wants(name) {
		return nil
	}
	index, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: secret(1)})
	if err != nil {
		return err
	}
	derived, err := hkdf.Key(sha256.New, secret(1), nil, "clientele blind index\x00"+blindKind, seal.KeyBytes)
	if err != nil {
		return err
	}
	tinks, err := prf.NewHMACPRF("SHA256", derived)
	if err != nil {
		return err
	}
	texts, raw := make([]string, n), make([][]byte, n)
	for i, all := 0, values(n); i < n; i++ {
		raw[i] = all[i*valueBytes : (i+1)*valueBytes]
		texts[i] = string(raw[i])
	}
	again := hmac.New(sha256.New, derived)
	var best time.Duration
	found := make([]byte, 0, n*blindBytes)
	task := &harness.Task[[32]byte]{Name: name, Compare: equal[[32]byte], Targets: []harness.Target{{Peer: tinkName, Ratio: 1}}}
	for i, p := range []struct {
		name, version string
		all           func() error
	}{
		{libraryName, "", func() error {
			for _, text := range texts {
				found = append(found, index.Blind(blindKind, text)[4:]...)
			}
			return nil
		}},
		{tinkName, tinkVersion, func() error {
			for _, value := range raw {
				sum, err := tinks.ComputePRF(value, blindBytes)
				if err != nil {
					return err
				}
				found = append(found, sum...)
			}
			return nil
		}},
		{standardName + ", new HMAC", "", func() error {
			for _, value := range raw {
				h := hmac.New(sha256.New, derived)
				h.Write(value)
				found = append(found, h.Sum(nil)[:blindBytes]...)
			}
			return nil
		}},
		{standardName, "", func() error {
			for _, value := range raw {
				again.Reset()
				again.Write(value)
				found = again.Sum(found)[:len(found)+blindBytes]
			}
			return nil
		}},
	} {
		took := new(time.Duration)
		if i == 0 {
			took = &best
		}
		task.Peers = append(task.Peers, &way[[32]byte]{version: p.version, Way: harness.Way[[32]byte]{
			Label: p.name,
			Do: func(context.Context) (harness.Cost, error) {
				found = found[:0]
				return least(took, func() (harness.Cost, error) { return harness.Clock(p.all) })
			},
			Result: func() ([32]byte, error) { return sha256.Sum256(found), nil },
		}})
	}
	if err := harness.Measure(ctx, u.session, task); err != nil {
		return err
	}
	return u.figure("A blind index", best, n, time.Microsecond, 0.4)
}
