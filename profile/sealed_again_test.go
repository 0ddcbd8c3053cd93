package profile

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// sealing says that what openTest opens has a vault, and a schema that protects everything.
var sealing bool

// openTest is Open, of tests that are run a second time with a vault.
func openTest(t testing.TB, s store.Store, schema *Schema, o *Options) (*Profiles, error) {
	if sealing {
		protect(schema)
		o = withVault(t, s, o)
		if o.Rows == nil {
			o.Rows = allNames(t, s, schema)
		}
	}
	return Open(t.Context(), s, schema, o)
}

// protect makes everything in a schema personal.
func protect(schema *Schema) {
	if schema == nil {
		return
	}
	for i := range schema.Traits {
		schema.Traits[i].Sensitivity = Personal
	}
	for i := range schema.Events {
		for j := range schema.Events[i].Fields {
			schema.Events[i].Fields[j].Sensitivity = Sensitive
		}
	}
	for i := range schema.Computed {
		schema.Computed[i].Sensitivity = Sensitive
	}
}

// allNames are those of a schema, or of the one that is in the store.
func allNames(t testing.TB, s store.Store, schema *Schema) (names []string) {
	if schema == nil {
		stored, _, err := loadSchema(t.Context(), s, 0)
		require.NoError(t, err)
		if stored == nil {
			return nil
		}
		schema, err = stored.schema()
		require.NoError(t, err)
	}
	for _, t := range schema.Traits {
		names = append(names, t.Name)
	}
	for _, c := range schema.Computed {
		names = append(names, c.Name)
	}
	return names
}

// vaultCache is how many keys the vaults of tests keep in memory: few, so that all is used.
var vaultCache = 8

// withVault returns options that have a vault on the store, always with the same keys.
func withVault(t testing.TB, s store.Store, o *Options) *Options {
	t.Helper()
	with := Options{}
	if o != nil {
		with = *o
	}
	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{7}, seal.KeyBytes))
	require.NoError(t, err)
	with.Vault, err = seal.NewVault(s, wrapper, &seal.Options{Prefix: []byte("profile-key/"), Cache: vaultCache})
	require.NoError(t, err)
	with.Index, err = seal.NewIndex(seal.IndexKey{Version: 1, Key: bytes.Repeat([]byte{8}, seal.KeyBytes)})
	require.NoError(t, err)
	return &with
}

// What holds of what is readable in the store holds of what is sealed.
func TestAllAgainSealed(t *testing.T) {
	sealing = true
	defer func() { sealing = false }()
	for name, test := range map[string]func(*testing.T){
		"HistoriesOfEvidence":             TestHistoriesOfEvidence,
		"HistoriesOfEvidenceInBadWeather": TestHistoriesOfEvidenceInBadWeather,
		"AddUnderStaleSchema":             TestAddUnderStaleSchema,
		"ReadWhileWritten":                TestReadWhileWritten,
		"AddKnowsWhatWasAdded":            TestAddKnowsWhatWasAdded,
		"WhatIsSetAside":                  TestWhatIsSetAside,
		"CustomersWaitForWhatChangesThem": TestCustomersWaitForWhatChangesThem,
		"ErasedAtomsTakeNothing":          TestErasedAtomsTakeNothing,
		"AddersAtOnce":                    TestAddersAtOnce,
		"SetAsideAsAWholeAddedAgain":      TestSetAsideAsAWholeAddedAgain,
		"Purge":                           TestPurge,
		"PurgeCrash":                      TestPurgeCrash,
		"PurgeTogether":                   TestPurgeTogether,
		"TimelineIsEverythingInOrder":     TestTimelineIsEverythingInOrder,
		"TimelinePages":                   TestTimelinePages,
		"TimelineOfManyEntries":           TestTimelineOfManyEntries,
		"TimelineThroughMergeAndSplit":    TestTimelineThroughMergeAndSplit,
		"Slices":                          TestSlices,
		"SlicesTogether":                  TestSlicesTogether,
		"SlicesCrash":                     TestSlicesCrash,
		"SlicesOfIdentity":                TestSlicesOfIdentity,
		"SliceOfDevice":                   TestSliceOfDevice,
		"EraseLeavesNothing":              TestEraseLeavesNothing,
		"EraseMerged":                     TestEraseMerged,
		"EraseManyMerged":                 TestEraseManyMerged,
		"EraseMergedBeginsAgain":          TestEraseMergedBeginsAgain,
		"EraseRetractedSlice":             TestEraseRetractedSlice,
		"AllIsEveryProfileInOrder":        TestAllIsEveryProfileInOrder,
		"AllBesideChanges":                TestAllBesideChanges,
		"ProfileIsThatOfAStoreOfThen":     TestProfileIsThatOfAStoreOfThen,
		"SyncKeepsPartials":               TestSyncKeepsPartials,
		"LargePartials":                   TestLargePartials,
		"HeadsAreFullAt64":                TestHeadsAreFullAt64,
		"TheFutureStaysInTheHead":         TestTheFutureStaysInTheHead,
		"ThousandsOfEntriesInOneAtom":     TestThousandsOfEntriesInOneAtom,
		"LargeEvidenceInOneCall":          TestLargeEvidenceInOneCall,
		"PartialsOfAnotherSchema":         TestPartialsOfAnotherSchemaAreMadeAnew,
		"SyncEqualsFolding":               TestSyncEqualsFolding,
		"SyncCrashes":                     TestSyncCrashes,
		"SyncAtOnce":                      TestSyncAtOnce,
		"SyncSteps":                       TestSyncSteps,
	} {
		t.Run(name, test)
	}
}
