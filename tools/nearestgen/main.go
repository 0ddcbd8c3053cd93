// Command nearestgen writes the assembly of package nearest.
//
// Usage:
//
//	nearestgen [-check] [-root dir]
//
// It writes two files of the folder internal/nearest below -root: the functions, for AVX2 with FMA and for AVX-512, and
// their declarations in Go. With -check nothing is written: the exit status is 1 if the files are not what it would write.
package main

import (
	"github.com/mmcloughlin/avo/build"

	"github.com/clientele-go/clientele/tools/internal/asmgen"
)

var generator = asmgen.Generator{Package: "nearest", Build: functions}

func main() { generator.Main() }

func functions(c *build.Context) {
	counts := countTable(c)
	nearest(c, counts, "nearestAVX2", vector, false)
	nearest(c, counts, "nearest2AVX2", vector, true)
	nearest(c, counts, "nearestAVX512", widest, false)
	nearest(c, counts, "nearest2AVX512", widest, true)
	distances(c)
	sumLengths(c)
}
