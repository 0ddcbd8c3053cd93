package segment

import (
	"bufio"
	"io"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

// TestRealSizes keeps the 200 bitmaps of each of the real sets of internal/bitset as labels of one tag, and as flags that
// everyone has. Write may add to the sets, which take no more than Roaring's bytes and 5 %, 40 bytes a column.
func TestRealSizes(t *testing.T) {
	race.Skip(t)
	const dense, share, frame = kernel.Bits / 64, 1.05, 40 // dense is DefaultDense
	for _, file := range []string{
		"census-income.gaps.txt.gz", "census1881.zip", "census1881_srt.zip", "uscensus2000.zip", "wikileaks-noquotes.zip", "wikileaks-noquotes_srt.zip",
	} {
		t.Run(file, func(t *testing.T) {
			bitmaps := dataset.Bitmaps(t, "realroaring/"+file)
			require.Len(t, bitmaps, 200)
			customers := uint32(0)
			for _, members := range bitmaps {
				customers = max(customers, members[len(members)-1]+1)
			}
			exists, err := bitset.FromRoaring(roaring.Flip(roaring.New(), 0, uint64(customers)), dense)
			require.NoError(t, err)
			labels := make([]*labelsColumn, len(exists))
			for c := range labels {
				labels[c] = &labelsColumn{set: exists[c]}
			}
			var theirs, theirMemory, sets, flags, flagColumns int
			for i, members := range bitmaps {
				b := roaring.BitmapOf(members...)
				b.RunOptimize()
				data, err := b.ToBytes()
				require.NoError(t, err)
				theirs, theirMemory = theirs+len(data), theirMemory+int(b.GetSizeInBytes())
				chunks, err := bitset.FromRoaring(b, dense)
				require.NoError(t, err)
				var flag tagData
				for c, set := range exists {
					col := &flagColumn{set: set}
					if c < len(chunks) && !chunks[c].IsEmpty() {
						col.yes = chunks[c]
						sets += len(bitset.AppendSet(nil, chunks[c]))
						labels[c].codes, labels[c].sets = append(labels[c].codes, uint32(i+1)), append(labels[c].sets, chunks[c])
					}
					flag.columns = append(flag.columns, col)
				}
				flags, flagColumns = flags+writtenOf(t, &flag), flagColumns+len(flag.columns)
			}
			var tag tagData
			memory := 0
			for _, col := range labels {
				memory += col.bytes()
				tag.columns = append(tag.columns, col)
			}
			written := writtenOf(t, &tag)
			t.Logf("Roaring %d bytes, in memory %d (by its own account); sets %d; labels %d, in memory %d, %d columns; flags %d, %d columns",
				theirs, theirMemory, sets, written, memory, len(labels), flags, flagColumns)
			require.LessOrEqual(t, float64(sets), share*float64(theirs))
			require.LessOrEqual(t, float64(written), share*float64(theirs)+float64(frame*len(labels)))
			require.LessOrEqual(t, float64(flags), share*float64(theirs)+float64(frame*flagColumns))
		})
	}
}

// writtenOf returns how many bytes Write writes of what a tag holds.
func writtenOf(t *testing.T, d *tagData) int {
	t.Helper()
	out := &meter{}
	f := &fileWriter{ctx: t.Context(), w: bufio.NewWriter(out)}
	f.tag(d, 0)
	require.NoError(t, f.err)
	require.NoError(t, f.w.Flush())
	return out.n
}

// meter counts the bytes written to it. Not safe for concurrent use.
type meter struct{ n int }

var _ io.Writer = (*meter)(nil)

func (m *meter) Write(p []byte) (int, error) {
	m.n += len(p)
	return len(p), nil
}
