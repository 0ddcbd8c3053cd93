//go:build !amd64 || purego

package simd

// Best is the best form: the one in Go.
const Best = Go
