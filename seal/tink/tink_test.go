package tink_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"
	tinkgo "github.com/tink-crypto/tink-go/v2/tink"

	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/seal/tink"
)

// primitive is what a keyset encrypts with.
func primitive(t testing.TB, keys *keyset.Handle) tinkgo.AEAD {
	a, err := aead.New(keys)
	require.NoError(t, err)
	return a
}

// generated is a keyset of one new key.
func generated(t testing.TB, template *tinkpb.KeyTemplate) tinkgo.AEAD {
	keys, err := keyset.NewHandle(template)
	require.NoError(t, err)
	return primitive(t, keys)
}

// service is a key of a key management service.
func service(t testing.TB) tinkgo.AEADWithContext {
	uri, err := fakekms.NewKeyURI()
	require.NoError(t, err)
	a, err := fakekms.NewAEADWithContext(uri)
	require.NoError(t, err)
	return a
}

// calls is an AEAD made of two functions.
type calls struct {
	encrypt, decrypt func(ctx context.Context, in, associated []byte) ([]byte, error)
}

func (c calls) EncryptWithContext(ctx context.Context, plain, associated []byte) ([]byte, error) {
	return c.encrypt(ctx, plain, associated)
}

func (c calls) DecryptWithContext(ctx context.Context, encrypted, associated []byte) ([]byte, error) {
	return c.decrypt(ctx, encrypted, associated)
}

// deaf is a service that ignores associated data.
func deaf(t testing.TB) tinkgo.AEADWithContext {
	a := service(t)
	return calls{
		func(ctx context.Context, plain, _ []byte) ([]byte, error) {
			return a.EncryptWithContext(ctx, plain, nil)
		},
		func(ctx context.Context, encrypted, _ []byte) ([]byte, error) {
			return a.DecryptWithContext(ctx, encrypted, nil)
		},
	}
}

// each runs a test with keysets of the kinds that Tink has, and with services.
func each(t *testing.T, test func(t *testing.T, w seal.Wrapper)) {
	for _, keys := range []struct {
		name     string
		template *tinkpb.KeyTemplate
	}{
		{"AES-GCM", aead.AES256GCMKeyTemplate()},
		{"AES-GCM without prefix", aead.AES256GCMNoPrefixKeyTemplate()},
		{"AES-GCM-SIV", aead.AES256GCMSIVKeyTemplate()},
		{"AES-CTR with HMAC", aead.AES256CTRHMACSHA256KeyTemplate()},
		{"XAES-GCM", aead.XAES256GCM192BitNonceKeyTemplate()},
		{"XChaCha20-Poly1305", aead.XChaCha20Poly1305KeyTemplate()},
	} {
		t.Run(keys.name, func(t *testing.T) { test(t, tink.New(generated(t, keys.template))) })
	}
	t.Run("service", func(t *testing.T) { test(t, tink.NewWithContext(service(t))) })
	t.Run("service that ignores associated data", func(t *testing.T) { test(t, tink.NewWithContext(deaf(t))) })
	t.Run("envelope", func(t *testing.T) {
		a, err := aead.NewKMSEnvelopeAEADWithContext(aead.AES256GCMKeyTemplate(), service(t))
		require.NoError(t, err)
		test(t, tink.NewWithContext(a))
	})
}

var (
	secret  = bytes.Repeat([]byte{0xA7}, seal.KeyBytes)
	binding = []byte("shop\x00atom 1")
)

// holdsNoKey fails where the text of an error shows the secret.
func holdsNoKey(t testing.TB, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, form := range []string{
		string(secret), hex.EncodeToString(secret), fmt.Sprintf("%X", secret), base64.StdEncoding.EncodeToString(secret[:30]),
		base64.URLEncoding.EncodeToString(secret[:30]), fmt.Sprint(secret), fmt.Sprintf("%q", secret),
	} {
		require.NotContains(t, text, form[1:len(form)-1])
	}
}

func TestWrappedKeyComesBackForItsBindingAlone(t *testing.T) {
	each(t, func(t *testing.T, w seal.Wrapper) {
		for _, bound := range [][]byte{nil, []byte("x"), binding, make([]byte, 5000)} {
			key := bytes.Clone(secret)
			wrapped, err := w.Wrap(t.Context(), key, bound)
			require.NoError(t, err)
			require.Equal(t, secret, key, "what is given is not changed")
			require.NotContains(t, string(wrapped), string(secret[:8]))
			again, err := w.Wrap(t.Context(), key, bound)
			require.NoError(t, err)
			require.NotEqual(t, wrapped, again)

			before := bytes.Clone(wrapped)
			got, err := w.Unwrap(t.Context(), wrapped, bound)
			require.NoError(t, err)
			require.Equal(t, secret, got)
			require.Equal(t, before, wrapped, "what is given is not changed")

			for _, other := range [][]byte{nil, []byte("y"), binding[:len(binding)-1], append(bytes.Clone(bound), 0)} {
				if bytes.Equal(other, bound) {
					continue
				}
				got, err := w.Unwrap(t.Context(), wrapped, other)
				require.ErrorContains(t, err, "tink: ")
				require.Nil(t, got)
				holdsNoKey(t, err)
			}
		}
	})
}

