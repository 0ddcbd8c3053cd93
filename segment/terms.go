package segment

import (
	"sync"
	"sync/atomic"
)

// terms are the texts that occur in a tag, numbered from 1 in order of first occurrence. The writer adds, readers look
// up; a reader ignores the codes beyond those of its snapshot. Safe for concurrent use.
type terms struct {
	mu    sync.RWMutex
	codes map[string]uint32
	texts atomic.Pointer[[]string] // of code i+1; what is stored is only added to behind its end
}

func newTerms() *terms {
	t := &terms{codes: map[string]uint32{}}
	t.texts.Store(new([]string))
	return t
}

// code returns the code of text, 0 if it has none up to last.
func (t *terms) code(text string, last int) uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if code := t.codes[text]; int(code) <= last {
		return code
	}
	return 0
}

// add returns the code of text, a new one if need be.
func (t *terms) add(text string) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	code, ok := t.codes[text]
	if !ok {
		texts := append(*t.texts.Load(), text)
		code = uint32(len(texts))
		t.texts.Store(&texts)
		t.codes[text] = code
	}
	return code
}

// all returns the texts so far.
func (t *terms) all() []string { return *t.texts.Load() }

// truncate takes back the texts added after the first n. Snapshots that hold more must not exist.
func (t *terms) truncate(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	texts := t.all()
	for _, text := range texts[n:] {
		delete(t.codes, text)
	}
	texts = texts[:n:n]
	t.texts.Store(&texts)
}
