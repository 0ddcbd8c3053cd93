package harness

import "context"

// Way is a [Peer] made of functions. It is not safe for concurrent use.
type Way[A any] struct {
	Label  string
	Child  *Child                                  // that holds the peer; nil: this process does
	Before func(ctx context.Context) error         // Prepare; nil: there is nothing to prepare
	Do     func(ctx context.Context) (Cost, error) // Run
	Result func() (A, error)                       // Answer
}

// Name returns Label.
func (w *Way[A]) Name() string { return w.Label }

// Version returns that of the child.
func (w *Way[A]) Version() string {
	if w.Child == nil {
		return ""
	}
	return w.Child.Version
}

// Prepare calls Before.
func (w *Way[A]) Prepare(ctx context.Context) error {
	if w.Before == nil {
		return nil
	}
	return w.Before(ctx)
}

// Run calls Do.
func (w *Way[A]) Run(ctx context.Context) (Cost, error) { return w.Do(ctx) }

// Answer calls Result.
func (w *Way[A]) Answer(context.Context) (A, error) { return w.Result() }
