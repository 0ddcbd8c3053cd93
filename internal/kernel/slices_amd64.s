//go:build !purego

#include "textflag.h"

// Slices lie one after the other and are read so: what is AHEAD bytes on is asked
// for early, over the bounds of pages, where the processor does not look ahead by
// itself. Beyond the last slice it is asked for in vain.
#define AHEAD 16384

// MASKS leaves the bits of both bounds as full words in R9 and R10.
#define MASKS \
	MOVQ    atLeast+0(FP), DI \
	MOVQ    above+8(FP), R8   \
	MOVQ    slice+16(FP), SI  \
	MOVBQZX lo+24(FP), R9     \
	MOVBQZX hi+25(FP), R10    \
	NEGQ    R9                \
	NEGQ    R10

// BOUND2 is BOUND5 as (v & s) | ((v | s) &^ mask), with the complement of the mask
// in NOT.
#define BOUND2(V, AT, S, NOT, T) \
	VMOVDQU AT, V     \
	VPOR    V, S, T   \
	VPAND   V, S, V   \
	VPAND   T, NOT, T \
	VPOR    V, T, V   \
	VMOVDQU V, AT

// func boundAVX2(atLeast, above, slice *Words, lo, hi bool)
TEXT ·boundAVX2(SB), NOSPLIT, $0-26
	MASKS
	NOTQ         R9
	NOTQ         R10
	MOVQ         R9, X12
	MOVQ         R10, X13
	VPBROADCASTQ X12, Y12
	VPBROADCASTQ X13, Y13
	XORL         AX, AX

loop:
	PREFETCHT0 AHEAD(SI)(AX*1)
	VMOVDQU    (SI)(AX*1), Y0
	VMOVDQU    32(SI)(AX*1), Y1
	BOUND2(Y2, (DI)(AX*1), Y0, Y12, Y6)
	BOUND2(Y3, 32(DI)(AX*1), Y1, Y12, Y7)
	BOUND2(Y4, (R8)(AX*1), Y0, Y13, Y8)
	BOUND2(Y5, 32(R8)(AX*1), Y1, Y13, Y9)
	ADDQ       $64, AX
	CMPQ       AX, $8192
	JNE        loop
	VZEROUPPER
	RET

// 0xd4 is: with bit 1 of the bound and, with bit 0 or.
#define BOUND5(V, AT, S, MASK) \
	VMOVDQU64  AT, V             \
	VPTERNLOGQ $0xd4, MASK, S, V \
	VMOVDQU64  V, AT

// func boundAVX512(atLeast, above, slice *Words, lo, hi bool)
TEXT ·boundAVX512(SB), NOSPLIT, $0-26
	MASKS
	VPBROADCASTQ R9, Z12
	VPBROADCASTQ R10, Z13
	XORL         AX, AX

loop:
	PREFETCHT0 AHEAD(SI)(AX*1)
	PREFETCHT0 AHEAD+64(SI)(AX*1)
	VMOVDQU64  (SI)(AX*1), Z0
	VMOVDQU64  64(SI)(AX*1), Z1
	BOUND5(Z2, (DI)(AX*1), Z0, Z12)
	BOUND5(Z3, 64(DI)(AX*1), Z1, Z12)
	BOUND5(Z4, (R8)(AX*1), Z0, Z13)
	BOUND5(Z5, 64(R8)(AX*1), Z1, Z13)
	ADDQ       $128, AX
	CMPQ       AX, $8192
	JNE        loop
	VZEROUPPER
	RET
