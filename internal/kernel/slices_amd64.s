//go:build !purego

#include "textflag.h"

// Both forms of between take n slices of 8 KiB from slices on; bit k of lo and of
// hi belongs to slice k. The results of a block stay in registers while it walks
// over the slices. What is below lo is written before what is between, so that the
// latter stays where both go to the same place.

// func betweenAVX2(below, dst *Words, slices *uint64, n int, lo, hi uint64)
TEXT ·betweenAVX2(SB), NOSPLIT, $0-48
	MOVQ     below+0(FP), R13
	MOVQ     dst+8(FP), DI
	MOVQ     slices+16(FP), SI
	MOVQ     n+24(FP), R8
	MOVQ     lo+32(FP), R9
	MOVQ     hi+40(FP), R10
	VPCMPEQD Y15, Y15, Y15
	MOVL     $64, CX

block:
	VMOVDQA Y15, Y0
	VMOVDQA Y15, Y1
	VMOVDQA Y15, Y2
	VMOVDQA Y15, Y3
	VMOVDQA Y15, Y4
	VMOVDQA Y15, Y5
	VMOVDQA Y15, Y6
	VMOVDQA Y15, Y7
	MOVQ    SI, DX
	MOVQ    R8, BX
	MOVQ    R9, R11
	MOVQ    R10, R12

	// Y0 to Y3: value >= lo. Y4 to Y7: value > hi, so that both bounds are and
	// and or only; it begins with no value.
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

slice:
	VMOVDQU (DX), Y8
	VMOVDQU 32(DX), Y9
	VMOVDQU 64(DX), Y10
	VMOVDQU 96(DX), Y11
	SHRQ    $1, R11
	JCS     lo1
	VPOR    Y8, Y0, Y0
	VPOR    Y9, Y1, Y1
	VPOR    Y10, Y2, Y2
	VPOR    Y11, Y3, Y3
	JMP     upper

lo1:
	VPAND Y8, Y0, Y0
	VPAND Y9, Y1, Y1
	VPAND Y10, Y2, Y2
	VPAND Y11, Y3, Y3

upper:
	SHRQ $1, R12
	JCS  hi1
	VPOR Y8, Y4, Y4
	VPOR Y9, Y5, Y5
	VPOR Y10, Y6, Y6
	VPOR Y11, Y7, Y7
	JMP  next

hi1:
	VPAND Y8, Y4, Y4
	VPAND Y9, Y5, Y5
	VPAND Y10, Y6, Y6
	VPAND Y11, Y7, Y7

next:
	ADDQ    $8192, DX
	DECQ    BX
	JNZ     slice
	VPANDN  Y15, Y0, Y8
	VPANDN  Y15, Y1, Y9
	VPANDN  Y15, Y2, Y10
	VPANDN  Y15, Y3, Y11
	VMOVDQU Y8, (R13)
	VMOVDQU Y9, 32(R13)
	VMOVDQU Y10, 64(R13)
	VMOVDQU Y11, 96(R13)
	VPANDN  Y0, Y4, Y0
	VPANDN  Y1, Y5, Y1
	VPANDN  Y2, Y6, Y2
	VPANDN  Y3, Y7, Y3
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	ADDQ    $128, R13
	ADDQ    $128, DI
	ADDQ    $128, SI
	DECL    CX
	JNZ     block
	VZEROUPPER
	RET

// func betweenAVX512(below, dst *Words, slices *uint64, n int, lo, hi uint64)
TEXT ·betweenAVX512(SB), 0, $1024-48
	MOVQ dst+8(FP), DI
	MOVQ slices+16(FP), SI
	MOVQ n+24(FP), R8
	MOVQ lo+32(FP), R9
	MOVQ hi+40(FP), R10

	// The bits of both bounds, each as a full word.
	LEAQ masks-1024(SP), R13
	MOVQ R13, DX
	MOVQ R8, BX

mask:
	MOVQ R9, AX
	ANDQ $1, AX
	NEGQ AX
	MOVQ AX, (DX)
	MOVQ R10, AX
	ANDQ $1, AX
	NEGQ AX
	MOVQ AX, 8(DX)
	SHRQ $1, R9
	SHRQ $1, R10
	ADDQ $16, DX
	DECQ BX
	JNZ  mask
	MOVQ below+0(FP), AX
	MOVL $32, CX

block:
	VPTERNLOGQ $0xff, Z0, Z0, Z0
	VPTERNLOGQ $0xff, Z1, Z1, Z1
	VPTERNLOGQ $0xff, Z2, Z2, Z2
	VPTERNLOGQ $0xff, Z3, Z3, Z3
	VPXORQ     Z4, Z4, Z4
	VPXORQ     Z5, Z5, Z5
	VPXORQ     Z6, Z6, Z6
	VPXORQ     Z7, Z7, Z7
	MOVQ       SI, DX
	MOVQ       R8, BX
	MOVQ       R13, R12

slice:
	// 0xd4 is: with bit 1 of the bound and, with bit 0 or. Z0 to Z3: value >=
	// lo. Z4 to Z7: value > hi.
	VPBROADCASTQ (R12), Z12
	VPBROADCASTQ 8(R12), Z13
	VMOVDQU64    (DX), Z8
	VMOVDQU64    64(DX), Z9
	VMOVDQU64    128(DX), Z10
	VMOVDQU64    192(DX), Z11
	VPTERNLOGQ   $0xd4, Z12, Z8, Z0
	VPTERNLOGQ   $0xd4, Z12, Z9, Z1
	VPTERNLOGQ   $0xd4, Z12, Z10, Z2
	VPTERNLOGQ   $0xd4, Z12, Z11, Z3
	VPTERNLOGQ   $0xd4, Z13, Z8, Z4
	VPTERNLOGQ   $0xd4, Z13, Z9, Z5
	VPTERNLOGQ   $0xd4, Z13, Z10, Z6
	VPTERNLOGQ   $0xd4, Z13, Z11, Z7
	ADDQ         $16, R12
	ADDQ         $8192, DX
	DECQ         BX
	JNZ          slice
	VPTERNLOGQ   $0x55, Z0, Z8, Z8
	VPTERNLOGQ   $0x55, Z1, Z9, Z9
	VPTERNLOGQ   $0x55, Z2, Z10, Z10
	VPTERNLOGQ   $0x55, Z3, Z11, Z11
	VMOVDQU64    Z8, (AX)
	VMOVDQU64    Z9, 64(AX)
	VMOVDQU64    Z10, 128(AX)
	VMOVDQU64    Z11, 192(AX)
	VPANDNQ      Z0, Z4, Z0
	VPANDNQ      Z1, Z5, Z1
	VPANDNQ      Z2, Z6, Z2
	VPANDNQ      Z3, Z7, Z3
	VMOVDQU64    Z0, (DI)
	VMOVDQU64    Z1, 64(DI)
	VMOVDQU64    Z2, 128(DI)
	VMOVDQU64    Z3, 192(DI)
	ADDQ         $256, AX
	ADDQ         $256, DI
	ADDQ         $256, SI
	DECL         CX
	JNZ          block
	VZEROUPPER
	RET
