// Package ingest answers: what does this file say, and how far can it be trusted?
//
// It reads dirty CSV and JSON lines, plain or compressed by gzip, into values of the
// caller's own type. A [Schema] declares the columns, how their text is written (marks
// in numbers, layouts and zone of times), and the rules: what must be there, what is
// allowed, what is repaired and how. A [Reader] then yields clean records, and its
// [Report] says what became of every other:
//
//	read = kept + repaired + set aside
//
// with each record set aside under one reason, and written out with its line number on
// request. [Report.Score] turns the counts into a [Scorecard] of data quality.
//
// # Money
//
// Prices are read as exact decimals ([Exact], [Decimal]), amounts as a count of minor
// units ([Money]). A line amount is formed exactly and rounded once, half to even, by
// [Decimal.Amount]. Floats are for measurements.
//
// # Hostile input
//
// A record is bounded (Options.MaxRecord), so is what compressed input may become
// (MaxBytes, MaxRatio) and what keys may take (MaxKeyBytes); beyond these memory is
// constant. A record with bad quotes, a wrong number of fields, bytes that are not
// UTF-8 or a NUL is set aside, and reading goes on with the next line: a quote that is
// never closed costs one line, not the rest of the file. A source that ends early, is
// damaged, or followed by something else is an error behind the records that came
// before. Errors name source, line and field, and never show a value; a header is
// quoted if it can be told from a record.
//
// # Speed and memory
//
// An invoice line of eight columns takes well under a microsecond of one core, time and
// decimal included, and no allocation but for texts not seen lately. The reader uses
// one goroutine.
package ingest
