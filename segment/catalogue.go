package segment

import (
	"errors"
	"fmt"
	"slices"
)

// Catalogue is the list of the tags there are, by name. It is immutable. Safe for concurrent use.
type Catalogue struct {
	tags   []*Tag // in order of declaration; never changed
	byName map[string]int
	names  []string // of tags
}

// NewCatalogue returns the catalogue of the tags, in this order. Every fault is reported: tags that are not valid, and
// names that occur twice.
func NewCatalogue(tags ...Tag) (*Catalogue, error) {
	return (&Catalogue{}).with(tags)
}

// with returns a catalogue with more tags at its end.
func (c *Catalogue) with(tags []Tag) (*Catalogue, error) {
	d := &Catalogue{tags: slices.Clone(c.tags), byName: make(map[string]int, len(c.tags)+len(tags)), names: slices.Clone(c.names)}
	for i, t := range c.tags {
		d.byName[t.Name] = i
	}
	var errs []error
	for _, t := range tags {
		if err := t.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if _, ok := d.byName[t.Name]; ok {
			errs = append(errs, fmt.Errorf("segment: tag %q is declared twice", t.Name))
			continue
		}
		d.byName[t.Name] = len(d.tags)
		d.tags, d.names = append(d.tags, &t), append(d.names, t.Name)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return d, nil
}

// Len returns the number of tags.
func (c *Catalogue) Len() int { return len(c.tags) }

// Tag returns the tag of this name.
func (c *Catalogue) Tag(name string) (Tag, bool) {
	i, ok := c.byName[name]
	if !ok {
		return Tag{}, false
	}
	return *c.tags[i], true
}

// All returns the tags in the order of their declaration.
func (c *Catalogue) All() []Tag {
	all := make([]Tag, len(c.tags))
	for i, t := range c.tags {
		all[i] = *t
	}
	return all
}

// nearest returns the name of the tag that was likely meant by name, or "".
func (c *Catalogue) nearest(name string) string { return nearest(name, c.names) }

const noSuchTag = "there is no such tag"

// unknown is the error for a name that no tag has.
func (c *Catalogue) unknown(name string) error {
	return &TagError{Tag: name, Reason: noSuchTag, Suggestion: c.nearest(name)}
}
