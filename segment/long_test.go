//go:build long

package segment

import "testing"

func TestSelectIsSlowLong(t *testing.T) {
	for seed := range uint64(400) {
		testSelectIsSlow(t, 1000+seed, 300)
	}
}

func TestApplyModelLong(t *testing.T) {
	for seed := range uint64(2000) {
		testApplyModel(t, 1000+seed)
	}
}

// Two million random steps.
func TestLiveIsSlowLong(t *testing.T) {
	for seed := range uint64(4000) {
		testLive(t, 10_000+seed, 500, 0)
	}
}

func TestShelfLiveIsSlowLong(t *testing.T) {
	for seed := range uint64(400) {
		testShelfLive(t, 1000+seed)
	}
}

func TestLiveCrowdIsSlowLong(t *testing.T) {
	for seed := range uint64(60) {
		testLiveCrowd(t, 1000+seed, 60)
	}
}
