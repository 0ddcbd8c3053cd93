package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

const (
	workerEnv = "CLIENTELE_INTEGRATION_WORKER" // name of the engine: work, and do not test
	dirEnv    = "CLIENTELE_INTEGRATION_DIR"
	accounts  = 6
	balance   = 1000
	transfers = 60 // of each goroutine
	workers   = 4  // goroutines of a process
)

// Transfers between accounts by two processes on one server keep the sum, and a
// counter that all of them add to has what they say they have done.
func TestProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, e *engine) {
		addr := e.address(t)
		dir := t.TempDir()
		s := e.storeAt(t, addr, dir, 2)
		batch := &store.Batch{}
		for i := range accounts {
			batch.Put(account(i), []byte(strconv.Itoa(balance)))
		}
		_, err := s.Commit(t.Context(), batch)
		require.NoError(t, err)

		program, err := os.Executable()
		require.NoError(t, err)
		var group sync.WaitGroup
		outputs, errs := make([]string, 2), make([]error, 2)
		for i := range 2 {
			group.Go(func() {
				cmd := exec.CommandContext(t.Context(), program, strconv.Itoa(i))
				cmd.Env = append(os.Environ(), workerEnv+"="+e.name, dirEnv+"="+dir)
				output, err := cmd.CombinedOutput()
				outputs[i], errs[i] = strings.TrimSpace(string(output)), err
			})
		}
		group.Wait()
		for i := range 2 {
			require.NoError(t, errs[i], outputs[i])
			require.Equal(t, "done", outputs[i])
		}
		sum := 0
		for i := range accounts {
			sum += number(t, s, string(account(i)))
		}
		require.Equal(t, accounts*balance, sum)
		require.Equal(t, 2*workers*transfers, number(t, s, "transfers"))
		require.Equal(t, workers*transfers, number(t, s, "transfers of 0"))
		require.Equal(t, workers*transfers, number(t, s, "transfers of 1"))
	})
}

func account(i int) []byte { return []byte("account/" + strconv.Itoa(i)) }

// work is what a process started by TestProcesses does.
func work(name, process string) error {
	for _, e := range engines {
		if e.name != name {
			continue
		}
		ctx := context.Background()
		s, err := e.open(ctx, os.Getenv(e.addrEnv), os.Getenv(dirEnv), workers)
		if err != nil {
			return err
		}
		defer s.Close()
		var group sync.WaitGroup
		errs := make(chan error, workers)
		for w := range workers {
			group.Go(func() {
				for i := range transfers {
					if _, err := store.Update(ctx, s, patient, func(ctx context.Context) (*store.Batch, error) {
						return added(ctx, s, map[string]int{
							string(account((w + i) % accounts)):       -1,
							string(account((w + i*5 + 1) % accounts)): 1,
							"transfers":               1,
							"transfers of " + process: 1,
						})
					}); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		group.Wait()
		close(errs)
		return <-errs
	}
	return fmt.Errorf("no engine %q", name)
}
