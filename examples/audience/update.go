package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// write is a line of an update.
type write struct {
	Do    string          `json:"do"` // set, clear, increment, add_labels, remove_labels, add, delete
	ID    json.RawMessage `json:"id"` // number or text
	Tag   string          `json:"tag"`
	Value json.RawMessage `json:"value"` // of the kind of the tag; for labels an array
	At    time.Time       `json:"at"`    // for set: keep a value that is newer
}

type updateQuestion struct {
	At     time.Time `json:"at"` // when the values were true; missing: now
	Writes []write   `json:"writes"`
}

func (s *server) update(ctx context.Context, in *updateQuestion) (any, error) {
	if _, err := within("number of writes", len(in.Writes), maxWrites); err != nil {
		return nil, err
	}
	batch := &segment.Batch{At: in.At}
	if batch.At.IsZero() {
		batch.At = s.now()
	}
	tags := s.index.Snapshot().Catalogue()
	var errs []error
	for i := range in.Writes {
		if reason := s.add(batch, tags, &in.Writes[i]); reason != "" {
			errs = append(errs, &segment.WriteError{Row: i, Tag: in.Writes[i].Tag, Reason: reason})
		}
	}
	err := errors.Join(errs...)
	if err == nil {
		err = s.index.Apply(ctx, batch)
	}
	if err != nil {
		return nil, err
	}
	snap := s.index.Snapshot()
	return map[string]any{"writes": batch.Len(), "customers": snap.Len(), "version": snap.Version()}, nil
}

// add puts a write into the batch, or says what is wrong with it.
func (s *server) add(b *segment.Batch, tags *segment.Catalogue, w *write) (reason string) {
	id, err := jsonID(w.ID)
	if err != nil {
		return "id is missing or no id"
	}
	switch w.Do {
	case "add":
		b.Add(id)
		return ""
	case "delete":
		b.Delete(id)
		return ""
	}
	tag, ok := tags.Tag(w.Tag)
	if !ok {
		return "there is no such tag"
	}
	var v customer.Value
	if w.Do != "clear" {
		if v, err = jsonValue(&tag, w.Value, s.loc); err != nil {
			return err.Error()
		}
	}
	switch w.Do {
	case "set":
		if w.At.IsZero() {
			b.Set(id, w.Tag, v)
		} else {
			b.SetIfNewer(id, w.Tag, v, w.At)
		}
	case "clear":
		b.Clear(id, w.Tag)
	case "increment":
		b.Increment(id, w.Tag, v)
	case "add_labels":
		b.AddLabels(id, w.Tag, slices.Collect(v.Labels())...)
	case "remove_labels":
		b.RemoveLabels(id, w.Tag, slices.Collect(v.Labels())...)
	default:
		return "do is none of set, clear, increment, add_labels, remove_labels, add and delete"
	}
	return ""
}
