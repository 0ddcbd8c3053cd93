//go:build !purego

#include "textflag.h"

// Byte g of both values side by side.
DATA pairs<>+0(SB)/8, $0x0b030a0209010800
DATA pairs<>+8(SB)/8, $0x0f070e060d050c04
DATA pairs<>+16(SB)/8, $0x0b030a0209010800
DATA pairs<>+24(SB)/8, $0x0f070e060d050c04
GLOBL pairs<>(SB), RODATA|NOPTR, $32

// Values 2i and 2i+1 in the low lane, 16 further on in the high lane.
#define VALUES(I, X, Y) \
	VMOVDQU 16*I(SI), X                        \
	VINSERTI128 $1, 128+16*I(SI), Y, Y         \
	VPSHUFB pairs<>(SB), Y, Y

#define BIT(Y, ROW) \
	VPMOVMSKB Y, AX     \
	MOVL AX, 64*(ROW)(DI) \
	VPADDB Y, Y, Y

// PLANE writes the bits of the bytes of Y, one of 32 values each.
#define PLANE(Y, P) \
	BIT(Y, 8*P+7) \
	BIT(Y, 8*P+6) \
	BIT(Y, 8*P+5) \
	BIT(Y, 8*P+4) \
	BIT(Y, 8*P+3) \
	BIT(Y, 8*P+2) \
	BIT(Y, 8*P+1) \
	VPMOVMSKB Y, AX        \
	MOVL AX, 512*(P)(DI)  \
	CMPL BX, $((P)+1)        \
	JEQ  next

// func encodeAVX2(rows *[64][8]uint64, values *[512]uint64, planes int)
//
// It writes the first 8*planes rows, planes >= 1: 32 values at a time are turned
// from values of eight bytes into eight registers of bytes of equal place, then
// the bits of these are taken together.
TEXT ·encodeAVX2(SB), NOSPLIT, $0-24
	MOVQ rows+0(FP), DI
	MOVQ values+8(FP), SI
	MOVQ planes+16(FP), BX
	MOVL $16, CX

loop:
	VALUES(0, X0, Y0)
	VALUES(1, X1, Y1)
	VALUES(2, X2, Y2)
	VALUES(3, X3, Y3)
	VALUES(4, X4, Y4)
	VALUES(5, X5, Y5)
	VALUES(6, X6, Y6)
	VALUES(7, X7, Y7)

	// Pairs of bytes, then of pairs, then of those.
	VPUNPCKLWD  Y1, Y0, Y8
	VPUNPCKHWD  Y1, Y0, Y9
	VPUNPCKLWD  Y3, Y2, Y10
	VPUNPCKHWD  Y3, Y2, Y11
	VPUNPCKLWD  Y5, Y4, Y12
	VPUNPCKHWD  Y5, Y4, Y13
	VPUNPCKLWD  Y7, Y6, Y14
	VPUNPCKHWD  Y7, Y6, Y15
	VPUNPCKLDQ  Y10, Y8, Y0
	VPUNPCKHDQ  Y10, Y8, Y1
	VPUNPCKLDQ  Y11, Y9, Y2
	VPUNPCKHDQ  Y11, Y9, Y3
	VPUNPCKLDQ  Y14, Y12, Y4
	VPUNPCKHDQ  Y14, Y12, Y5
	VPUNPCKLDQ  Y15, Y13, Y6
	VPUNPCKHDQ  Y15, Y13, Y7
	VPUNPCKLQDQ Y4, Y0, Y8
	VPUNPCKHQDQ Y4, Y0, Y9
	VPUNPCKLQDQ Y5, Y1, Y10
	VPUNPCKHQDQ Y5, Y1, Y11
	VPUNPCKLQDQ Y6, Y2, Y12
	VPUNPCKHQDQ Y6, Y2, Y13
	VPUNPCKLQDQ Y7, Y3, Y14
	VPUNPCKHQDQ Y7, Y3, Y15
	PLANE(Y8, 0)
	PLANE(Y9, 1)
	PLANE(Y10, 2)
	PLANE(Y11, 3)
	PLANE(Y12, 4)
	PLANE(Y13, 5)
	PLANE(Y14, 6)
	PLANE(Y15, 7)

next:
	ADDQ $256, SI
	ADDQ $4, DI
	DECL CX
	JNZ  loop
	VZEROUPPER
	RET
