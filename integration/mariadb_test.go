package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"github.com/clientele-go/clientele/store/sqlstore"
)

func init() { _ = mysql.SetLogger(&mysql.NopLogger{}) } // tests cut connections on purpose

var mariadb = &engine{
	name:       "mariadb",
	driver:     "mysql",
	dialect:    sqlstore.MySQL,
	user:       "mysql",
	stopSignal: syscall.SIGTERM,
	addrEnv:    "CLIENTELE_INTEGRATION_MARIADB",
	programs: func() (map[string]string, error) {
		found := map[string]string{}
		for _, name := range []string{"mariadb-install-db", "mariadbd"} {
			path, err := exec.LookPath(name)
			if err != nil {
				path, err = exec.LookPath("/usr/sbin/" + name)
			}
			if err != nil {
				return nil, fmt.Errorf("MariaDB is not installed (package mariadb-server): %w", err)
			}
			found[name] = path
		}
		return found, nil
	},
	initial: func(programs map[string]string, folder string) []string {
		return []string{
			programs["mariadb-install-db"], "--no-defaults", "--datadir=" + filepath.Join(folder, "data"),
			"--auth-root-authentication-method=normal", "--skip-test-db",
		}
	},
	serve: func(programs map[string]string, folder string, port int) []string {
		return []string{
			programs["mariadbd"], "--no-defaults", "--datadir=" + filepath.Join(folder, "data"), "--port=" + strconv.Itoa(port),
			"--bind-address=127.0.0.1", "--socket=" + filepath.Join(folder, "s"), "--pid-file=" + filepath.Join(folder, "pid"),
			"--max-connections=200",
			"--innodb-flush-log-at-trx-commit=2", // here processes die, not machines: what was written stays
		}
	},
	source: func(addr string) string { return "root@tcp(" + addr + ")/mysql?interpolateParams=true" },
}
