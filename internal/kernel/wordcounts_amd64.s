//go:build !purego

#include "textflag.h"

// The number of bits of each half byte, once a lane.
DATA nibbles<>+0(SB)/8, $0x0302020102010100
DATA nibbles<>+8(SB)/8, $0x0403030203020201
DATA nibbles<>+16(SB)/8, $0x0302020102010100
DATA nibbles<>+24(SB)/8, $0x0403030203020201
GLOBL nibbles<>(SB), RODATA|NOPTR, $32

DATA low<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low<>(SB), RODATA|NOPTR, $8

// ADD2 adds the bits of Y(X) to the bytes of Y10 and Y11 by a look-up of both
// halves of each byte. (Mula, Kurz, Lemire, "Faster population counts using AVX2
// instructions", 2018.)
#define ADD2(X, T) \
	VPSRLW  $4, X, T      \
	VPAND   Y14, X, X     \
	VPAND   Y14, T, T     \
	VPSHUFB X, Y15, X     \
	VPSHUFB T, Y15, T     \
	VPADDB  X, Y10, Y10   \
	VPADDB  T, Y11, Y11

// COUNT2 counts 8 KiB. LOAD fills Y0 to Y3 and moves on. A byte of Y10 holds at
// most 4 bits of each of 32 registers before it is added up.
#define COUNT2(LOAD) \
	VMOVDQU nibbles<>(SB), Y15     \
	VPBROADCASTQ low<>(SB), Y14    \
	VPXOR   Y13, Y13, Y13          \
	VPXOR   Y12, Y12, Y12          \
	MOVL    $8, BX                 \
outer:                            \
	VPXOR   Y10, Y10, Y10          \
	VPXOR   Y11, Y11, Y11          \
	MOVL    $8, CX                 \
inner:                            \
	LOAD                           \
	ADD2(Y0, Y4)                   \
	ADD2(Y1, Y5)                   \
	ADD2(Y2, Y6)                   \
	ADD2(Y3, Y7)                   \
	DECL    CX                     \
	JNZ     inner                  \
	VPSADBW Y13, Y10, Y10          \
	VPSADBW Y13, Y11, Y11          \
	VPADDQ  Y10, Y12, Y12          \
	VPADDQ  Y11, Y12, Y12          \
	DECL    BX                     \
	JNZ     outer                  \
	VEXTRACTI128 $1, Y12, X0       \
	VPADDQ  X0, X12, X0            \
	VPSHUFD $0xee, X0, X1          \
	VPADDQ  X0, X1, X0             \
	VMOVQ   X0, AX                 \
	VZEROUPPER

#define ONE2 \
	VMOVDQU (SI), Y0   \
	VMOVDQU 32(SI), Y1 \
	VMOVDQU 64(SI), Y2 \
	VMOVDQU 96(SI), Y3 \
	ADDQ    $128, SI

#define TWO2(OP) \
	VMOVDQU (DX), Y0       \
	VMOVDQU 32(DX), Y1     \
	VMOVDQU 64(DX), Y2     \
	VMOVDQU 96(DX), Y3     \
	OP      (SI), Y0, Y0   \
	OP      32(SI), Y1, Y1 \
	OP      64(SI), Y2, Y2 \
	OP      96(SI), Y3, Y3 \
	ADDQ    $128, SI       \
	ADDQ    $128, DX

// func countAVX2(a *Words) int
TEXT ·countAVX2(SB), NOSPLIT, $0-16
	MOVQ a+0(FP), SI
	COUNT2(ONE2)
	MOVQ AX, ret+8(FP)
	RET

