package segment

import "sync"

// terms are the texts that occur in a tag, numbered from 1 in order of first occurrence. The writer adds, readers look
// up; a reader ignores the codes beyond those of its snapshot. Safe for concurrent use.
type terms struct {
	mu    sync.RWMutex
	codes map[string]uint32
	texts []string // of code i+1
}

func newTerms() *terms { return &terms{codes: map[string]uint32{}} }

// code returns the code of text, 0 if it has none up to last.
func (t *terms) code(text string, last int) uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if code := t.codes[text]; code <= uint32(last) {
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
		t.texts = append(t.texts, text)
		code = uint32(len(t.texts))
		t.codes[text] = code
	}
	return code
}

// all returns the texts so far.
func (t *terms) all() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.texts[:len(t.texts):len(t.texts)]
}

// truncate takes back the texts added after the first n. Snapshots that hold more must not exist.
func (t *terms) truncate(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, text := range t.texts[n:] {
		delete(t.codes, text)
	}
	t.texts = t.texts[:n:n]
}
