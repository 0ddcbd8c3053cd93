package identity

import (
	"cmp"
	"slices"
	"sort"
)

// joinValue joins through a value, whose sightings it divides at cuts (5.1) and where its
// lifetime ends (5.2).
func (m *mapper) joinValue(rank, level int32) {
	all := m.sightings[m.from[rank]:m.from[rank+1]]
	lifetime, returns := m.e.Types[level].Lifetime.Microseconds(), m.e.Types[level].Kind == Ephemeral
	cuts := slices.Clone(m.ev.values[m.values[rank]].cuts)
	slices.SortFunc(cuts, compareCuts)
	var earlier map[int32]bool // roots seen before the last cut
	for i := 0; i <= len(cuts); i++ {
		part := all
		if i < len(cuts) {
			n := sort.Search(len(all), func(j int) bool { return m.at(all[j]) >= cuts[i].at })
			part, all = all[:n], all[n:]
		}
		if len(earlier) > 0 {
			part = slices.DeleteFunc(slices.Clone(part), func(s sighting) bool {
				stale := earlier[m.find(s.piece)]
				if stale {
					m.refuse(refusal{reason: Passed, value: m.values[rank], a: s.piece, b: -1, kind: -1, ruling: cuts[i-1].ruling})
				}
				return stale
			})
		}
		if i < len(cuts) && !returns {
			if earlier == nil {
				earlier = map[int32]bool{}
			}
			for _, s := range part {
				earlier[m.find(s.piece)] = true
			}
		}
		for len(part) > 0 {
			n := 1
			for n < len(part) && (lifetime == 0 || m.at(part[n])-m.at(part[n-1]) <= lifetime) {
				n++
			}
			m.joinStretch(rank, part[:n], level)
			part = part[n:]
		}
		if len(earlier) > 0 {
			// Joins of the stretches may have given the groups other roots.
			roots := make(map[int32]bool, len(earlier))
			for r := range earlier {
				roots[m.find(r)] = true
			}
			earlier = roots
		}
	}
}

// compareCuts orders by time, then by the ruling.
func compareCuts(a, b cut) int {
	return cmp.Or(cmp.Compare(a.at, b.at), compareBlinds(a.ruling, b.ruling))
}

// at is when a sighting was.
func (m *mapper) at(s sighting) int64 { return m.ev.seen[s.observation].at }

// tenures returns the ends of the parts of a stretch between which the value may have
// passed to somebody else (6.).
func (m *mapper) tenures(rank int32, stretch []sighting) []int32 {
	ends := m.segments(rank, stretch)
	if len(ends) > 1 && m.distinguished(rank, stretch, ends) < 2 {
		return ends[len(ends)-1:]
	}
	return ends
}

// segments returns the ends of the segments between silences that nothing bridges.
func (m *mapper) segments(rank int32, stretch []sighting) []int32 {
	ends := m.segmentEnds[:0]
	if silence := m.typeOf(rank).Silence.Microseconds(); silence > 0 {
		for i := 1; i < len(stretch); i++ {
			if m.at(stretch[i])-m.at(stretch[i-1]) > silence {
				ends = append(ends, int32(i))
			}
		}
	}
	ends = append(ends, int32(len(stretch)))
	m.segmentEnds = ends
	if len(ends) == 1 {
		return ends
	}
	// reach[i] is the last segment that i, or one before it, is one with.
	reach := cleared(&m.reach, len(ends))
	m.fresh()
	start := int32(0)
	for i, end := range ends {
		i := int32(i)
		bridge := func(key int32) {
			first := m.firstAt(key, i)
			reach[first] = max(reach[first], i)
		}
		for _, s := range stretch[start:end] {
			root := m.find(s.piece)
			bridge(m.rootKey(root))
			for _, r := range m.limits[root] {
				if m.isDescriptor(r) {
					bridge(m.leadingKey(r))
				}
			}
			for _, h := range m.here(s.piece) {
				if h.rank != rank {
					bridge(h.rank)
				}
			}
		}
		start = end
	}
	merged := ends[:0]
	last := int32(0)
	for i, end := range ends {
		last = max(last, reach[i])
		if last == int32(i) {
			merged = append(merged, end)
			last = int32(i) + 1
		}
	}
	return merged
}

// distinguished counts the segments that show by another value whose they are.
func (m *mapper) distinguished(rank int32, stretch []sighting, ends []int32) int {
	start, n := int32(0), 0
	for _, end := range ends {
		if slices.ContainsFunc(stretch[start:end], func(s sighting) bool {
			return slices.ContainsFunc(m.here(s.piece), func(h presence) bool {
				return h.rank != rank && m.typeOf(h.rank).Kind != Ephemeral
			})
		}) {
			n++
		}
		start = end
	}
	return n
}
