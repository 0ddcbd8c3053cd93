//go:build !purego

package kernel

//go:noescape
func encodeAVX2(rows *[64][8]uint64, values *[512]uint64, planes int)

func encode(rows *[64][8]uint64, values *[512]uint64, width int) {
	if inUse == formGo || width == 0 {
		encodeGo(rows, values, width)
		return
	}
	encodeAVX2(rows, values, (width+7)/8)
}
