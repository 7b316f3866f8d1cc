# Shared by the scripts beside it: where the project is, how they talk, which Swift they use.
# shellcheck shell=bash

# The scripts that source this use it.
# shellcheck disable=SC2034
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
me=${0##*/}

# Colours only for a person at a terminal (https://no-color.org).
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' red='' green='' plain=''
fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }
good() { printf '%s%s%s\n' "$green" "$*" "$plain"; }
die() {
    printf '%s%s: %s%s\n' "$red" "$me" "$*" "$plain" >&2
    exit 1
}

# The comment at the top of the script is its help.
usage() { sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0"; }

# Puts a Swift toolchain on PATH: the one that is there, else the usual places.
find_swift() {
    local place
    command -v swift >/dev/null && return
    for place in /opt/swift/usr/bin "${SWIFTLY_BIN_DIR:-}" "$HOME/.local/share/swiftly/bin" "$HOME/.swiftly/bin"; do
        if [[ -n $place && -x $place/swift ]]; then
            export PATH=$place:$PATH
            return
        fi
    done
    die "no Swift toolchain: put swift 6.3 on PATH, in /opt/swift, or install it with swiftly (https://swift.org/install)"
}
