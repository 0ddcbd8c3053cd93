//go:build !purego

package kernel

import "github.com/clientele-go/clientele/internal/simd"

//go:noescape
func encodeAVX2(rows *[64][8]uint64, values *[512]uint64, planes int)

func encode(rows *[64][8]uint64, values *[512]uint64, width int) {
	if simd.InUse == simd.Go || width == 0 {
		encodeGo(rows, values, width)
		return
	}
	encodeAVX2(rows, values, (width+7)/8)
}
