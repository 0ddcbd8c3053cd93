// Command histogramgen writes the assembly of package histogram.
//
// Usage:
//
//	histogramgen [-check] [-root dir]
//
// It writes two files of the folder internal/histogram below -root: the functions, for AVX2 with BMI2 and for AVX-512, and
// their declarations in Go. With -check nothing is written: the exit status is 1 if the files are not what it would write.
package main

import (
	"github.com/mmcloughlin/avo/build"

	"github.com/clientele-go/clientele/tools/internal/asmgen"
)

var generator = asmgen.Generator{Package: "histogram", Build: functions}

func main() { generator.Main() }

func functions(c *build.Context) {
	add(c, "addFourAVX2", lanes/2)
	add(c, "addEightAVX2", lanes)
	subtract(c)
	boundsAVX2(c)
	boundsAVX512(c)
}
