package customer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrGap is wrapped by the error of Cursor.Advance for a change that is not the next of
// its shard.
var ErrGap = errors.New("customer: change is not the next of its shard")

// Cursor is a place in a feed: for each shard the number of entries that lie before
// it. The zero Cursor is the beginning. Cursors compare with ==; of two different ones
// neither may be the later. Safe for concurrent reads.
//
// Its text form, which JSON uses too, is the 64 numbers with commas between them,
// without the zeros at the end: the beginning is the empty text.
type Cursor [Shards]uint64

// Advance moves c past change ch. It moves on the last part only, so that a follower
// that stops within an entry gets it again from the first. If ch does not belong to the
// next entry of its shard, c stays and the error wraps ErrGap.
func (c *Cursor) Advance(ch Change) error {
	if ch.Shard < 0 || ch.Shard >= Shards {
		return fmt.Errorf("%w: there is no shard %d", ErrGap, ch.Shard)
	}
	if ch.Seq-1 != c[ch.Shard] {
		return fmt.Errorf("%w: number %d in shard %d after %d", ErrGap, ch.Seq, ch.Shard, c[ch.Shard])
	}
	if ch.Part == ch.Parts {
		c[ch.Shard] = ch.Seq
	}
	return nil
}

// Covers reports whether every entry before d is also before c.
func (c Cursor) Covers(d Cursor) bool {
	for shard := range c {
		if c[shard] < d[shard] {
			return false
		}
	}
	return true
}

// MarshalText returns the text form. It never fails.
func (c Cursor) MarshalText() ([]byte, error) {
	last := Shards
	for last > 0 && c[last-1] == 0 {
		last--
	}
	var text []byte
	for shard, n := range c[:last] {
		if shard > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, n, 10)
	}
	return text, nil
}

// UnmarshalText reads the text form as MarshalText writes it and no other spelling of
// it. On error c stays as it was.
func (c *Cursor) UnmarshalText(text []byte) error {
	var read Cursor
	if len(text) > 0 {
		shard := 0
		for number := range strings.SplitSeq(string(text), ",") {
			if shard == Shards {
				return fmt.Errorf("customer: cursor has more than %d numbers", Shards)
			}
			n, err := strconv.ParseUint(number, 10, 64)
			if err != nil || number != strconv.FormatUint(n, 10) {
				return fmt.Errorf("customer: cursor is not valid at number %d", shard+1)
			}
			read[shard] = n
			shard++
		}
		if read[shard-1] == 0 {
			return errors.New("customer: cursor ends in 0")
		}
	}
	*c = read
	return nil
}
