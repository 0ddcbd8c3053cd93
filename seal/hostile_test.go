package seal_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func hostileVault() (*seal.Vault, *seal.Key) {
	ctx := context.Background()
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes))
	if err != nil {
		panic(err)
	}
	s := new(store.Memory)
	vault, err := seal.NewVault(s, wrapper, &seal.Options{Tenant: "shop"})
	if err != nil {
		panic(err)
	}
	var b store.Batch
	key, err := vault.Create(ctx, &b, customer.AtomID{1})
	if err != nil {
		panic(err)
	}
	if _, err := s.Commit(ctx, &b); err != nil {
		panic(err)
	}
	return vault, key
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	vault, key := hostileVault()
	local, err := seal.NewLocal(bytes.Repeat([]byte{1}, seal.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := local.Wrap(ctx, bytes.Repeat([]byte{2}, seal.KeyBytes), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := key.Seal(nil, []byte("+8613951827364"), "phone", 1)
	index := func() *seal.Index {
		x, err := seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{3}, seal.KeyBytes)})
		if err != nil {
			panic(err)
		}
		return x
	}
	const used = "vault"

	hostiletest.Run(t, hostiletest.Table{
		"NewLocal": {
			Call: func(keys [][]byte) error {
				_, err := seal.NewLocal(keys...)
				return err
			},
			Names: "keys", Args: func() []any {
				return []any{[][]byte{bytes.Repeat([]byte{1}, seal.KeyBytes), bytes.Repeat([]byte{2}, seal.KeyBytes)}}
			},
			Expect: map[string]any{"keys nil": "seal: ", "keys[1] nil": "seal: ", "keys[1] torn": "seal: ", "keys[1] doubled": "seal: "},
		},
		"NewIndex": {
			Call: func(keys []seal.IndexKey) error {
				_, err := seal.NewIndex(keys...)
				return err
			},
			Names: "keys", Args: func() []any {
				return []any{[]seal.IndexKey{{Version: 1, Key: bytes.Repeat([]byte{3}, seal.KeyBytes)}, {Version: 2, Key: bytes.Repeat([]byte{4}, seal.KeyBytes)}}}
			},
			Expect: map[string]any{"keys nil": "seal: ", "keys twice": "seal: ", "keys[1].Key nil": "seal: ", "keys[1].Key torn": "seal: "},
		},
		"NewVault": {
			Call: func(o *seal.Options) error {
				_, err := seal.NewVault(new(store.Memory), local, o)
				return err
			},
			Names: "options", Args: func() []any { return []any{&seal.Options{Tenant: "shop", Cache: 5, Prefix: []byte("k/")}} },
		},
		"Index.All":   {Call: func(kind, text string) [][]byte { return (*seal.Index).All(index(), kind, text) }, Names: "kind text", Args: func() []any { return []any{"phone", "1"} }},
		"Index.Blind": {Call: func(kind, text string) []byte { return (*seal.Index).Blind(index(), kind, text) }, Names: "kind text", Args: func() []any { return []any{"phone", "1"} }},
		"Key.Commitment": {
			Call: func(data []byte, field string) int { return len((*seal.Key).Commitment(key, data, field)) }, Names: "data field", Args: func() []any { return []any{[]byte("x"), "phone"} },
		},
		"Key.Seal": {
			Call: func(dst, plain []byte, field string, version uint64) (int, error) {
				s := (*seal.Key).Seal(key, dst, plain, field, version)
				opened, err := key.Open(nil, s[len(dst):], field, version)
				if err == nil && !bytes.Equal(opened, plain) {
					panic("it is not what was sealed")
				}
				return len(s), err
			},
			Names: "dst plain field version", Args: func() []any { return []any{[]byte("d"), []byte("x"), "phone", uint64(1)} }, Writes: "dst",
			Expect: map[string]any{"plain": hostiletest.OK, "field": hostiletest.OK, "version": hostiletest.OK},
		},
		"Key.Open": {
			Call: func(dst, sealed []byte, field string, version uint64) (int, error) {
				plain, err := (*seal.Key).Open(key, dst, sealed, field, version)
				return len(plain), err
			},
			Names: "dst sealed field version", Args: func() []any { return []any{[]byte("d"), bytes.Clone(sealed), "phone", uint64(1)} }, Writes: "dst",
			Expect: map[string]any{"sealed": seal.ErrOpen, "field": seal.ErrOpen, "version": seal.ErrOpen},
		},
		"Local.Wrap": {
			Call: func(ctx context.Context, key, binding []byte) (int, error) {
				w, err := (*seal.Local).Wrap(local, ctx, key, binding)
				return len(w), err
			},
			Names: "ctx key binding", Args: func() []any { return []any{ctx, bytes.Repeat([]byte{2}, seal.KeyBytes), []byte("a")} },
			Expect: map[string]any{"context": hostiletest.OK},
		},
		"Local.Unwrap": {
			Call: func(ctx context.Context, wrapped, binding []byte) ([]byte, error) {
				return (*seal.Local).Unwrap(local, ctx, wrapped, binding)
			},
			Names: "ctx wrapped binding", Args: func() []any { return []any{ctx, bytes.Clone(wrapped), []byte("a")} },
			Expect: map[string]any{"wrapped": "seal: ", "binding": "seal: ", "context": hostiletest.OK},
		},
		"Vault.Create": {
			Call: func(ctx context.Context, atom customer.AtomID) (int, error) {
				v, _ := hostileVault()
				var b store.Batch
				_, err := (*seal.Vault).Create(v, ctx, &b, atom)
				return len(b.Writes), err
			},
			Names: "ctx atom", Args: func() []any { return []any{ctx, customer.AtomID{2}} }, Expect: map[string]any{"context": hostiletest.OK},
		},
		"Vault.Key":  {Call: (*seal.Vault).Key, Names: "vault ctx atom", Args: func() []any { return []any{vault, ctx, customer.AtomID{1}} }, Writes: used, Expect: map[string]any{"atom zero": seal.ErrNoKey}},
		"Vault.Keys": {Call: (*seal.Vault).Keys, Names: "vault ctx atoms", Args: func() []any { return []any{vault, ctx, []customer.AtomID{{1}, {2}}} }, Writes: used, Expect: map[string]any{"atoms nil": hostiletest.OK, "atoms huge": hostiletest.OK}},
		"Vault.Destroy": {
			Call: func(atoms []customer.AtomID) int {
				var b store.Batch
				(*seal.Vault).Destroy(vault, &b, atoms...)
				return len(b.Writes)
			},
			Names: "atoms", Args: func() []any { return []any{[]customer.AtomID{{1}, {2}}} },
		},
		"Vault.Forget": {
			Call: func(atoms []customer.AtomID) {
				v, _ := hostileVault()
				(*seal.Vault).Forget(v, atoms...)
			},
			Names: "atoms", Args: func() []any { return []any{[]customer.AtomID{{1}, {2}}} },
		},
		"Vault.Rewrap": {
			Call: func(ctx context.Context) error {
				v, _ := hostileVault()
				return (*seal.Vault).Rewrap(v, ctx, nil)
			},
			Names: "ctx", Args: func() []any { return []any{ctx} },
		},
	})
}