func TestChangedWrappedKeyDoesNotComeBack(t *testing.T) {
	each(t, func(t *testing.T, w seal.Wrapper) {
		wrapped, err := w.Wrap(t.Context(), secret, binding)
		require.NoError(t, err)
		refused := func(changed []byte) {
			key, err := w.Unwrap(t.Context(), changed, binding)
			require.ErrorContains(t, err, "tink: ")
			require.Nil(t, key)
			holdsNoKey(t, err)
		}
		for i := range wrapped {
			refused(wrapped[:i])
			changed := bytes.Clone(wrapped)
			changed[i] ^= 1 << (i % 8)
			refused(changed)
		}
		refused(nil)
		refused(append(bytes.Clone(wrapped), 0))
	})
}

// A service that does not check the binding is not believed.
func TestBindingHoldsWhereAssociatedDataIsIgnored(t *testing.T) {
	w := tink.NewWithContext(deaf(t))
	wrapped, err := w.Wrap(t.Context(), secret, binding)
	require.NoError(t, err)
	_, err = w.Unwrap(t.Context(), wrapped, []byte("shop\x00atom 2"))
	require.ErrorIs(t, err, seal.ErrOpen)
	holdsNoKey(t, err)

	for _, answer := range [][]byte{nil, secret, secret[:5]} { // not wrapped by this package
		w := tink.NewWithContext(calls{decrypt: func(context.Context, []byte, []byte) ([]byte, error) { return answer, nil }})
		_, err = w.Unwrap(t.Context(), wrapped, binding)
		require.ErrorIs(t, err, seal.ErrOpen)
		holdsNoKey(t, err)
	}
}

// What is stored is AES-GCM as the standard library has it, behind Tink's prefix of the
// byte 1 and the id of the key (developers.google.com/tink/wire-format).
func TestFormOfWrappedKeys(t *testing.T) {
	raw, id := bytes.Repeat([]byte{3}, 32), uint32(0x01020304)
	parameters, err := aesgcm.NewParameters(aesgcm.ParametersOpts{KeySizeInBytes: 32, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink})
	require.NoError(t, err)
	key, err := aesgcm.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), id, parameters)
	require.NoError(t, err)
	keys := keyset.NewManager()
	_, err = keys.AddKey(key)
	require.NoError(t, err)
	require.NoError(t, keys.SetPrimary(id))
	handle, err := keys.Handle()
	require.NoError(t, err)
	w := tink.New(primitive(t, handle))

	block, err := aes.NewCipher(raw)
	require.NoError(t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(t, err)
	bound := sha256.Sum256(binding)
	prefix, nonce := []byte{1, 1, 2, 3, 4}, bytes.Repeat([]byte{9}, 12)

	wrapped, err := w.Wrap(t.Context(), secret, binding)
	require.NoError(t, err)
	require.Equal(t, prefix, wrapped[:5])
	plain, err := gcm.Open(nil, wrapped[5:17], wrapped[17:], binding)
	require.NoError(t, err)
	require.Equal(t, append(bytes.Clone(secret), bound[:]...), plain)

	wrapped = gcm.Seal(append(prefix, nonce...), nonce, append(bytes.Clone(secret), bound[:]...), binding)
	got, err := w.Unwrap(t.Context(), wrapped, binding)
	require.NoError(t, err)
	require.Equal(t, secret, got)
}

// counted counts the calls of an AEAD without context, and does something in each.
type counted struct {
	tinkgo.AEAD
	calls int
	in    func()
}

func (c *counted) Encrypt(plain, associated []byte) ([]byte, error) {
	c.calls++
	c.in()
	return c.AEAD.Encrypt(plain, associated)
}

func (c *counted) Decrypt(encrypted, associated []byte) ([]byte, error) {
	c.calls++
	c.in()
	return c.AEAD.Decrypt(encrypted, associated)
}

