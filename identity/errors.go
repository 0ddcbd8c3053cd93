package identity

import "errors"

// Errors of this package, wrapped.
var (
	// ErrPolicy: a policy contradicts itself, or is not the one in the store; or the
	// store is hashed under another key.
	ErrPolicy = errors.New("identity: policy")
	// ErrInput: what was passed in is not valid. The message names the field and never
	// the value.
	ErrInput = errors.New("identity: input")
	// ErrReused: the id of an observation or ruling is that of another one.
	ErrReused = errors.New("identity: id used before for something else")
	// ErrRetracted: the observation has been retracted, or the ruling revoked; it needs
	// a new id to be made again.
	ErrRetracted = errors.New("identity: retracted")
	// ErrErased: the observation is of somebody who has been erased since.
	ErrErased = errors.New("identity: erased")
	// ErrUnknown: there is no such observation, ruling, record or customer.
	ErrUnknown = errors.New("identity: unknown")
)
