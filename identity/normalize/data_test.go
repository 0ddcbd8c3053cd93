package normalize_test

import (
	"encoding/csv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
	"github.com/clientele-go/clientele/internal/dataset"
)

// TestExampleNumbers reads the 1,144 example numbers of libphonenumber's metadata
// (google/libphonenumber, Apache-2.0), as E.164 and as national significant number
// after the calling code. The data is not part of the repository.
func TestExampleNumbers(t *testing.T) {
	f := dataset.Open(t, "libphonenumber/example_numbers.csv")
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	rows = rows[1:]
	require.Len(t, rows, 1144)
	// Some examples are placeholders themselves, such as those that end in 1234567: the
	// default options refuse them as Junk, and no others.
	phone, err := normalize.Phone(&normalize.PhoneOptions{KeepPlaceholders: true})
	require.NoError(t, err)
	defaults, err := normalize.Phone(nil)
	require.NoError(t, err)
	wrong, junk := 0, 0
	for _, row := range rows {
		for _, written := range []string{row[4], "+" + row[1] + " " + row[3]} {
			v, err := phone.One(written)
			if err != nil || v.Text != row[4] || v.Warning == normalize.Unusual {
				t.Logf("%s %s: %v %v", row[0], row[2], v, err)
				wrong++
			}
		}
	}
	for _, row := range rows {
		v, err := defaults.One(row[4])
		if err != nil {
			require.Equal(t, normalize.Junk, normalize.ReasonOf(err), "%s %s", row[0], row[2])
			junk++
			continue
		}
		require.Equal(t, row[4], v.Text)
	}
	require.Zero(t, wrong)
	require.Equal(t, 210, junk)
}
