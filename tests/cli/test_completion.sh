#!/bin/bash
# mzgrid completion: scripts that the shells take, and that complete commands, options and values.
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do
    run 1 completion $shell
    expect_status 0
    expect_empty "$err"
    cp "$out" "$box/$shell"
    for word in convert image layout csc+csr colormap; do
        expect_text "$out" "$word"
    done
    if command -v $shell >/dev/null; then
        case $shell in
        fish) fish --no-execute "$box/$shell" >"$out" 2>"$err" ;;
        *) $shell -n "$box/$shell" >"$out" 2>"$err" ;;
        esac
        status=$?
        last_run="$shell reads the script"
        expect_status 0
        expect_empty "$err"
    fi
done

run 1 completion
expect_usage_error "completion takes one argument, the shell: bash, zsh or fish"
run 1 completion tcsh
expect_usage_error "unknown shell 'tcsh', expected one of bash, zsh, fish"

# complete WORD...: what bash offers for the last word, in one line.
complete_words() {
    bash -c '. "$1"; shift; COMP_WORDS=(mzgrid "$@"); COMP_CWORD=$#; _mzgrid; echo "${COMPREPLY[*]}"' bash "$box/bash" "$@"
}

# offers WANTED WORD...
offers() {
    local wanted=$1
    shift
    complete_words "$@" >"$out" 2>"$err"
    last_run="completion of: mzgrid $*"
    status=0
    check "offers '$wanted'" [ "$(cat "$out")" = "$wanted" ]
    expect_empty "$err"
}

offers "convert" conv
offers "validate" v
offers "convert" help conv
offers "csc csr csc+csr" convert a.imzML a.zarr --layout cs
offers "--pixels --pixel-size" convert --pixel
offers "csc csr csc+csr" convert a.imzML a.zarr --layout = cs
offers "csc csr dense csc+csr" convert a.imzML a.zarr --layout =
offers "blosc-lz4 blosc-zstd blosc-zstd:fast" convert a.imzML a.zarr --compression bl
offers "magma" image x.zarr --colormap m
offers "--normalize" image x.zarr --no
offers "" convert some
offers "completion" comp
offers "bash zsh fish" completion ""
offers "fish" completion f

# offers_in SHELL WANTED LINE: what another shell offers at the end of LINE, sorted, in one line.
offers_in() {
    local shell=$1 wanted=$2 line=$3
    command -v "$shell" >/dev/null || { echo "# no $shell: scripts/setup --tests installs it"; return 0; }
    case $shell in
    zsh) HOME=$box timeout 60 zsh -f "$repository/tests/cli/complete.zsh" "$box/zsh" "$line" ;;
    fish) HOME=$box timeout 60 fish --no-config -c "source '$box/fish'; complete -C '$line'" | cut -f 1 ;;
    esac 2>"$err" | sort >"$out"
    last_run="completion by $shell of: $line"
    status=0
    check "$shell offers '$wanted'" [ "$(paste -sd ' ' "$out")" = "$wanted" ]
}

export LC_ALL=C
for shell in zsh fish; do
    offers_in $shell "convert" "mzgrid conv"
    offers_in $shell "convert" "mzgrid help conv"
    offers_in $shell "bash fish zsh" "mzgrid completion "
    offers_in $shell "csc csc+csr csr dense" "mzgrid convert a.imzML a.zarr --layout "
    offers_in $shell "--layout=csc --layout=csc+csr --layout=csr" "mzgrid convert a.imzML a.zarr --layout=cs"
    offers_in $shell "blosc-zstd blosc-zstd:fast" "mzgrid convert a.imzML a.zarr --compression blosc-z"
    offers_in $shell "--normalize" "mzgrid image x.zarr --no"
    offers_in $shell "magma" "mzgrid image x.zarr --colormap m"
done
