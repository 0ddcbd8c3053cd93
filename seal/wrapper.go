package seal

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
)

// A Wrapper encrypts keys under a key that lies elsewhere: in a key management
// service, a hardware module, or a file of its own. binding is what the wrapped
// key is bound to: Unwrap fails with another. Implementations are safe for
// concurrent use. An error ends the call that needed the key; it must not hold
// key material.
type Wrapper interface {
	// Wrap returns key encrypted, with all that Unwrap needs beside its own key.
	Wrap(ctx context.Context, key, binding []byte) (wrapped []byte, err error)
	// Unwrap returns what Wrap was given, or an error where wrapped was changed
	// or the binding is another.
	Unwrap(ctx context.Context, wrapped, binding []byte) (key []byte, err error)
}

// Local is a [Wrapper] whose keys are in the memory of the process: for services
// that get their key from the environment. It wraps by AES-256-GCM. Safe for
// concurrent use.
type Local struct {
	current wrappingKey
	all     map[[keyNameBytes]byte]wrappingKey
}

// keyNameBytes is the length of the name of a wrapping key in what it wrapped.
const keyNameBytes = 4

type wrappingKey struct {
	name [keyNameBytes]byte
	aead cipher.AEAD
}

// NewLocal returns a wrapper with the given keys, each of KeyBytes random bytes,
// which are not kept. The first wraps; all unwrap, so that keys can be replaced
// without a pause: start all processes with old and new, then with new first, then
// call [Vault.Rewrap], then drop the old.
func NewLocal(keys ...[]byte) (*Local, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: a local wrapper without a key")
	}
	l := &Local{all: map[[keyNameBytes]byte]wrappingKey{}}
	for i, raw := range keys {
		aead, err := newAEAD(raw)
		if err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", i, err)
		}
		k := wrappingKey{aead: aead}
		sum := sha256.Sum256(append([]byte("clientele key name\x00"), raw...))
		copy(k.name[:], sum[:])
		if _, ok := l.all[k.name]; ok {
			return nil, fmt.Errorf("seal: key %d: given twice", i)
		}
		l.all[k.name] = k
		if i == 0 {
			l.current = k
		}
	}
	return l, nil
}

// Wrap implements [Wrapper].
func (l *Local) Wrap(_ context.Context, key, binding []byte) ([]byte, error) {
	return l.current.aead.Seal(l.current.name[:], nil, key, binding), nil
}

// Unwrap implements [Wrapper]. What was wrapped by a key that is not among those
// of l is ErrOpen.
func (l *Local) Unwrap(_ context.Context, wrapped, binding []byte) ([]byte, error) {
	if len(wrapped) < keyNameBytes {
		return nil, fmt.Errorf("%w: wrapped key cut short", ErrOpen)
	}
	k, ok := l.all[[keyNameBytes]byte(wrapped)]
	if !ok {
		return nil, fmt.Errorf("%w: wrapped by a key that is not here", ErrOpen)
	}
	key, err := k.aead.Open(nil, nil, wrapped[keyNameBytes:], binding)
	if err != nil {
		return nil, ErrOpen
	}
	return key, nil
}