// func andCountAVX2(a, b *Words) int
TEXT ·andCountAVX2(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	COUNT2(TWO2(VPAND))
	MOVQ AX, ret+16(FP)
	RET

// func andNotCountAVX2(a, b *Words) int
TEXT ·andNotCountAVX2(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	COUNT2(TWO2(VPANDN))
	MOVQ AX, ret+16(FP)
	RET

#define COUNT5(LOAD) \
	VPXORQ   Z4, Z4, Z4    \
	VPXORQ   Z5, Z5, Z5    \
	VPXORQ   Z6, Z6, Z6    \
	VPXORQ   Z7, Z7, Z7    \
	MOVL     $32, CX       \
loop:                     \
	LOAD                   \
	VPOPCNTQ Z0, Z0        \
	VPOPCNTQ Z1, Z1        \
	VPOPCNTQ Z2, Z2        \
	VPOPCNTQ Z3, Z3        \
	VPADDQ   Z0, Z4, Z4    \
	VPADDQ   Z1, Z5, Z5    \
	VPADDQ   Z2, Z6, Z6    \
	VPADDQ   Z3, Z7, Z7    \
	DECL     CX            \
	JNZ      loop          \
	VPADDQ   Z4, Z5, Z4    \
	VPADDQ   Z6, Z7, Z6    \
	VPADDQ   Z4, Z6, Z4    \
	VEXTRACTI64X4 $1, Z4, Y0 \
	VPADDQ   Y0, Y4, Y0    \
	VEXTRACTI128 $1, Y0, X1 \
	VPADDQ   X0, X1, X0    \
	VPSHUFD  $0xee, X0, X1 \
	VPADDQ   X0, X1, X0    \
	VMOVQ    X0, AX        \
	VZEROUPPER

#define ONE5 \
	VMOVDQU64 (SI), Z0    \
	VMOVDQU64 64(SI), Z1  \
	VMOVDQU64 128(SI), Z2 \
	VMOVDQU64 192(SI), Z3 \
	ADDQ      $256, SI

#define TWO5(OP) \
	VMOVDQU64 (DX), Z0        \
	VMOVDQU64 64(DX), Z1      \
	VMOVDQU64 128(DX), Z2     \
	VMOVDQU64 192(DX), Z3     \
	OP        (SI), Z0, Z0    \
	OP        64(SI), Z1, Z1  \
	OP        128(SI), Z2, Z2 \
	OP        192(SI), Z3, Z3 \
	ADDQ      $256, SI        \
	ADDQ      $256, DX

// func countAVX512(a *Words) int
TEXT ·countAVX512(SB), NOSPLIT, $0-16
	MOVQ a+0(FP), SI
	COUNT5(ONE5)
	MOVQ AX, ret+8(FP)
	RET

// func andCountAVX512(a, b *Words) int
TEXT ·andCountAVX512(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	COUNT5(TWO5(VPANDQ))
	MOVQ AX, ret+16(FP)
	RET

// func andNotCountAVX512(a, b *Words) int
TEXT ·andNotCountAVX512(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DX
	COUNT5(TWO5(VPANDNQ))
	MOVQ AX, ret+16(FP)
	RET

// The counts of a slice ask for what is AHEAD bytes on, as slices_amd64.s does.
#define AHEAD 16384

#define AHEAD2 \
	PREFETCHT0 AHEAD(DX)    \
	PREFETCHT0 AHEAD+64(DX) \
	TWO2(VPAND)

#define AHEAD5 \
	PREFETCHT0 AHEAD(DX)     \
	PREFETCHT0 AHEAD+64(DX)  \
	PREFETCHT0 AHEAD+128(DX) \
	PREFETCHT0 AHEAD+192(DX) \
	TWO5(VPANDQ)

// func sliceCountAVX2(filter, slice *Words) int
TEXT ·sliceCountAVX2(SB), NOSPLIT, $0-24
	MOVQ filter+0(FP), SI
	MOVQ slice+8(FP), DX
	COUNT2(AHEAD2)
	MOVQ AX, ret+16(FP)
	RET

// func sliceCountAVX512(filter, slice *Words) int
TEXT ·sliceCountAVX512(SB), NOSPLIT, $0-24
	MOVQ filter+0(FP), SI
	MOVQ slice+8(FP), DX
	COUNT5(AHEAD5)
	MOVQ AX, ret+16(FP)
	RET
