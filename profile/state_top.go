package profile

import (
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// top is the summary of Top: how often there was each value. Each label of labels is one;
// the empty text is none.
type top struct {
	events int64
	// texts ascend, each once, up to settled.
	texts   []textCount
	settled int
}

type textCount struct {
	text   string
	events int64
}

func (s *top) add(_ *aggregation, o *occurrence) {
	s.events++
	if o.value.Kind() == customer.KindLabels {
		for label := range o.value.Labels() {
			s.put(textCount{label, 1})
		}
		return
	}
	if text := likeText(o.value); text != "" {
		s.put(textCount{text, 1})
	}
}

func (s *top) put(c textCount) {
	i, found := slices.BinarySearchFunc(s.texts[:s.settled], c.text, func(c textCount, text string) int { return strings.Compare(c.text, text) })
	switch n := len(s.texts); {
	case found:
		s.texts[i].events += c.events
	case s.settled == n && n < few:
		s.texts = slices.Insert(s.texts, i, c)
		s.settled++
	default:
		s.texts = append(s.texts, c)
		if n > 2*s.settled+few {
			s.settle()
		}
	}
}

func (s *top) reset() { *s = top{texts: emptied(s.texts)} }

// settle brings the texts in order, each once.
func (s *top) settle() {
	if s.settled == len(s.texts) {
		return
	}
	slices.SortFunc(s.texts, func(x, y textCount) int { return strings.Compare(x.text, y.text) })
	kept := s.texts[:0]
	for _, c := range s.texts {
		if n := len(kept) - 1; n >= 0 && kept[n].text == c.text {
			kept[n].events += c.events
		} else {
			kept = append(kept, c)
		}
	}
	clear(s.texts[len(kept):])
	s.texts, s.settled = kept, len(kept)
}

func (s *top) merge(_ *aggregation, t *top) {
	s.events += t.events
	if len(s.texts) == 0 {
		s.texts, s.settled = append(s.texts, t.texts...), t.settled
		return
	}
	for _, c := range t.texts {
		s.put(c)
	}
}

func (s *top) result(a *aggregation) result {
	r := result{events: s.events}
	best := s.best(max(a.Limit, 1))
	if len(best) == 0 {
		return r
	}
	labels := make([]string, len(best))
	for i, c := range best {
		labels[i] = c.text
		r.items = append(r.items, Item{customer.TextValue(c.text), float64(c.events)})
	}
	if a.Limit > 1 {
		r.value = customer.LabelsValue(labels...)
	} else {
		r.value = r.items[0].Value
	}
	return r
}

// best returns the n most frequent, of equally frequent ones the least.
func (s *top) best(n int) []textCount {
	s.settle()
	best := make([]textCount, 0, min(n, len(s.texts))+1)
	for _, c := range s.texts {
		if len(best) == n && c.events <= best[n-1].events {
			continue
		}
		i, _ := slices.BinarySearchFunc(best, c, func(b, c textCount) int {
			// Those that are as frequent are lesser, so c comes after them.
			if b.events >= c.events {
				return -1
			}
			return 1
		})
		best = slices.Insert(best, i, c)
		best = best[:min(len(best), n)]
	}
	return best
}

func (s *top) encode(_ *aggregation, w *wire.Writer) {
	w.Uint(uint64(s.events))
	if s.events == 0 {
		return
	}
	s.settle()
	w.List(2 * len(s.texts))
	for _, c := range s.texts {
		w.Text(c.text)
		w.Uint(uint64(c.events))
	}
}

func (s *top) decode(_ *aggregation, r *wire.Reader) int64 {
	if s.events = readEvents(r); s.events == 0 {
		return 0
	}
	n := r.List()
	if n%2 != 0 {
		fault(r)
		return 0
	}
	s.texts = make([]textCount, 0, n/2)
	before := ""
	for range n / 2 {
		c := textCount{r.Text(), readEvents(r)}
		if c.text <= before || c.events == 0 || c.events > s.events {
			fault(r)
			return 0
		}
		s.texts = append(s.texts, c)
		s.settled++
		before = c.text
	}
	return s.events
}
