// Command gramgen writes the assembly of package gram.
//
// Usage:
//
//	gramgen [-check] [-root dir]
//
// It writes two files of the folder internal/gram below -root: the functions, for AVX2 with FMA and for AVX-512, and
// their declarations in Go. With -check nothing is written: the exit status is 1 if the files are not what it would write.
package main

import (
	"github.com/mmcloughlin/avo/build"

	"github.com/clientele-go/clientele/tools/internal/asmgen"
)

var generator = asmgen.Generator{Package: "gram", Build: functions}

func main() { generator.Main() }

func functions(c *build.Context) {
	tileAVX512(c)
	tileAVX2(c)
	dots(c)
	combine(c)
	scale(c)
	shift(c)
}
