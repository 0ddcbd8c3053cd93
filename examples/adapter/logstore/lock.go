//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package logstore

import (
	"fmt"
	"os"
	"syscall"

	"github.com/clientele-go/clientele/store"
)

// lock keeps others from the file until it is closed, also by the end of the process.
func lock(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%w: another has it open: %w", store.ErrUnavailable, err)
	}
	return nil
}
