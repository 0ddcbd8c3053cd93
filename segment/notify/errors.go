package notify

import (
	"errors"
	"fmt"
	"time"
)

// Errors, wrapped with what they are about.
var (
	// ErrOptions is wrapped by what is wrong with arguments and options.
	ErrOptions = errors.New("notify: invalid options")
	// ErrGap: the source does not have the notice that comes next, or no longer has all of a batch that went out before. It
	// is not the source that the cursor belongs to, or one that was restored from an older backup.
	ErrGap = errors.New("notify: source and cursor do not fit")
	// ErrTaken: somebody else has moved the cursor since it was read. Two processes deliver to one receiver.
	ErrTaken = errors.New("notify: cursor was moved by somebody else")
	// ErrUnavailable: the receiver could not be reached or was not ready, in all attempts. The same batch may pass later.
	ErrUnavailable = errors.New("notify: receiver is not available")
	// ErrRefused: the receiver answered that it does not take the batch, or wants it elsewhere. That hardly changes by itself.
	ErrRefused = errors.New("notify: receiver refuses")
	// ErrGone: the receiver answered that it wants no more notices, with status 410. Stop calling it.
	ErrGone = errors.New("notify: receiver is gone")
	// ErrSignature: the sender of a message has none of the secrets, or the message was altered.
	ErrSignature = errors.New("notify: message is not signed")
	// ErrTime: a message is signed, but its time is too far away: a clock is wrong, or somebody sends an old message again.
	ErrTime = errors.New("notify: message is not of this time")
	// ErrMessage is wrapped by what is wrong with the body of a message.
	ErrMessage = errors.New("notify: invalid message")
)

// StatusError says with which HTTP status a receiver declined. It wraps ErrGone for 410, ErrUnavailable where the same
// request may pass later, which is for 408, 425, 429 and all from 500, and otherwise ErrRefused. Safe for concurrent reads.
type StatusError struct {
	Status   int // the status of the last attempt
	Attempts int // how many attempts were made
	// RetryAfter is how long the receiver asks to wait; 0: it does not say.
	RetryAfter time.Duration
}

// Error returns the sentence.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%v: status %d in attempt %d", e.Unwrap(), e.Status, e.Attempts)
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(", to be asked again after %v", e.RetryAfter)
	}
	return text
}

// Unwrap returns ErrGone, ErrUnavailable or ErrRefused.
func (e *StatusError) Unwrap() error {
	switch {
	case e.Status == 410:
		return ErrGone
	case e.Status == 408, e.Status == 425, e.Status == 429, e.Status >= 500:
		return ErrUnavailable
	}
	return ErrRefused
}
