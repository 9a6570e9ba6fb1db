#!/bin/sh
# Usage: expect_output.sh TEXT COMMAND...
#
# Passes if COMMAND succeeds and prints TEXT, and nothing else. CTest's PASS_REGULAR_EXPRESSION alone would not look at
# the exit status.
expected=$1
shift
output=$("$@" 2>&1)
status=$?
printf '%s\n' "$output"
[ $status = 0 ] && [ "$output" = "$expected" ]
