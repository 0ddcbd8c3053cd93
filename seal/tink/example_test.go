package tink_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/testing/fakekms"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/seal/tink"
	"github.com/clientele-go/clientele/store"
)

// open returns the vault on s whose keys are wrapped by a keyset.
func open(s store.Store, keys *keyset.Manager) (*seal.Vault, error) {
	handle, err := keys.Handle() // in earnest: keyset.ReadWithContext
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	return seal.NewVault(s, tink.New(primitive), &seal.Options{Tenant: "shop"})
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func Example() {
	ctx := context.Background()
	keys := keyset.NewManager()
	first, err := keys.Add(aead.AES256GCMKeyTemplate())
	must(err)
	must(keys.SetPrimary(first))
	var s store.Memory
	vault, err := open(&s, keys)
	must(err)

	// A customer's phone number is sealed.
	atom := customer.AtomID{1}
	var b store.Batch
	key, err := vault.Create(ctx, &b, atom)
	must(err)
	b.Put([]byte("phone"), key.Seal(nil, []byte("+8613912345670"), "phone", 1))
	_, err = s.Commit(ctx, &b)
	must(err)

	// A second key comes into the keyset and takes over.
	second, err := keys.Add(aead.AES256GCMKeyTemplate())
	must(err)
	must(keys.SetPrimary(second))
	vault, err = open(&s, keys)
	must(err)
	must(vault.Rewrap(ctx, func(done, _ int64) { fmt.Println("wrapped anew:", done) }))

	// The first is not needed any more.
	must(keys.Delete(first))
	vault, err = open(&s, keys)
	must(err)
	key, err = vault.Key(ctx, atom)
	must(err)
	entries, err := s.Get(ctx, []byte("phone"))
	must(err)
	phone, err := key.Open(nil, entries[0].Value, "phone", 1)
	fmt.Println(string(phone), err)
	// Output:
	// wrapped anew: 1
	// +8613912345670 <nil>
}

// A keyset lies encrypted by a key of a key management service, which is asked once.
func ExampleNew() {
	ctx := context.Background()
	uri, err := fakekms.NewKeyURI() // in earnest: a key of AWS, Google or HashiCorp
	must(err)
	service, err := fakekms.NewAEADWithContext(uri)
	must(err)

	// Once: make the keyset and put it away.
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	must(err)
	var file bytes.Buffer
	must(handle.WriteWithContext(ctx, keyset.NewBinaryWriter(&file), service, []byte("shop")))

	// In each process: read it.
	handle, err = keyset.ReadWithContext(ctx, keyset.NewBinaryReader(&file), service, []byte("shop"))
	must(err)
	primitive, err := aead.New(handle)
	must(err)
	wrapper := tink.New(primitive)

	wrapped, err := wrapper.Wrap(ctx, []byte("key of an atom"), []byte("atom 1"))
	must(err)
	key, err := wrapper.Unwrap(ctx, wrapped, []byte("atom 1"))
	fmt.Println(string(key), err)
	_, err = wrapper.Unwrap(ctx, wrapped, []byte("atom 2"))
	fmt.Println(err)
	// Output:
	// key of an atom <nil>
	// tink: aead_factory: decryption failed
}

// moving wraps by one wrapper and unwraps what the local one before it has wrapped, too.
type moving struct {
	seal.Wrapper
	before *seal.Local
}

func (m moving) Unwrap(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
	key, err := m.before.Unwrap(ctx, wrapped, binding)
	if errors.Is(err, seal.ErrOpen) {
		return m.Wrapper.Unwrap(ctx, wrapped, binding)
	}
	return key, err
}

// A vault moves from a local key to a key management service while it is in use.
func ExampleNewWithContext() {
	ctx := context.Background()
	local, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes))
	must(err)
	var s store.Memory
	vault, err := seal.NewVault(&s, local, nil)
	must(err)
	var b store.Batch
	_, err = vault.Create(ctx, &b, customer.AtomID{1})
	must(err)
	_, err = s.Commit(ctx, &b)
	must(err)

	uri, err := fakekms.NewKeyURI() // in earnest: a key of AWS or Google
	must(err)
	service, err := fakekms.NewAEADWithContext(uri)
	must(err)
	wrapper := tink.NewWithContext(service)
	vault, err = seal.NewVault(&s, moving{wrapper, local}, nil)
	must(err)
	must(vault.Rewrap(ctx, nil))

	// From now on the service alone will do.
	vault, err = seal.NewVault(&s, wrapper, nil)
	must(err)
	_, err = vault.Key(ctx, customer.AtomID{1})
	fmt.Println(err)
	// Output: <nil>
}
