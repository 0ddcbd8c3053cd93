package notify

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
)

// The headers of a webhook.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// DefaultTolerance is how far the time of a message may be from the receiver's.
const DefaultTolerance = 5 * time.Minute

// mostSignatures is how many signatures of a message are looked at.
const mostSignatures = 32

// Verify tells whether a webhook that arrived with header and body, the very bytes, comes from who has one of the secrets,
// and returns its id. That stays the same when the same message is sent again. tolerance is how far its time may be from now
// in either direction; 0 is DefaultTolerance. It reads messages of any sender that keeps to the Standard Webhooks
// specification, by its scheme v1.
//
// The error wraps ErrSignature where a header is missing, malformed or there twice, or no signature fits; ErrTime where one
// fits but the time does not; or ErrOptions for no secrets, a zero one or a negative tolerance. It holds nothing of the
// message. Signatures are compared in constant time. Cost: a pass over body for each secret.
func Verify(secrets []Secret, header http.Header, body []byte, now time.Time, tolerance time.Duration) (id string, err error) {
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	if len(secrets) == 0 || tolerance < 0 {
		return "", fmt.Errorf("%w: no secret, or a negative tolerance", ErrOptions)
	}
	id, timestamp, at, err := readHeader(header)
	if err != nil {
		return "", err
	}
	signatures := readSignatures(header[headerSignature])
	if len(signatures) == 0 {
		return "", fmt.Errorf("%w: no signature of scheme v1 in the header", ErrSignature)
	}
	fits := false
	for i, s := range secrets {
		if s.key == "" {
			return "", fmt.Errorf("%w: secret %d is the zero Secret", ErrOptions, i)
		}
		mac := s.mac(id, timestamp, body)
		for _, signature := range signatures {
			fits = hmac.Equal(mac, signature) || fits
		}
	}
	if !fits {
		return "", fmt.Errorf("%w: no signature fits", ErrSignature)
	}
	if distance := now.Sub(at); distance > tolerance || distance < -tolerance {
		return "", ErrTime
	}
	return id, nil
}

// readHeader reads id and time.
func readHeader(header http.Header) (id, timestamp string, at time.Time, err error) {
	ids, times := header[headerID], header[headerTimestamp]
	if len(ids) != 1 || len(times) != 1 {
		return "", "", time.Time{}, fmt.Errorf("%w: webhook-id and webhook-timestamp are not there once", ErrSignature)
	}
	id, timestamp = ids[0], times[0]
	if !validID(id) {
		return "", "", time.Time{}, fmt.Errorf("%w: webhook-id is not valid", ErrSignature)
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || seconds < 0 || seconds >= civil.EndSecond || strconv.FormatInt(seconds, 10) != timestamp {
		return "", "", time.Time{}, fmt.Errorf("%w: webhook-timestamp is not valid", ErrSignature)
	}
	return id, timestamp, time.Unix(seconds, 0), nil
}

// readSignatures reads the signatures of scheme v1 in lines of the header and leaves out all else.
func readSignatures(lines []string) [][]byte {
	var signatures [][]byte
	looked := 0
	for _, line := range lines {
		for text := range strings.SplitSeq(line, " ") {
			if looked++; looked > mostSignatures {
				return signatures
			}
			encoded, ok := strings.CutPrefix(text, scheme)
			if !ok || len(encoded) != 44 {
				continue
			}
			if mac, err := base64.StdEncoding.Strict().DecodeString(encoded); err == nil && len(mac) == 32 {
				signatures = append(signatures, mac)
			}
		}
	}
	return signatures
}
