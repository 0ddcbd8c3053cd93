package segment

import (
	"math"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/internal/kernel"
)

// Editors are large and short-lived.
var (
	intEditors   = sync.Pool{New: func() any { return new(intEditor) }}
	floatEditors = sync.Pool{New: func() any { return new(floatEditor) }}
	enumEditors  = sync.Pool{New: func() any { return new(enumEditor) }}
)

// edit carries out a group.
func (e *edition) edit(g *group) {
	d, t := &e.next.data[g.tag], e.next.tags.tags[g.tag]
	steps := g.steps
	if gone := e.gone[g.chunk]; gone != nil {
		steps = slices.Clone(steps)
		for p := range members(gone) {
			steps = append(steps, step{verb: verbDelete, p: p})
		}
	}
	if g.times {
		steps = d.keepTimes(g.chunk, steps, e.next.dense)
	}
	g.wrote = slices.ContainsFunc(steps, func(st step) bool { return st.verb != verbDelete })
	fault := func(st *step, reason string) { e.faults.add(st.row, t.Name, reason) }
	old := d.latest(g.chunk)
	if c, ok := patched(old, steps, e.next.dense); ok {
		d.columns[g.chunk] = c
		return
	}
	var ed editor
	switch t.Kind {
	case Flag:
		flags := &flagEditor{}
		flags.load(old)
		editFlags(flags, steps)
		ed = flags
	case Enum:
		enums := enumEditors.Get().(*enumEditor)
		defer enumEditors.Put(enums)
		enums.load(old)
		editEnums(enums, steps)
		ed = enums
	case Labels:
		labels := &labelsEditor{}
		labels.load(old)
		editLabels(labels, steps)
		ed = labels
	case Float:
		floats := floatEditors.Get().(*floatEditor)
		defer floatEditors.Put(floats)
		floats.load(old)
		editFloats(floats, steps, fault)
		ed = floats
	default:
		ints := intEditors.Get().(*intEditor)
		defer intEditors.Put(ints)
		ints.load(old)
		editInts(ints, steps, fault)
		ed = ints
	}
	d.columns[g.chunk] = ed.freeze(e.next.dense)
}

// keepTimes leaves out the steps that come too late, and keeps the times of the others.
func (d *tagData) keepTimes(c int, steps []step, dense int) (kept []step) {
	old := d.time(c)
	if old, ok := old.(*intColumn); ok && len(steps) <= maxLate {
		now := intChanges.Get().(*changes[int64])
		defer intChanges.Put(now)
		now.reset()
		kept = timely(steps, func(p uint16) (at int64, has bool) {
			if at, has, done := now.find(p); done {
				return at, has
			}
			return held(old, p)
		}, now.put)
		if len(now.places) == 0 {
			return kept
		}
		if next, ok := old.with(now, dense); ok {
			d.times[c] = next
			return kept
		}
	}
	times := intEditors.Get().(*intEditor)
	defer intEditors.Put(times)
	times.load(old)
	kept = timely(steps, func(p uint16) (at int64, has bool) {
		return times.values[p], isMember(&times.set, p)
	}, func(p uint16, at int64, has bool) {
		if times.clear(p); has {
			times.put(p, at)
		}
	})
	d.times[c] = times.freeze(dense)
	return kept
}

// timely returns the steps that do not come too late. time tells the time of a value, if it has one, and note is told what it
// is now.
func timely(steps []step, time func(p uint16) (at int64, has bool), note func(p uint16, at int64, has bool)) []step {
	kept := make([]step, 0, len(steps))
	for _, st := range steps {
		at, has := time(st.p)
		switch {
		case st.verb == verbNewer && has && at > st.at:
			continue
		case st.verb == verbNewer:
			note(st.p, st.at, true)
		case has:
			note(st.p, 0, false)
		}
		kept = append(kept, st)
	}
	return kept
}

// clears tells whether the step leaves its position without a value.
func (st *step) clears() bool {
	return st.verb == verbDelete || !st.value.set && (st.verb == verbSet || st.verb == verbNewer)
}

func editFlags(ed *flagEditor, steps []step) {
	for i := range steps {
		if st := &steps[i]; st.clears() {
			ed.clear(st.p)
		} else {
			ed.put(st.p, st.value.b)
		}
	}
}

func editEnums(ed *enumEditor, steps []step) {
	for i := range steps {
		if st := &steps[i]; st.clears() {
			ed.clear(st.p)
		} else {
			ed.put(st.p, uint16(st.codes[0]))
		}
	}
}

// editLabels first empties the positions that are written anew, all at once, then adds and removes what came after.
func editLabels(ed *labelsEditor, steps []step) {
	begin := map[uint16]int{} // the step that wrote a position anew last
	var anew kernel.Words
	for i := range steps {
		if st := &steps[i]; st.verb != verbAddLabels && st.verb != verbRemoveLabels {
			begin[st.p] = i
			addMember(&anew, st.p)
		}
	}
	ed.reset(&anew)
	for i := range steps {
		st := &steps[i]
		if from, ok := begin[st.p]; ok && i < from || st.clears() {
			continue
		}
		if st.verb == verbRemoveLabels {
			if isMember(&ed.set, st.p) {
				for _, code := range st.codes {
					ed.remove(st.p, code)
				}
			}
			continue
		}
		ed.have(st.p)
		for _, code := range st.codes {
			ed.add(st.p, code)
		}
	}
}

func editInts(ed *intEditor, steps []step, fault func(*step, string)) {
	for i := range steps {
		st := &steps[i]
		n := st.value.n
		switch {
		case st.clears():
			ed.clear(st.p)
			continue
		case st.verb == verbIncrement && isMember(&ed.set, st.p):
			old := ed.values[st.p]
			if n = old + n; (n > old) != (st.value.n > 0) && st.value.n != 0 {
				fault(st, "number becomes too large")
				continue
			}
		}
		ed.put(st.p, n)
	}
}

func editFloats(ed *floatEditor, steps []step, fault func(*step, string)) {
	for i := range steps {
		st := &steps[i]
		f := st.value.f
		switch {
		case st.clears():
			ed.clear(st.p)
			continue
		case st.verb == verbIncrement && isMember(&ed.set, st.p):
			if f += ed.values[st.p]; math.IsInf(f, 0) {
				fault(st, "number becomes too large")
				continue
			}
		}
		ed.put(st.p, f+0)
	}
}
