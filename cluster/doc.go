// Package cluster answers which customers are alike: it divides them into groups by
// their features, says what tells the groups apart, names them, and tells from month to
// month who moved.
//
//	result, err := cluster.Fit(ctx, customers, &cluster.Options{
//		K:       3,
//		Prepare: cluster.Preparation{Power: cluster.Log1p}, // then z-scores
//	})
//	...
//	groups, err := cluster.Describe(ctx, customers, &result.Assignment, nil)
//	...
//	for _, g := range groups.Groups {
//		fmt.Println(g.Label, g.Rows, g.Name.EN, g.Name.ZH, g.Rule)
//	}
//	latest, err := result.Model.AssignRow([]float64{8, 2, 60}, nil) // the group of somebody new
//
// The package example has it whole; [Choose] helps with K; docs/theory/cluster.md has the formulas and where they mislead.
//
// A table of features goes in, a [Model] and a label for each row come out. The model
// holds everything that assigning needs, the preparation of the features included, so
// that the group of a customer is a function of the model and that customer's row alone,
// never of the other rows that happen to be assigned with it.
//
// # The same groups every time
//
// A fit depends on the rows, their ids, the options and the seed, and on nothing else:
// not on the order of the rows where they have ids, not on the number of goroutines, not
// on the processor (but for the last bits of the logarithms of a [Power], which may differ
// between architectures). Labels are in canonical order: 0 is the largest group.
//
// # Features
//
// Each column is prepared by itself, as its [Preparation] says: limited, transformed,
// scaled and weighted. Categories become indicators, or stay what they are with
// [Prototypes]. Columns of one value take no part and are reported. A missing value is an
// error unless a policy says what it becomes. Means and variances are formed from
// differences, so that times in seconds lose no digits.
//
// In a fit, numbers beyond ±1e100, as they are or prepared, are an error that names the
// column: the squares of all rows could not be added up. [Assign] says what it checks.
//
// # Distances
//
// A distance is the squared Euclidean distance of prepared features, summed feature by
// feature as (x-c)², never as |x|²-2xc+|c|²: the latter is what makes other libraries
// mislabel rows whose features have a large offset, such as times in seconds.
package cluster
