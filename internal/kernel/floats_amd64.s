//go:build !purego

#include "textflag.h"

// func betweenFloatsAVX2(dst *uint64, values *float64, n int, lo, hi float64)
TEXT ·betweenFloatsAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         values+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD lo+24(FP), Y14
	VBROADCASTSD hi+32(FP), Y15
	SHLQ         $3, CX
	JZ           done

loop:
	VMOVUPD   (SI), Y0
	VMOVUPD   32(SI), Y1
	VCMPPD    $0x1d, Y14, Y0, Y2
	VCMPPD    $0x12, Y15, Y0, Y0
	VCMPPD    $0x1d, Y14, Y1, Y3
	VCMPPD    $0x12, Y15, Y1, Y1
	VANDPD    Y0, Y2, Y0
	VANDPD    Y1, Y3, Y1
	VMOVMSKPD Y0, AX
	VMOVMSKPD Y1, DX
	SHLL      $4, DX
	ORL       DX, AX
	MOVB      AX, (DI)
	ADDQ      $64, SI
	INCQ      DI
	DECQ      CX
	JNZ       loop

done:
	VZEROUPPER
	RET
