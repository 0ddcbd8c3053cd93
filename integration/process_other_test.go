//go:build !linux

package integration

import "syscall"

func attributes(int, int, bool) *syscall.SysProcAttr { return nil }
