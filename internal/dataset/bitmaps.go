package dataset

import (
	"archive/zip"
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Bitmaps reads the bitmaps of a set of RoaringBitmap/real-roaring-datasets from the file of Path, each as its members,
// ascending: a zip archive has a file of members for each, in its order; others have a line for each, with a name, the first member, and
// differences from then on.
func Bitmaps(t TB, name string) (bitmaps [][]uint32) {
	t.Helper()
	if !strings.HasSuffix(name, ".zip") {
		lines := bufio.NewScanner(Open(t, name))
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			_, gaps, _ := strings.Cut(lines.Text(), " ")
			bitmap := members(t, gaps)
			for i := 1; i < len(bitmap); i++ {
				bitmap[i] += bitmap[i-1]
			}
			bitmaps = append(bitmaps, bitmap)
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("data set %s: %v", name, err)
		}
		return bitmaps
	}
	z, err := zip.OpenReader(Path(t, name))
	if err != nil {
		t.Fatalf("data set %s: %v", name, err)
	}
	defer z.Close()
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			t.Fatalf("data set %s: %v", name, err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("data set %s: %v", name, err)
		}
		bitmaps = append(bitmaps, members(t, string(text)))
	}
	return bitmaps
}

// members reads numbers with commas between.
func members(t TB, text string) (list []uint32) {
	t.Helper()
	for field := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		n, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			t.Fatalf("data set: %v", err)
		}
		list = append(list, uint32(n))
	}
	return list
}
