package bitset

import (
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

// The sets of 200 bitmaps of RoaringBitmap/real-roaring-datasets on which papers
// and libraries of compressed bitmaps measure themselves (Lemire et al.,
// arXiv:1603.06549 and arXiv:1709.07821), with the published sums of members over
// the pairs of successive bitmaps and of the union of all.
var realSets = []struct {
	file                       string
	and, or, xor, andNot, wide int
}{
	{"census-income.gaps.txt.gz", 1_245_448, 12_487_395, 11_241_947, 5_666_586, 199_523},
	{"census1881.zip", 23, 2_007_691, 2_007_668, 1_003_836, 988_653},
	{"census1881_srt.zip", 206, 1_360_167, 1_359_961, 679_375, 656_346},
	{"uscensus2000.zip", 0, 11_954, 11_954, 5_970, 5_985},
	{"wikileaks-noquotes.zip", 3_327, 541_893, 538_566, 271_605, 242_540},
	{"wikileaks-noquotes_srt.zip", 152, 574_463, 574_311, 286_904, 236_436},
}

// realBitmaps reads a real set. It is not part of the repository: where it is
// absent the test is skipped.
func realBitmaps(t testing.TB, file string) (bitmaps []*roaring.Bitmap) {
	t.Helper()
	for _, members := range dataset.Bitmaps(t, "realroaring/"+file) {
		b := roaring.BitmapOf(members...)
		b.RunOptimize()
		bitmaps = append(bitmaps, b)
	}
	return bitmaps
}

// chunksOf is FromRoaring of a valid bitmap.
func chunksOf(t testing.TB, b *roaring.Bitmap, dense int) []Set {
	t.Helper()
	chunks, err := FromRoaring(b, dense)
	require.NoError(t, err)
	return chunks
}

// chunk is the i-th chunk, empty beyond the last.
func chunk(chunks []Set, i int) Set {
	if i < len(chunks) {
		return chunks[i]
	}
	return Set{}
}

// combined combines chunk by chunk.
func combined(f func(a, b Set, dense int, scratch *kernel.Words) Set, a, b []Set, dense int, scratch *kernel.Words) []Set {
	out := make([]Set, max(len(a), len(b)))
	for i := range out {
		out[i] = f(chunk(a, i), chunk(b, i), dense, scratch)
	}
	return out
}

func length(chunks []Set) (n int) {
	for _, s := range chunks {
		n += s.Len()
	}
	return n
}

func TestRealSets(t *testing.T) {
	race.Skip(t)
	for _, real := range realSets {
		t.Run(real.file, func(t *testing.T) {
			bitmaps := realBitmaps(t, real.file)
			require.Len(t, bitmaps, 200)
			for _, dense := range []int{maxDense, 256} {
				var sums [3]int
				var ours, theirs, memory, theirMemory int
				sets := make([][]Set, len(bitmaps))
				for i, b := range bitmaps {
					sets[i] = chunksOf(t, b, dense)
					data, err := b.ToBytes()
					require.NoError(t, err)
					require.True(t, ToRoaring(sets[i]).Equals(b))
					theirs += len(data)
					theirMemory += int(b.GetSizeInBytes())
					for _, s := range sets[i] {
						memory += s.Bytes()
						if !s.IsEmpty() {
							ours += len(AppendSet(nil, s))
						}
					}
				}
				require.LessOrEqual(t, float64(ours), 1.05*float64(theirs))
				t.Logf("dense %d: written %d bytes, Roaring %d; in memory %d, Roaring %d (by its own account)",
					dense, ours, theirs, memory, theirMemory)

				scratch, xor := new(kernel.Words), 0
				for i := range len(bitmaps) - 1 {
					for c := range max(len(sets[i]), len(sets[i+1])) {
						var a, b kernel.Words
						chunk(sets[i], c).Load(&a)
						chunk(sets[i+1], c).Load(&b)
						kernel.Xor(&a, &a, &b)
						xor += kernel.Count(&a)
					}
					for k, o := range operations {
						got := combined(o.pair, sets[i], sets[i+1], dense, scratch)
						sums[k] += length(got)
						if dense != maxDense {
							continue
						}
						peer := []func(a, b *roaring.Bitmap) *roaring.Bitmap{roaring.And, roaring.Or, roaring.AndNot}[k](bitmaps[i], bitmaps[i+1])
						require.True(t, ToRoaring(got).Equals(peer), "%s of %d and its successor", o.name, i)
					}
				}
				require.Equal(t, [3]int{real.and, real.or, real.andNot}, sums)
				require.Equal(t, real.xor, xor)

				var wide []kernel.Words
				for _, chunks := range sets {
					for i, s := range chunks {
						for i >= len(wide) {
							wide = append(wide, kernel.Words{})
						}
						s.Or(&wide[i])
					}
				}
				n := 0
				for i := range wide {
					n += kernel.Count(&wide[i])
				}
				require.Equal(t, real.wide, n)
			}
		})
	}
}
