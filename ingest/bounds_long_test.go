//go:build long

package ingest_test

import "testing"

func TestMemoryIsConstantLong(t *testing.T) { requireConstantMemory(t, 50<<20, 500<<20) }

func TestLongLineOfAGigabyte(t *testing.T) { requireLongLine(t, 1<<30) }
