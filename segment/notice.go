package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	names "github.com/clientele-go/clientele/internal/enum"
)

// Cause says why a customer entered or left a segment. The zero Cause is none and not valid. Safe for concurrent use.
type Cause uint8

// The causes, of which a Notice has the first that holds.
const (
	// ByMerge: the customer left because it became part of another one.
	ByMerge Cause = iota + 1
	// ByDeletion: the customer left because it was deleted.
	ByDeletion
	// ByDefinition: the segment, or one that its rule names, was defined anew or dropped.
	ByDefinition
	// ByTag: a tag of the customer changed.
	ByTag
	// ByTime: nothing changed but the clock: a window moved on, or a time to stay ended.
	ByTime
	// ByPlace: the customer entered because somebody else left a segment that takes no more than so many, or one that
	// its rule names.
	ByPlace
)

var causeNames = []string{"none", "merge", "deletion", "definition", "tag", "time", "place"}

var causeNamesZH = []string{"无", "客户合并", "客户删除", "规则变更", "标签变化", "时间推移", "名额空出"}

// String returns such as "deletion".
func (c Cause) String() string { return names.Name(causeNames, c) }

// Chinese returns the same in Chinese.
func (c Cause) Chinese() string { return names.Name(causeNamesZH, c) }

// MarshalText returns the text of String, or an error if c is not valid.
func (c Cause) MarshalText() ([]byte, error) {
	if c == 0 {
		return nil, errors.New("segment: cause 0 is none")
	}
	return names.Marshal("segment", "cause", causeNames, c)
}

// UnmarshalText reads what MarshalText wrote.
func (c *Cause) UnmarshalText(text []byte) error {
	var read Cause
	if err := names.Unmarshal("segment", "cause", causeNames, text, &read); err != nil {
		return err
	}
	if read == 0 {
		return errors.New("segment: cause is none")
	}
	*c = read
	return nil
}

// Notice says that a customer entered or left a segment. Its JSON form has the fields below, At in UTC:
//
//	{"number":7,"at":"2026-03-05T09:00:00Z","customer":"0191d2a4-5c3e-8000-a000-000000000001",
//	 "segment":"dormant","version":1,"entered":true,"cause":"time"}
//
// Safe for concurrent use.
type Notice struct {
	// Number counts the notices of all segments together, from 1 and without gaps. It names the notice: whoever gets one a
	// second time sees the same number.
	Number   uint64      `json:"number"`
	At       time.Time   `json:"at"`       // the moment of the step in which it happened
	Customer customer.ID `json:"customer"` // who
	Segment  string      `json:"segment"`  // the name of the segment
	Version  int         `json:"version"`  // the version of the segment's definition after the step, from 1
	Entered  bool        `json:"entered"`  // true: entered, false: left
	Cause    Cause       `json:"cause"`    // why
}

// MarshalJSON returns an error if Cause is not valid, or the year of At has more than four digits.
func (n Notice) MarshalJSON() ([]byte, error) {
	type plain Notice
	p := plain(n)
	p.At = p.At.UTC()
	return json.Marshal(p)
}

// UnmarshalJSON returns an error, and leaves n as it was, if a field is missing or not valid. Unknown fields are ignored.
func (n *Notice) UnmarshalJSON(data []byte) error {
	type plain Notice
	var read struct {
		plain
		Entered *bool `json:"entered"` // false is not the same as missing
	}
	fault := func(reason string) error { return errors.New("segment: notice " + reason) }
	if !utf8.Valid(data) {
		return fault("is not UTF-8")
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return fmt.Errorf("segment: notice: %w", err)
	}
	switch {
	case read.Number == 0:
		return fault("has no number")
	case read.At.IsZero():
		return fault("has no time")
	case read.Customer == uuid.Nil:
		return fault("is of nobody")
	case read.Segment == "":
		return fault("names no segment")
	case read.Version < 1:
		return fault("has no version")
	case read.Entered == nil:
		return fault("does not say whether the customer entered")
	case read.Cause == 0:
		return fault("has no cause")
	}
	*n = Notice(read.plain)
	n.Entered = *read.Entered
	return nil
}
