package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/clientele-go/clientele/store"
)

func Example() {
	ctx := context.Background()
	// A service has sql.Open("pgx", "postgres://...") here, with a driver it imports.
	db := sql.OpenDB(newFakeServer())
	defer db.Close()
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)

	s, err := Open(ctx, db, PostgreSQL, &Options{Prefix: "crm"}) // crm_entries and crm_meta
	if err != nil {
		panic(err)
	}
	defer s.Close()

	key := []byte("visits/ada")
	for range 2 {
		_, err := store.Update(ctx, s, nil, func(ctx context.Context) (*store.Batch, error) {
			found, err := s.Get(ctx, key)
			if err != nil {
				return nil, err
			}
			var b store.Batch
			b.Put(key, append(found[0].Value, '|'))
			b.If(key, found[0].Version) // nobody has written it since
			return &b, nil
		})
		if err != nil {
			panic(err)
		}
	}
	found, err := s.Get(ctx, key)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", found[0].Value)
	// Output:
	// ||
}
