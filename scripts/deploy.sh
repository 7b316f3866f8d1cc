#!/usr/bin/env bash
# Brings new code of an app live without losing a request, and ends with the exit code of the deployment: for a job of
# CI, or for an operator who types `git pull && scripts/deploy.sh`. It needs nothing but koomyctl, and may be copied.
#
#   deploy.sh [-f FILE] [-a APP] [-u URL] [SOURCE] [-- OPTION...]
#
#   SOURCE      a folder or a tarball; without it, the commit that is checked out where FILE is
#   -f FILE     the ecosystem file; without it, ecosystem.yaml, .yml or .json here or in ecosystem/
#   -a APP      the app; without it, the only one of the file
#   -u URL      fetched when the new code serves; where that fails, what served before serves again, with exit code 6
#   -n          only say what would be done
#   OPTION...   further options of koomyctl deploy, as --no-canary or --wait
#
# What it does: checks the file; builds a release; rehearses it, which is where its health is tested, in a worker that
# nobody else can reach; replaces the workers one at a time; shows the status. Whatever fails, what serves goes on.
#
# Exit codes (koomyctl help has them all): 0 it serves; 4 a new worker failed; 5 not ready in time; 6 unhealthy; 7 it
# serves, but an old worker had to be killed; 12 the build or a hook failed; 64 wrong usage; 65 file or source wrong.
set -euo pipefail

say() { printf '==> %s\n' "$*"; }
fail() {
    local code=$1
    shift
    printf 'deploy.sh: %s\n' "$*" >&2
    exit "$code"
}
usage() { sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0"; }

# Prints the first ecosystem file that is there.
find_file() {
    local folder name
    for folder in . ecosystem; do
        for name in ecosystem.yaml ecosystem.yml ecosystem.json ecosystem.config.json; do
            if [[ -f $folder/$name ]]; then printf '%s\n' "$folder/$name"; return; fi
        done
    done
    fail 64 'no ecosystem file here: name it with -f'
}

# Prints the name of the file's only app.
only_app() {
    local names
    names=$(koomyctl validate --json -- "$1" | sed -n 's/.*"apps":\[\([^]]*\)\].*/\1/p')
    if [[ $names != \"*\" || $names == *,* ]]; then fail 64 "$1 has the apps $names: name one with -a"; fi
    printf '%s\n' "${names//\"/}"
}

# Fetches a URL, until it answers well or five seconds are over.
answers() { curl --fail --silent --show-error --output /dev/null --max-time 5 --retry 3 --retry-all-errors --retry-max-time 5 -- "$1"; }

main() {
    local file='' app='' url='' code=0
    local -a source=() options=()
    while (($#)); do
        case $1 in
            -f | -a | -u) (($# > 1)) || { usage >&2; exit 64; } ;;&
            -f) file=$2; shift ;;
            -a) app=$2; shift ;;
            -u) url=$2; shift ;;
            -n) options+=(--dry-run) ;;
            -h | --help) usage; return ;;
            --) shift; options+=("$@"); break ;;
            -*) usage >&2; exit 64 ;;
            *)
                ((${#source[@]} == 0)) || fail 64 "one SOURCE, not $1 as well"
                source=("$1")
                ;;
        esac
        shift
    done

    command -v koomyctl >/dev/null || fail 64 'koomyctl is not on PATH'
    if [[ -z $file ]]; then file=$(find_file); fi

    say "checking $file"
    koomyctl validate -- "$file" || exit
    if [[ -z $app ]]; then app=$(only_app "$file"); fi
    if ((${#source[@]} == 0)); then source=(--git HEAD --repo "$(dirname -- "$file")"); fi

    say "deploying $app"
    koomyctl deploy "$app" "${source[@]}" --file "$file" "${options[@]}" || code=$?
    if ((code != 0 && code != 7)); then
        printf 'deploy.sh: %s is as it was (%d)\n' "$app" "$code" >&2
    elif [[ -n $url && " ${options[*]} " != *' --dry-run '* ]]; then
        say "asking $url"
        if ! answers "$url"; then
            say 'it does not answer: going back'
            koomyctl rollback "$app" || fail $? "$app could not go back: koomyctl history $app"
            code=6
        fi
    fi
    say 'status'
    koomyctl status "$app" || true
    return "$code"
}

main "$@"
