package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log at a moment. Give it away: who has it can check that
// what was in the log then is there still. Safe for concurrent reads.
type Checkpoint struct {
	Origin string    // of the log
	Size   int64     // number of entries
	Root   [32]byte  // of the Merkle tree over them
	Time   time.Time // that Seal was told
	First  int64     // number of the first entry that Trim has kept
	// Text is the checkpoint as a note (golang.org/x/mod/sumdb/note): the lines of
	// c2sp.org/tlog-checkpoint, which are origin, size and root in base64, one with the time,
	// and, if the log has a signer, an empty line and its signature.
	Text string
}

const timePrefix, firstPrefix = "time ", "first "

// checkpointText returns the lines of a checkpoint, signed if there is a signer.
func checkpointText(c *Checkpoint, signer note.Signer) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n%s%s\n", c.Origin, c.Size, tlog.Hash(c.Root), timePrefix, c.Time.UTC().Format(time.RFC3339Nano))
	if c.First > 0 {
		text += firstPrefix + strconv.FormatInt(c.First, 10) + "\n"
	}
	if signer == nil {
		return text, nil
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return "", fmt.Errorf("audit: signing a checkpoint: %w", err)
	}
	return string(signed), nil
}

// ParseCheckpoint reads the text of a checkpoint of a log and, unless verifier is nil, checks
// that its key has signed it. Errors wrap [ErrTampered].
func ParseCheckpoint(text, origin string, verifier note.Verifier) (Checkpoint, error) {
	body, _, _ := strings.Cut(text, "\n\n")
	if body != text {
		body += "\n"
	}
	if verifier != nil {
		n, err := note.Open([]byte(text), note.VerifierList(verifier))
		if err != nil {
			return Checkpoint{}, fmt.Errorf("%w: checkpoint without the signature", ErrTampered)
		}
		body = n.Text
	}
	c := Checkpoint{Text: text}
	lines := strings.Split(body, "\n")
	err := errors.New("too short")
	if len(lines) >= 5 && lines[len(lines)-1] == "" && len(text) <= mostCheckpoint {
		err = c.parse(lines)
	}
	if err == nil && c.Origin != origin {
		err = errors.New("of another log")
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrTampered, err)
	}
	return c, nil
}

// mostCheckpoint is the most bytes of the text of a checkpoint.
const mostCheckpoint = 8 << 10

func (c *Checkpoint) parse(lines []string) error {
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > mostEntries || strconv.FormatInt(size, 10) != lines[1] {
		return errors.New("impossible size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return errors.New("impossible root")
	}
	at, ok := strings.CutPrefix(lines[3], timePrefix)
	if c.Time, err = time.Parse(time.RFC3339Nano, at); err != nil || !ok {
		return errors.New("impossible time")
	}
	if first, ok := strings.CutPrefix(lines[4], firstPrefix); ok {
		if c.First, err = strconv.ParseInt(first, 10, 64); err != nil || c.First < 1 || c.First >= size || strconv.FormatInt(c.First, 10) != first {
			return errors.New("impossible first")
		}
	}
	c.Origin, c.Size = lines[0], size
	copy(c.Root[:], root)
	if size == 0 && !bytes.Equal(root, emptyRoot[:]) {
		return errors.New("impossible root")
	}
	return nil
}
