//go:build !purego

#include "textflag.h"

// The operations read a and b and write dst in blocks of four registers. With
// a in memory, VPANDN of b in a register gives a &^ b.

#define BLOCK2(OP) \
	VMOVDQU (DX), Y0     \
	VMOVDQU 32(DX), Y1   \
	VMOVDQU 64(DX), Y2   \
	VMOVDQU 96(DX), Y3   \
	OP      (SI), Y0, Y0 \
	OP      32(SI), Y1, Y1 \
	OP      64(SI), Y2, Y2 \
	OP      96(SI), Y3, Y3 \
	VMOVDQU Y0, (DI)     \
	VMOVDQU Y1, 32(DI)   \
	VMOVDQU Y2, 64(DI)   \
	VMOVDQU Y3, 96(DI)   \
	ADDQ    $128, SI     \
	ADDQ    $128, DX     \
	ADDQ    $128, DI

#define COMBINE2(OP) \
	MOVL  $64, CX         \
	VPXOR Y4, Y4, Y4      \
	VPXOR Y5, Y5, Y5      \
loop:                    \
	BLOCK2(OP)            \
	VPOR  Y0, Y1, Y0      \
	VPOR  Y2, Y3, Y2      \
	VPOR  Y0, Y4, Y4      \
	VPOR  Y2, Y5, Y5      \
	DECL  CX              \
	JNZ   loop            \
	VPOR  Y4, Y5, Y4      \
	VPTEST Y4, Y4         \
	VZEROUPPER

// func andAVX2(dst, a, b *Words) bool
TEXT ·andAVX2(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE2(VPAND)
	SETNE ret+24(FP)
	RET

// func andNotAVX2(dst, a, b *Words) bool
TEXT ·andNotAVX2(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE2(VPANDN)
	SETNE ret+24(FP)
	RET

// func xorAVX2(dst, a, b *Words) bool
TEXT ·xorAVX2(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE2(VPXOR)
	SETNE ret+24(FP)
	RET

// func orAVX2(dst, a, b *Words)
TEXT ·orAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVL $64, CX

loop:
	BLOCK2(VPOR)
	DECL CX
	JNZ  loop
	VZEROUPPER
	RET

// func or4AVX2(dst, a, b, c, d *Words)
TEXT ·or4AVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ c+24(FP), R8
	MOVQ d+32(FP), R9
	XORL AX, AX

loop:
	VMOVDQU (SI)(AX*1), Y0
	VMOVDQU 32(SI)(AX*1), Y1
	VPOR    (DX)(AX*1), Y0, Y0
	VPOR    32(DX)(AX*1), Y1, Y1
	VPOR    (R8)(AX*1), Y0, Y0
	VPOR    32(R8)(AX*1), Y1, Y1
	VPOR    (R9)(AX*1), Y0, Y0
	VPOR    32(R9)(AX*1), Y1, Y1
	VMOVDQU Y0, (DI)(AX*1)
	VMOVDQU Y1, 32(DI)(AX*1)
	ADDQ    $64, AX
	CMPQ    AX, $8192
	JNE     loop
	VZEROUPPER
	RET

#define BLOCK5(OP) \
	VMOVDQU64 (DX), Z0      \
	VMOVDQU64 64(DX), Z1    \
	VMOVDQU64 128(DX), Z2   \
	VMOVDQU64 192(DX), Z3   \
	OP        (SI), Z0, Z0  \
	OP        64(SI), Z1, Z1 \
	OP        128(SI), Z2, Z2 \
	OP        192(SI), Z3, Z3 \
	VMOVDQU64 Z0, (DI)      \
	VMOVDQU64 Z1, 64(DI)    \
	VMOVDQU64 Z2, 128(DI)   \
	VMOVDQU64 Z3, 192(DI)   \
	ADDQ      $256, SI      \
	ADDQ      $256, DX      \
	ADDQ      $256, DI

#define COMBINE5(OP) \
	MOVL   $32, CX           \
	VPXORQ Z4, Z4, Z4        \
	VPXORQ Z5, Z5, Z5        \
loop:                       \
	BLOCK5(OP)               \
	VPTERNLOGQ $0xfe, Z0, Z1, Z4 \
	VPTERNLOGQ $0xfe, Z2, Z3, Z5 \
	DECL   CX                \
	JNZ    loop              \
	VPORQ  Z4, Z5, Z4        \
	VPTESTMQ Z4, Z4, K1      \
	KMOVW  K1, AX            \
	TESTL  AX, AX            \
	VZEROUPPER

// func andAVX512(dst, a, b *Words) bool
TEXT ·andAVX512(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE5(VPANDQ)
	SETNE ret+24(FP)
	RET

// func andNotAVX512(dst, a, b *Words) bool
TEXT ·andNotAVX512(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE5(VPANDNQ)
	SETNE ret+24(FP)
	RET

// func xorAVX512(dst, a, b *Words) bool
TEXT ·xorAVX512(SB), NOSPLIT, $0-25
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	COMBINE5(VPXORQ)
	SETNE ret+24(FP)
	RET

// func orAVX512(dst, a, b *Words)
TEXT ·orAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVL $32, CX

loop:
	BLOCK5(VPORQ)
	DECL CX
	JNZ  loop
	VZEROUPPER
	RET

// func or4AVX512(dst, a, b, c, d *Words)
TEXT ·or4AVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ c+24(FP), R8
	MOVQ d+32(FP), R9
	XORL AX, AX

loop:
	VMOVDQU64  (SI)(AX*1), Z0
	VMOVDQU64  64(SI)(AX*1), Z1
	VMOVDQU64  (DX)(AX*1), Z2
	VMOVDQU64  64(DX)(AX*1), Z3
	VPTERNLOGQ $0xfe, (R8)(AX*1), Z2, Z0
	VPTERNLOGQ $0xfe, 64(R8)(AX*1), Z3, Z1
	VPORQ      (R9)(AX*1), Z0, Z0
	VPORQ      64(R9)(AX*1), Z1, Z1
	VMOVDQU64  Z0, (DI)(AX*1)
	VMOVDQU64  Z1, 64(DI)(AX*1)
	ADDQ       $128, AX
	CMPQ       AX, $8192
	JNE        loop
	VZEROUPPER
	RET
