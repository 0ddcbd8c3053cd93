package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/clientele-go/clientele/store/sqlstore"
)

// synced is off, but for a long soak, which measures.
func synced() string {
	if *soakSpan >= time.Minute {
		return "on"
	}
	return "off"
}

var postgres = &engine{
	name:       "postgres",
	driver:     "pgx",
	dialect:    sqlstore.PostgreSQL,
	user:       "postgres",
	stopSignal: os.Interrupt,
	addrEnv:    "CLIENTELE_INTEGRATION_POSTGRES",
	programs: func() (map[string]string, error) {
		found := map[string]string{}
		for _, name := range []string{"initdb", "postgres"} {
			path, err := exec.LookPath(name)
			if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(all) > 0 {
				path, err = all[len(all)-1], nil
			}
			if err != nil {
				return nil, fmt.Errorf("PostgreSQL is not installed (package postgresql): %w", err)
			}
			found[name] = path
		}
		return found, nil
	},
	initial: func(programs map[string]string, folder string) []string {
		return []string{programs["initdb"], "-D", filepath.Join(folder, "data"), "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8", "-N"}
	},
	serve: func(programs map[string]string, folder string, port int) []string {
		return []string{
			programs["postgres"], "-D", filepath.Join(folder, "data"), "-p", strconv.Itoa(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200",
			"-c", "fsync=" + synced(), // here processes die, not machines: what was written stays
		}
	},
	source: func(addr string) string { return "postgres://postgres@" + addr + "/postgres?sslmode=disable" },
}
