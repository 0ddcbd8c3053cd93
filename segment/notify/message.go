package notify

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/segment"
)

// MessageType is the type of the messages of this package.
const MessageType = "segment.notices"

// Message is the body of a webhook. Its JSON form has the fields below:
//
//	{"type":"segment.notices","timestamp":"2026-03-05T09:00:00Z","source":"shop","notices":[
//	 {"number":7,"at":"2026-03-05T09:00:00Z","customer":"0191d2a4-5c3e-8000-a000-000000000001",
//	  "segment":"dormant","version":1,"entered":true,"cause":"time"}]}
//
// A notice has about 200 bytes. Safe for concurrent reads.
type Message struct {
	Type      string           `json:"type"`      // MessageType
	Timestamp time.Time        `json:"timestamp"` // that of the last notice
	Source    string           `json:"source"`    // WebhookOptions.Source
	Notices   []segment.Notice `json:"notices"`   // at least one, ascending by number; where the sender filters, with gaps
}

// newMessage returns the message of notices, which are not none.
func newMessage(source string, notices []segment.Notice) *Message {
	return &Message{MessageType, notices[len(notices)-1].At.UTC(), source, notices}
}

// After returns the notices whose numbers are greater than number. It shares memory with m.
func (m *Message) After(number uint64) []segment.Notice {
	for i := range m.Notices {
		if m.Notices[i].Number > number {
			return m.Notices[i:]
		}
	}
	return nil
}

// UnmarshalJSON returns an error that wraps ErrMessage, and leaves m as it was, if data is not such a message. Unknown
// fields are ignored. It does not verify who sent it: call Verify first.
func (m *Message) UnmarshalJSON(data []byte) error {
	fault := func(reason string) error { return fmt.Errorf("%w: %s", ErrMessage, reason) }
	if !utf8.Valid(data) {
		return fault("is not UTF-8")
	}
	type plain Message
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	switch {
	case read.Type != MessageType:
		return fault("type is another")
	case len(read.Notices) == 0:
		return fault("has no notices")
	case read.Timestamp.IsZero():
		return fault("has no timestamp")
	}
	for i := 1; i < len(read.Notices); i++ {
		if read.Notices[i].Number <= read.Notices[i-1].Number {
			return fault(fmt.Sprintf("notice %d does not ascend", i))
		}
	}
	*m = Message(read)
	return nil
}
