// Package integration has no API. Its tests answer whether the adapters keep their
// word on the real thing, and whether package identity comes to the same customers and
// package profile to the same profiles on each, also with several processes at once and
// one of them killed, whether consents, the log, views and erasures then agree, and whether live segments that a store keeps are then those that
// only memory keeps. They start servers of PostgreSQL and MariaDB from the programs
// installed on the machine, as an unprivileged user, on free ports of the loopback
// interface and in temporary folders, and stop them in the end. The servers do not sync
// commits to disk, as processes are killed here and not machines; but for a soak of a
// minute or more, which measures, PostgreSQL does.
//
// The soak test lasts three seconds. In earnest, with figures:
//
//	go test -run TestSoak -v -soak 10m -timeout 30m .
//
// On Debian the programs come with
//
//	apt-get install --no-install-recommends postgresql mariadb-server
//
// Tests whose server is not installed are skipped. PostgreSQL is looked for in
// /usr/lib/postgresql and in PATH.
package integration
