package segment

import (
	"sync"
	"sync/atomic"
)

// terms are the texts that occur in a tag, numbered from 1 in order of first occurrence. The writer adds, readers look
// up; a reader ignores the codes beyond those of its snapshot. Those of a tag that lies on a shelf must have been read.
// Safe for concurrent use.
type terms struct {
	loanState // read, unless they lie on a shelf
	kept      *shelvedTerms

	mu    sync.RWMutex
	codes map[string]uint32
	texts atomic.Pointer[[]string] // of code i+1; what is stored is only added to behind its end
}

func newTerms() *terms {
	t := &terms{codes: map[string]uint32{}}
	t.texts.Store(new([]string))
	t.read.Store(true)
	return t
}

// code returns the code of text, 0 if it has none up to last.
func (t *terms) code(text string, last int) uint32 {
	if !t.read.Load() {
		panic("segment: texts that were not read are looked up: " + t.name())
	}
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
func (t *terms) all() []string {
	if !t.read.Load() {
		panic("segment: texts that were not read are looked at: " + t.name())
	}
	return *t.texts.Load()
}

// len returns the number of texts so far, read or not.
func (t *terms) len() int {
	if !t.read.Load() {
		return t.kept.count()
	}
	return len(*t.texts.Load())
}

// truncate takes back the texts added after the first n. Snapshots that hold more must not exist.
func (t *terms) truncate(n int) {
	if !t.read.Load() {
		return // none were added
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	texts := t.all()
	for _, text := range texts[n:] {
		delete(t.codes, text)
	}
	texts = texts[:n:n]
	t.texts.Store(&texts)
}
