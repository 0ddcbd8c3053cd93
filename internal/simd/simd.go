// Package simd answers in which form operations run that are written in Go and in assembly.
//
// The assembly is for AVX2 and for AVX-512, chosen once at start by what the processor has.
// The build tag purego leaves it out. All forms of an operation give the same bits.
package simd

// A Form is a way operations are written. Safe for concurrent use.
type Form uint8

// The forms, each of which needs a better processor than the one before.
const (
	Go     Form = iota // without assembly
	AVX2               // with FMA and BMI2
	AVX512             // what Ice Lake and Zen 4 were the first to have; processors before them run slower for it
)

// InUse is the form that runs; it begins as Best. It is changed by tests and benchmarks alone,
// while nothing computes.
var InUse = Best

// String returns the name.
func (f Form) String() string { return [...]string{"go", "avx2", "avx512"}[f] }

// SetAssembly chooses the best form, or that in Go, and returns whether assembly was in use
// before. It is for tests and benchmarks: it must not be called while others compute.
func SetAssembly(on bool) (was bool) {
	was = InUse != Go
	InUse = Go
	if on {
		InUse = Best
	}
	return was
}

// All are the forms that this processor and build have.
func All() []Form { return []Form{Go, AVX2, AVX512}[:Best+1] }

// TB is what [Each] needs of a *testing.T or a *testing.B. Not safe for concurrent use.
type TB[T any] interface {
	// Cleanup has f called when the test ends.
	Cleanup(f func())
	// Run runs f as a subtest.
	Run(name string, f func(T)) bool
}

// Each runs f as a subtest in every form, so that each agrees with the slow version in f.
func Each[T TB[T]](t T, f func(T)) {
	was := InUse
	t.Cleanup(func() { InUse = was })
	for _, one := range All() {
		t.Run(one.String(), func(t T) {
			InUse = one
			f(t)
		})
	}
	InUse = was
}