func TestContextEndedBefore(t *testing.T) {
	plain := &counted{AEAD: generated(t, aead.AES256GCMKeyTemplate()), in: func() {}}
	calledWithContext := 0
	count := func(context.Context, []byte, []byte) ([]byte, error) { calledWithContext++; return nil, nil }
	for name, w := range map[string]seal.Wrapper{
		"without": tink.New(plain), "with": tink.NewWithContext(calls{encrypt: count, decrypt: count}),
	} {
		t.Run(name, func(t *testing.T) {
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := w.Wrap(cancelled, secret, binding)
			require.ErrorIs(t, err, context.Canceled)
			holdsNoKey(t, err)
			late, cancel := context.WithTimeout(t.Context(), 0)
			defer cancel()
			_, err = w.Unwrap(late, []byte("wrapped"), binding)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
	require.Zero(t, plain.calls)
	require.Zero(t, calledWithContext)
}

func TestContextEndedDuring(t *testing.T) {
	t.Run("with", func(t *testing.T) {
		for name, use := range map[string]func(w seal.Wrapper, ctx context.Context) ([]byte, error){
			"wrap":   func(w seal.Wrapper, ctx context.Context) ([]byte, error) { return w.Wrap(ctx, secret, binding) },
			"unwrap": func(w seal.Wrapper, ctx context.Context) ([]byte, error) { return w.Unwrap(ctx, nil, binding) },
		} {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				called := false
				call := func(ctx context.Context, _, _ []byte) ([]byte, error) {
					called = true
					cancel()
					<-ctx.Done()
					return nil, errors.New("rpc error: code = Canceled") // clients have codes of their own for it
				}
				_, err := use(tink.NewWithContext(calls{encrypt: call, decrypt: call}), ctx)
				require.True(t, called)
				require.ErrorIs(t, err, context.Canceled)
			})
		}
	})
	t.Run("without", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := tink.New(&counted{AEAD: generated(t, aead.AES256GCMKeyTemplate()), in: cancel})
		wrapped, err := w.Wrap(ctx, secret, binding)
		require.NoError(t, err, "the call under way is finished")
		_, err = w.Unwrap(ctx, wrapped, binding)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// both is an AEAD of either kind, as the clients of services are.
type both struct {
	tinkgo.AEAD
	tinkgo.AEADWithContext
}

func TestNewPassesTheContextOnWhereItCan(t *testing.T) {
	type mark struct{}
	marked := context.WithValue(t.Context(), mark{}, true)
	seen := 0
	see := func(ctx context.Context, _, _ []byte) ([]byte, error) {
		if ctx.Value(mark{}) == true {
			seen++
		}
		return []byte("answer"), nil
	}
	w := tink.New(both{AEADWithContext: calls{encrypt: see, decrypt: see}}) // without context it would panic
	_, err := w.Wrap(marked, secret, binding)
	require.NoError(t, err)
	_, err = w.Unwrap(marked, nil, binding)
	require.ErrorIs(t, err, seal.ErrOpen)
	require.Equal(t, 2, seen)
}

// A vault takes the absence of a wrapped key for its destruction.
func TestEmptyAnswerIsNoWrappedKey(t *testing.T) {
	for _, answer := range [][]byte{nil, {}} {
		w := tink.NewWithContext(calls{encrypt: func(context.Context, []byte, []byte) ([]byte, error) { return answer, nil }})
		_, err := w.Wrap(t.Context(), secret, binding)
		require.EqualError(t, err, "tink: the key was encrypted to nothing")
	}
}

func TestErrorOfTheServiceIsKept(t *testing.T) {
	denied := errors.New("permission denied")
	deny := func(context.Context, []byte, []byte) ([]byte, error) { return nil, denied }
	w := tink.NewWithContext(calls{encrypt: deny, decrypt: deny})
	_, err := w.Wrap(t.Context(), secret, binding)
	require.ErrorIs(t, err, denied)
	require.EqualError(t, err, "tink: permission denied")
	_, err = w.Unwrap(t.Context(), secret, binding)
	require.ErrorIs(t, err, denied)
	require.NotErrorIs(t, err, seal.ErrOpen, "the key may well be whole")
}

func BenchmarkWrapper(b *testing.B) {
	w := tink.New(generated(b, aead.AES256GCMKeyTemplate()))
	wrapped, err := w.Wrap(b.Context(), secret, binding)
	require.NoError(b, err)
	b.Run("wrap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.Wrap(b.Context(), secret, binding); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unwrap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := w.Unwrap(b.Context(), wrapped, binding); err != nil {
				b.Fatal(err)
			}
		}
	})
}
