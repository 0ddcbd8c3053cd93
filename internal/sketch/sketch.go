// Package sketch answers how many different things there were, and how numbers are
// distributed, without keeping them: HyperLogLog and Histogram.
//
// A sketch is a function of what was added: neither the order nor how parts were merged
// shows. All arithmetic that decides what is kept is on integers, so that a sketch has the
// same bytes on every machine.
package sketch

import "errors"

// ErrCorrupt says that bytes are not a sketch. It is returned bare.
var ErrCorrupt = errors.New("sketch: corrupt")
