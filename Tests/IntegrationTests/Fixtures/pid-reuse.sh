#!/usr/bin/env bash
# Lets a stranger have the process id of a worker that died while koomyd was away, and expects koomyd to leave it alone.
#
# It is the first process of a pid namespace of its own, with few numbers in it. The argument is an empty folder.
set -euo pipefail
folder=$1
export KOOMY_HOME=$folder/k HOME=$folder

fail() {
    printf '%s\n' "$*"
    tail -n 20 -- "$KOOMY_HOME/log/koomyd.log" || true
    exit 1
}

# From Linux 6.14 on each namespace has its own; before, the whole machine's would be changed.
if ! echo 400 >/proc/sys/kernel/pid_max || [[ $(</proc/sys/kernel/pid_max) != 400 ]]; then fail 'no pid_max'; fi

cat >"$folder/eco.yaml" <<'END'
apps:
  - name: sleeper
    script: /bin/sleep
    args: ["1000"]
    interpreter: none
    instances: 2
    min_uptime: 100ms
    healthy_time: 50ms
END

pid_of() { koomyctl status --json | jq -r ".apps[0].workers[$1].pid"; }

# After the highest number the kernel goes on with 300 (RESERVED_PIDS): the lower ones are never used again.
while true; do
    true &
    if (($! > 310)); then break; fi
done
wait

koomyd &
first=$!
# Before it answers, koomyctl would start another.
for ((i = 0; i < 200; i++)); do koomyctl status >/dev/null 2>&1 && break; sleep 0.05; done
koomyctl start "$folder/eco.yaml" >/dev/null || fail 'start'
victim=$(pid_of 0) other=$(pid_of 1)
kill -KILL "$first"
wait "$first" || true
kill -KILL "$victim"
# What its parent did not wait for is ours.
for ((i = 0; i < 500; i++)); do [[ -e /proc/$victim ]] || break; wait -n 2>/dev/null || sleep 0.01; done

stranger=
for ((i = 0; i < 2000; i++)); do
    sleep 1000 &
    if [[ $! == "$victim" ]]; then stranger=$!; break; fi
    kill "$!"
    wait "$!" || true
done
[[ $stranger ]] || fail "nobody got the number $victim"

koomyd &
for ((i = 0; i < 200; i++)); do
    ready=$(koomyctl status --json 2>/dev/null | jq '[.apps[0].workers[] | select(.state == "ready")] | length' || true)
    [[ $ready == 2 ]] && break
    sleep 0.05
done
[[ $ready == 2 ]] || fail "ready: $ready"
[[ $(pid_of 1) == "$other" ]] || fail 'the worker that lived was replaced'
[[ $(pid_of 0) != "$victim" ]] || fail 'the stranger is taken for a worker'
koomyctl delete all >/dev/null || fail 'delete'
kill -0 "$stranger" || fail 'the stranger was killed'
koomyctl daemon stop >/dev/null || fail 'stop'
kill -0 "$stranger" || fail 'the stranger was killed at the end'
