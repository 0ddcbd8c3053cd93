//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// best is the best form this processor has. Of AVX-512 it takes what Ice Lake
// and Zen 4 were the first to have.
var best = func() form {
	x := &cpu.X86
	switch {
	case !x.HasAVX2:
		return formGo
	case x.HasPOPCNT && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VPOPCNTDQ && x.HasAVX512VBMI2:
		return formAVX512
	}
	return formAVX2
}()
