package integration

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

func TestMain(m *testing.M) {
	if post := os.Getenv(soakEnv); post != "" {
		if err := soak(post); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if name := os.Getenv(workerEnv); name != "" {
		if err := work(name, os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	if errand := os.Getenv(identityEnv); errand != "" {
		if err := runErrand(errand); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if duty := os.Getenv(sagaEnv); duty != "" {
		if err := runDuty(duty); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	for _, e := range engines {
		if e.shared != nil {
			e.shared.remove()
		}
	}
	os.Exit(code)
}

func TestPostgreSQL(t *testing.T) { postgres.suite(t) }

func TestMariaDB(t *testing.T) { mariadb.suite(t) }

// suite checks the engine against all rules of the contract, beside the other suites. A process executed by
// one of them finds the server's address in the environment.
func (e *engine) suite(t *testing.T) {
	t.Parallel()
	addr := e.address(t)
	storetest.Run(t, func(ctx context.Context, dir string) (store.Store, error) {
		return e.open(ctx, addr, dir, 16)
	})
}
