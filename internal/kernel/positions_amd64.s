//go:build !purego

#include "textflag.h"

// The carry is the bit of position AX in the words at R8.
#define LOOKUP \
	MOVL AX, BX         \
	SHRL $6, BX         \
	MOVQ (R8)(BX*8), BX \
	BTQ  AX, BX

#define PROBE(AT) \
	MOVWLZX AT(SI), AX       \
	MOVW    AX, (DI)(DX*2)   \
	LOOKUP                   \
	ADCQ    $0, DX

// func probeAVX2(dst, positions *uint16, n int, w *Words) int
TEXT ·probeAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ positions+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ w+24(FP), R8
	XORL DX, DX
	SUBQ $4, CX
	JLT  rest

four:
	PROBE(0)
	PROBE(2)
	PROBE(4)
	PROBE(6)
	ADDQ $8, SI
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JZ   done

one:
	PROBE(0)
	ADDQ $2, SI
	DECQ CX
	JNZ  one

done:
	MOVQ DX, ret+32(FP)
	RET

#define PROBENOT(AT) \
	MOVWLZX AT(SI), AX       \
	MOVW    AX, (DI)(DX*2)   \
	LOOKUP                   \
	SBBQ    $-1, DX

// func probeNotAVX2(dst, positions *uint16, n int, w *Words) int
TEXT ·probeNotAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ positions+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ w+24(FP), R8
	XORL DX, DX
	SUBQ $4, CX
	JLT  rest

four:
	PROBENOT(0)
	PROBENOT(2)
	PROBENOT(4)
	PROBENOT(6)
	ADDQ $8, SI
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JZ   done

one:
	PROBENOT(0)
	ADDQ $2, SI
	DECQ CX
	JNZ  one

done:
	MOVQ DX, ret+32(FP)
	RET

#define PROBECOUNT(AT) \
	MOVWLZX AT(SI), AX       \
	LOOKUP                   \
	ADCQ    $0, DX

// func probeCountAVX2(positions *uint16, n int, w *Words) int
TEXT ·probeCountAVX2(SB), NOSPLIT, $0-32
	MOVQ positions+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ w+16(FP), R8
	XORL DX, DX
	SUBQ $4, CX
	JLT  rest

four:
	PROBECOUNT(0)
	PROBECOUNT(2)
	PROBECOUNT(4)
	PROBECOUNT(6)
	ADDQ $8, SI
	SUBQ $4, CX
	JGE  four

rest:
	ADDQ $4, CX
	JZ   done

one:
	PROBECOUNT(0)
	ADDQ $2, SI
	DECQ CX
	JNZ  one

done:
	MOVQ DX, ret+24(FP)
	RET

// The numbers 0 to 31.
DATA ascending<>+0(SB)/8, $0x0003000200010000
DATA ascending<>+8(SB)/8, $0x0007000600050004
DATA ascending<>+16(SB)/8, $0x000b000a00090008
DATA ascending<>+24(SB)/8, $0x000f000e000d000c
DATA ascending<>+32(SB)/8, $0x0013001200110010
DATA ascending<>+40(SB)/8, $0x0017001600150014
DATA ascending<>+48(SB)/8, $0x001b001a00190018
DATA ascending<>+56(SB)/8, $0x001f001e001d001c
GLOBL ascending<>(SB), RODATA|NOPTR, $64

// func extractAVX512(dst *uint16, words *uint64, n, first int) int
//
// The positions in n >= 1 words, which begin at position first. It writes up to
// 31 numbers beyond those it counts.
TEXT ·extractAVX512(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         words+8(FP), SI
	MOVQ         n+16(FP), CX
	MOVQ         first+24(FP), AX
	VPBROADCASTW AX, Z0
	VPADDW       ascending<>(SB), Z0, Z0
	MOVL         $32, AX
	VPBROADCASTW AX, Z3
	MOVQ         DI, R8

loop:
	MOVQ       (SI), AX
	KMOVD      AX, K1
	POPCNTL    AX, DX
	SHRQ       $32, AX
	KMOVD      AX, K2
	POPCNTL    AX, BX
	VPADDW     Z3, Z0, Z1
	VPCOMPRESSW Z0, K1, Z4
	VPCOMPRESSW Z1, K2, Z5
	VMOVDQU64  Z4, (DI)
	LEAQ       (DI)(DX*2), DI
	VMOVDQU64  Z5, (DI)
	LEAQ       (DI)(BX*2), DI
	VPADDW     Z3, Z1, Z0
	ADDQ       $8, SI
	DECQ       CX
	JNZ        loop
	SUBQ       R8, DI
	SHRQ       $1, DI
	MOVQ       DI, ret+32(FP)
	VZEROUPPER
	RET

// Lane by lane the least difference between the position at SI and those in Y is kept in LEAST.
#define NEARER(Y, LEAST) \
	VPXORQ  Y, Z8, Z9        \
	VPMINUW Z9, LEAST, LEAST

// The lanes K of LEAST that are 0 are added to AX.
#define ADDZEROS(LEAST, K) \
	VPTESTNMW LEAST, LEAST, K, K5 \
	KMOVD     K5, BX              \
	POPCNTL   BX, BX              \
	ADDQ      BX, AX

// func shareAVX512(x *uint16, n int, y *uint16, m int) int
//
// How many of n >= 1 positions at x are among the 1 <= m <= 128 at y, which are
// kept in registers; all of a list are different.
TEXT ·shareAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ y+16(FP), DX
	MOVQ m+24(FP), R8
	MOVQ $-1, R9
	XORL AX, AX
	VPTERNLOGD $0xff, Z4, Z4, Z4
	VMOVDQA64  Z4, Z5
	BZHIQ R8, R9, R10
	KMOVD R10, K1
	VMOVDQU16.Z (DX), K1, Z0
	CMPQ  R8, $32
	JGT   more

one:
	VPBROADCASTW (SI), Z8
	NEARER(Z0, Z4)
	ADDQ $2, SI
	DECQ CX
	JNZ  one
	JMP  sum1

more:
	SHRQ  $32, R10
	KMOVD R10, K2
	VMOVDQU16.Z 64(DX), K2, Z1
	CMPQ  R8, $64
	JGT   most

two:
	VPBROADCASTW (SI), Z8
	NEARER(Z0, Z4)
	NEARER(Z1, Z5)
	ADDQ $2, SI
	DECQ CX
	JNZ  two
	JMP  sum2

most:
	VMOVDQA64 Z4, Z6
	VMOVDQA64 Z4, Z7
	SUBQ  $64, R8
	BZHIQ R8, R9, R10
	KMOVD R10, K3
	SHRQ  $32, R10
	KMOVD R10, K4
	VMOVDQU16.Z 128(DX), K3, Z2
	VMOVDQU16.Z 192(DX), K4, Z3

four:
	VPBROADCASTW (SI), Z8
	NEARER(Z0, Z4)
	NEARER(Z1, Z5)
	NEARER(Z2, Z6)
	NEARER(Z3, Z7)
	ADDQ $2, SI
	DECQ CX
	JNZ  four
	ADDZEROS(Z7, K4)
	ADDZEROS(Z6, K3)

sum2:
	ADDZEROS(Z5, K2)

sum1:
	ADDZEROS(Z4, K1)
	MOVQ AX, ret+32(FP)
	VZEROUPPER
	RET
