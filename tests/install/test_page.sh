#!/bin/bash
# What the page "Using the library" shows of C and Python stands in the examples, line by line.
. "${BASH_SOURCE[0]%/*}/lib.sh"
awk '/^```(c|python)$/ {inside = 1; next} /^```/ {inside = 0} inside && NF' "$EXAMPLES/../library.md" >lines
[ "$(wc -l <lines)" -gt 10 ]
while read -r line; do
    cat "$EXAMPLES"/* | grep -qF -- "$line" || { echo "in no example: $line"; exit 1; }
done <lines
