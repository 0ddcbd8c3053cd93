package sqlstore_test

import (
	"testing"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlstore"
)

func TestHostile(t *testing.T) {
	hostiletest.Run(t, hostiletest.Table{
		"Dialect.UnmarshalText": hostiletest.Name((*sqlstore.Dialect).UnmarshalText, "SQLite"),
		"Options.Validate": {
			Call: (*sqlstore.Options).Validate, Names: "options", Args: func() []any { return []any{&sqlstore.Options{}} },
			Expect: map[string]any{"options nil": hostiletest.OK, "options.Prefix bytes": store.ErrInvalid, "options.Prefix long": store.ErrInvalid},
		},
	})
}

const needsDatabase = "it needs a database: store/sqlite and integration try it, by storetest"

var _ = hostiletest.Exceptions{
	"Open":              needsDatabase,
	"Store.Commit":      needsDatabase,
	"Store.DeleteRange": needsDatabase,
	"Store.Get":         needsDatabase,
	"Store.Scan":        needsDatabase,
}
