#!/bin/bash
# Installs a build and moves what is there to PREFIX, as a package may be moved.
#
#   install_prefix.sh BUILD PREFIX
set -eu
rm -rf "$2" "$2.first"
cmake --install "$1" --prefix "$2.first" >"$2.log"
mv "$2.first" "$2"
