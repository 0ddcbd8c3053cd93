//go:build !purego

#include "textflag.h"

DATA half<>+0(SB)/1, $0x0f
GLOBL half<>(SB), RODATA|NOPTR, $1

DATA high<>+0(SB)/1, $0x80
GLOBL high<>(SB), RODATA|NOPTR, $1

// Bit i&7 of byte i.
DATA bitof<>+0(SB)/8, $0x8040201008040201
DATA bitof<>+8(SB)/8, $0x8040201008040201
GLOBL bitof<>(SB), RODATA|NOPTR, $16

// MATCH2 leaves in X the bytes of ff where the code in X matches. VPSHUFB gives 0
// for bytes from 0x80 on, so that each half of the rows answers for its codes.
#define MATCH2(X, A, B) \
	VPXOR    X, Y5, A    \
	VPSHUFB  A, Y1, A    \
	VPSHUFB  X, Y0, B    \
	VPOR     A, B, A     \
	VPSRLW   $4, X, X    \
	VPAND    X, Y4, X    \
	VPSHUFB  X, Y3, X    \
	VPAND    X, A, A     \
	VPCMPEQB X, A, X

// func matchCodes8AVX2(dst *uint64, codes *uint8, n int, rows *[32]uint8)
//
// Bit h of rows[l] is for code h<<4|l, of rows[16+l] for code (h+8)<<4|l.
TEXT ·matchCodes8AVX2(SB), NOSPLIT, $0-32
	MOVQ           dst+0(FP), DI
	MOVQ           codes+8(FP), SI
	MOVQ           n+16(FP), CX
	MOVQ           rows+24(FP), BX
	VBROADCASTI128 (BX), Y0
	VBROADCASTI128 16(BX), Y1
	VBROADCASTI128 bitof<>(SB), Y3
	VPBROADCASTB   half<>(SB), Y4
	VPBROADCASTB   high<>(SB), Y5
	TESTQ          CX, CX
	JZ             done

loop:
	VMOVDQU   (SI), Y6
	VMOVDQU   32(SI), Y7
	MATCH2(Y6, Y8, Y9)
	MATCH2(Y7, Y10, Y11)
	VPMOVMSKB Y6, AX
	VPMOVMSKB Y7, DX
	SHLQ      $32, DX
	ORQ       DX, AX
	MOVQ      AX, (DI)
	ADDQ      $64, SI
	ADDQ      $8, DI
	DECQ      CX
	JNZ       loop

done:
	VZEROUPPER
	RET

// func choose8AVX512(dst *[blockBits + 64]uint8, codes *[blockBits]uint8, words *[blockWords]uint64) int
//
// It writes up to 63 codes beyond those it counts.
TEXT ·choose8AVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ words+16(FP), DX
	MOVQ DI, R8
	MOVL $64, CX

loop:
	MOVQ        (DX), AX
	KMOVQ       AX, K1
	POPCNTQ     AX, BX
	VMOVDQU64   (SI), Z0
	VPCOMPRESSB Z0, K1, Z0
	VMOVDQU64   Z0, (DI)
	ADDQ        BX, DI
	ADDQ        $8, DX
	ADDQ        $64, SI
	DECL        CX
	JNZ         loop
	SUBQ        R8, DI
	MOVQ        DI, ret+24(FP)
	VZEROUPPER
	RET

// func choose16AVX512(dst *[blockBits + 64]uint16, codes *[blockBits]uint16, words *[blockWords]uint64) int
//
// It writes up to 63 codes beyond those it counts.
TEXT ·choose16AVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ codes+8(FP), SI
	MOVQ words+16(FP), DX
	MOVQ DI, R8
	MOVL $128, CX

loop:
	MOVL        (DX), AX
	KMOVD       AX, K1
	POPCNTL     AX, BX
	VMOVDQU64   (SI), Z0
	VPCOMPRESSW Z0, K1, Z0
	VMOVDQU64   Z0, (DI)
	LEAQ        (DI)(BX*2), DI
	ADDQ        $4, DX
	ADDQ        $64, SI
	DECL        CX
	JNZ         loop
	SUBQ        R8, DI
	SHRQ        $1, DI
	MOVQ        DI, ret+24(FP)
	VZEROUPPER
	RET
