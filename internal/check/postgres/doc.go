// Package postgres gives tests a real PostgreSQL: a cluster of its own for each test program, on
// loopback, under a user without rights, and an empty database for each test. The cluster ends with
// the test program, however that ends.
//
// The variable PINWHEEL_TEST_POSTGRES names a server that is there already, as the URL of a
// database whose user may create others. Where there is neither that nor an installed PostgreSQL,
// the test is skipped with a counted line, and fails where CI is set (package testenv).
//
// It installs nothing, and knows nothing of what tests keep there.
package postgres
