//go:build !purego

package simd

import "golang.org/x/sys/cpu"

// Best is the best form this processor has.
var Best = func() Form {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2 || !x.HasPOPCNT:
		return Go
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VPOPCNTDQ && x.HasAVX512VBMI2:
		return AVX512
	}
	return AVX2
}()
