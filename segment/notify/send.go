package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/segment"
)

// webhook posts notices to a URL.
type webhook struct {
	o   WebhookOptions // with defaults
	url string
}

// mostAnswer is how much of an answer is read, so that its connection can be used again.
const mostAnswer = 4 << 10

func (w *webhook) Deliver(ctx context.Context, notices []segment.Notice) error {
	if len(notices) == 0 {
		return ctx.Err()
	}
	body, err := json.Marshal(newMessage(w.o.Source, notices))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	id := messageID(w.o.Source, notices)
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := w.post(ctx, id, body, attempt)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == w.o.Attempts || !errors.Is(err, ErrUnavailable) {
			return err
		}
		wait := w.wait(id, attempt)
		if status := (*StatusError)(nil); errors.As(err, &status) {
			if status.RetryAfter > w.o.Most {
				return err
			}
			wait = max(wait, status.RetryAfter)
		}
		if err := w.o.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// post makes one request.
func (w *webhook) post(ctx context.Context, id string, body []byte, attempt int) error {
	ctx, cancel := context.WithTimeout(ctx, w.o.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: URL", ErrOptions) // unreachable, as the URL was parsed before
	}
	for name, values := range w.o.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	now := w.o.Now()
	signatures := make([]string, len(w.o.Secrets))
	for i, s := range w.o.Secrets {
		signatures[i] = s.Sign(id, now, body)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(headerID, id)
	request.Header.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(headerSignature, strings.Join(signatures, " "))
	// It is not sent. It says that the request may be repeated at once where the receiver has just closed the connection.
	request.Header["Idempotency-Key"] = nil

	answer, err := w.o.Transport.RoundTrip(request) // which, other than a client, follows no redirect and names no URL
	if err != nil {
		return fmt.Errorf("%w: attempt %d: %w", ErrUnavailable, attempt, err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer) // the status has said all
	_ = answer.Body.Close()
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	return &StatusError{answer.StatusCode, attempt, retryAfter(answer.Header.Get("Retry-After"), w.o.Now)}
}

// wait is how long to wait after an attempt.
func (w *webhook) wait(id string, attempt int) time.Duration {
	longest := w.o.Most
	if d := w.o.First << (attempt - 1); d>>(attempt-1) == w.o.First {
		longest = min(longest, d)
	}
	digest := sha256.Sum256([]byte(id))
	random := rand.New(rand.NewPCG(w.o.Seed, binary.BigEndian.Uint64(digest[:])+uint64(attempt)))
	return longest - time.Duration(random.Uint64N(uint64(longest/2)+1))
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110, 10.2.3); 0 if it says nothing.
func retryAfter(text string, now func() time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(mostWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now()), 0), mostWait)
	}
	return 0
}

// mostWait is the longest time that a receiver can ask for.
const mostWait = 365 * 24 * time.Hour

// messageID returns the id of the message of notices.
func messageID(source string, notices []segment.Notice) string {
	first, last := notices[0].Number, notices[len(notices)-1].Number
	id := source + "_" + strconv.FormatUint(first, 10) + "_" + strconv.FormatUint(last, 10)
	if last-first == uint64(len(notices)-1) {
		return id
	}
	h := sha256.New()
	var number [8]byte
	for i := range notices {
		binary.BigEndian.PutUint64(number[:], notices[i].Number)
		_, _ = h.Write(number[:])
	}
	return id + "_" + hex.EncodeToString(h.Sum(nil)[:8])
}
