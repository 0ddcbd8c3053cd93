// Package tink answers who holds the key that wraps the keys of atoms: Tink, from a
// keyset of its own or in a key management service.
//
//	primitive, err := aead.New(handle) // of a keyset that was read, decrypted, when the process started
//	...
//	vault, err := seal.NewVault(s, tink.New(primitive), nil)
//	...
//	key, err := vault.Create(ctx, &b, atom)
//
// The package example has it whole, with a rotation.
//
// [New] and [NewWithContext] make what Tink Go encrypts with the seal.Wrapper of a
// seal.Vault. There are two ways to use them.
//
//   - A keyset, itself encrypted by a key management service, which is asked once, when
//     the process starts: keyset.ReadWithContext, then aead.New, then [New]. Wrapping
//     costs microseconds. The keys of the keyset are in the memory of the process.
//   - A key that never leaves the service: the client that Tink has for it, then
//     [NewWithContext]. Each key of an atom that is not in the cache of the vault is a
//     call over the network; Vault.Keys makes 16 of them at once. The service can log and
//     refuse it.
//
// Neither needs the envelope encryption of Tink (KMSEnvelopeAEAD), which makes one more
// key for each value: the vault is the envelope.
//
// # Rotation
//
// Processes with different keysets may be in use at once, so a new key of a keyset takes
// several steps, each done once all processes have the one before: add the key; make it
// primary; call Vault.Rewrap; disable the old key, which can be taken back; delete it.
// A service that rotates its own key needs Vault.Rewrap alone, and that only where
// the old version of the key is to end.
//
// A keyset does not belong in the backups of the store: who has both opens what was sealed
// under keys of atoms that were destroyed since.
package tink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/clientele-go/clientele/seal"
)

// New returns a wrapper that encrypts by aead, as [NewWithContext] does. A context that
// has ended is its error, but a call under way is broken off only where aead is a
// tink.AEADWithContext as well, as those of the clients for AWS and Google are.
func New(aead tink.AEAD) seal.Wrapper {
	if a, ok := aead.(tink.AEADWithContext); ok {
		return wrapper{a}
	}
	return wrapper{withoutContext{aead}}
}

// NewWithContext returns a wrapper that encrypts by aead, which must not be nil, and is
// safe for concurrent use if aead is, as all of Tink are.
//
// The binding is the associated data. Its hash is encrypted along with the key as well,
// so that a binding holds also where a service ignores associated data, as HashiCorp
// Vault may with the client that hcvault.NewClient returns. Services may write
// associated data to their logs: from a seal.Vault, the tenant and the id of the atom.
//
// Errors are those of aead, wrapped, which must not hold what was encrypted (those of
// Tink and its clients do not); that of the context once it has ended; and seal.ErrOpen
// for a wrong binding that aead let pass. Tink does not tell a wrapped key that was
// changed, or wrapped by another, from other failures: those are not seal.ErrOpen.
// Cost: one call of aead.
func NewWithContext(aead tink.AEADWithContext) seal.Wrapper { return wrapper{aead} }

// wrapper implements seal.Wrapper. What it encrypts is the key and the SHA-256 of the
// binding.
type wrapper struct{ aead tink.AEADWithContext }

// Wrap implements seal.Wrapper.
func (w wrapper) Wrap(ctx context.Context, key, binding []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("tink: %w", err)
	}
	bound := sha256.Sum256(binding)
	wrapped, err := w.aead.EncryptWithContext(ctx, slices.Concat(key, bound[:]), binding)
	if err != nil {
		return nil, failure(ctx, err)
	}
	if len(wrapped) == 0 {
		return nil, errors.New("tink: the key was encrypted to nothing")
	}
	return wrapped, nil
}

// Unwrap implements seal.Wrapper.
func (w wrapper) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("tink: %w", err)
	}
	plain, err := w.aead.DecryptWithContext(ctx, wrapped, binding)
	if err != nil {
		return nil, failure(ctx, err)
	}
	bound := sha256.Sum256(binding)
	key, ok := bytes.CutSuffix(plain, bound[:])
	if !ok {
		return nil, fmt.Errorf("tink: %w: bound to something else", seal.ErrOpen)
	}
	return key, nil
}

// failure is the error of a call that failed with err. Clients have errors of their own
// for a context that has ended.
func failure(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	return fmt.Errorf("tink: %w", err)
}

// withoutContext is an AEAD whose calls can't be broken off.
type withoutContext struct{ tink.AEAD }

func (a withoutContext) EncryptWithContext(_ context.Context, plain, associated []byte) ([]byte, error) {
	return a.Encrypt(plain, associated)
}

func (a withoutContext) DecryptWithContext(_ context.Context, encrypted, associated []byte) ([]byte, error) {
	return a.Decrypt(encrypted, associated)
}
