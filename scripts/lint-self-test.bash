# Feeds scripts/lint sources that are wrong on purpose, one fault each, in a temporary tree, and expects the finding;
# then sources that only look wrong, and expects none.
# shellcheck shell=bash

# bad FILE TEXT PATTERN: a file with this text (\n and \t as printf has them) gives a finding that matches the pattern.
bad() {
    mkdir -p "$(dirname -- "$1")"
    printf '%b' "$2" >"$1"
    expected+=("$1:[0-9]*:.*$3")
}

# fine FILE TEXT: a file with this text gives no finding.
fine() {
    mkdir -p "$(dirname -- "$1")"
    printf '%b' "$2" >"$1"
    unexpected+=("$1")
}

# Words that the lint would find here are put together from two parts.
bad_cases() {
    bad Sources/KoomyModel/A.swift 'import Foundation\n' 'KoomyModel may not import Foundation'
    bad Sources/KoomyWire/B.swift 'internal import Foundation\n' 'KoomyWire may not import Foundation'
    bad Sources/KoomySupervisor/Control/C.swift 'import FoundationEssentials\n' 'may not import FoundationEssentials'
    bad Sources/KoomyEventLoop/D.swift '@preconcurrency import Dispatch\n' 'may not import Dispatch'
    bad Sources/KoomyCore/E.swift 'package import struct KoomySystem.Pidfd\n' 'KoomyCore may not import KoomySystem'
    bad Sources/KoomyModel/F.swift 'import KoomyCore\n' 'KoomyModel may not import KoomyCore'
    bad Sources/KoomyCore/G.swift 'import Glibc\n' 'KoomyCore may not import Glibc'
    bad Sources/KoomyNew/H.swift 'let a = 1\n' 'target KoomyNew has no row'
    bad Sources/KoomySystem/I.swift 'import Glibc\nlet a = errno\n' 'errno is not read'
    bad Sources/KoomySystem/J.swift 'let a = Glibc.errno\n' 'errno is not read'
    bad Sources/KoomyEventLoop/K.swift 'func a() { Task { b() } }\n' 'no Task'
    bad Sources/KoomyEventLoop/L.swift 'func a() { Task.detached(b) }\n' 'no Task'
    bad Sources/koomyctl/M.swift 'func a() async {}\n' 'no async'
    bad Sources/koomyd/N.swift 'let a = await b\n' 'no async or await'
    bad Sources/KoomyClient/O.swift 'final actor Pool {}\n' 'no actor'
    bad Sources/KoomySystem/P.swift 'let pid = fork()\n' 'no fork'
    bad Sources/CKoomyLinux/q.c 'int a(void) { return vfork(); }\n' 'no fork'
    bad Sources/KoomySupervisor/R.swift 'func a() { fatalError("b") }\n' 'does not trap'
    bad Sources/KoomyModel/S.swift 'func a() { preconditionFailure() }\n' 'does not trap'
    bad Sources/KoomyConfig/T.swift 'extension A: @unchecked Sendable {}\n' 'only in KoomySystem'
    bad Sources/KoomyCore/U.swift 'switch a {\ncase .b: 1\ndefault: 2\n}\n' 'no default in the machines'
    bad Sources/KoomyModel/V.swift "/// A word.\nlet a = 1  // TO""DO: more\n" 'loose end'
    bad docs/w.md "FIX""ME\n" 'loose end'
    bad Tests/KoomyModelTests/X.swift 'func a() { usleep(5) }\n' 'does not sleep'
    bad Tests/KoomyModelTests/Y.swift 'func a() { try Task.sleep(for: b) }\n' 'does not sleep'
    bad Sources/KoomyModel/Z.swift 'let a = b!\n' 'NeverForceUnwrap'
    bad Sources/KoomyModel/AA.swift 'let a = try! b()\n' 'NeverUseForceTry'
    bad Sources/KoomyModel/AB.swift 'let a = b as! C\n' 'NeverForceUnwrap'
    bad Sources/KoomyModel/AC.swift 'let a: Int! = nil\n' 'NeverUseImplicitlyUnwrappedOptionals'
    bad Sources/KoomyModel/AD.swift 'let a=1\n' 'Spacing'
    bad Sources/KoomyWorker/AE.swift 'public let a = 1\n' 'AllPublicDeclarationsHaveDocumentation'
    bad Sources/KoomyModel/AF.swift 'let a = 1' 'no newline at the end'
    bad docs/ag.md 'A line. \n' 'space at the end'
    bad docs/ah.md 'A line.\r\n' 'CR'
    bad Sources/KoomyModel/AI.swift '\tlet a = 1\n' 'tab'
    bad docs/aj.md 'Look in /wor''k/main.\n' 'a path of one machine'
    bad docs/ak.md 'Look in /tmp/koom''y/x.\n' 'a path of one machine'
    bad docs/al.md 'See [that](missing.md).\n' 'link to missing.md, which is not there'
    bad docs/am.md '# One thing\nSee [that](#other-thing).\n' 'a heading that is not there'
    bad Sources/KoomyModel/AN.swift "$(yes '// A line.' | head -n 451)\n" 'longer than 450 lines'
    bad Tests/KoomyModelTests/AO.swift "$(yes '// A line.' | head -n 801)\n" 'longer than 800 lines'
    # shellcheck disable=SC2016  # it is the fault
    bad scripts/ap '#!/bin/bash\ncd $1\n' 'SC2086'
}

# shellcheck disable=SC2016  # Markdown's quotes and a shell's variable, meant as they are
fine_cases() {
    fine Sources/KoomyCore/Fine.swift 'import KoomyModel\n\n// fork() and default: in prose /* errno */\n/* await\n fatalError() */\nlet a = "Task { await b }"\n'
    fine Sources/KoomyCore/Fine2.swift 'let a = """\n    fork() fatalError() // await\n    """\nlet b = 1\n'
    fine Sources/KoomySystem/Fine.swift 'import Glibc\n\nstruct A {\n    var errno: Int32\n    init(errno: Int32) { self.errno = errno }\n}\n'
    fine Sources/KoomyCore/Fine3.swift 'switch a {\ncase 4, 6: 30\ndefault: 31\n}\n'
    fine Sources/KoomySystem/Fine3.swift 'import Glibc\n\nextension SystemError {\n    var a: Int32 { errno }\n}\n'
    fine Sources/KoomySystem/Fine2.swift 'final class Box: @unchecked Sendable {}\n'
    fine Sources/KoomySupervisor/State/Fine.swift 'import FoundationEssentials\n'
    fine Sources/KoomyModel/Fine.swift '/// A use.\nlet a = fail(errno: 5)\nlet b = a.default\n'
    fine Sources/koomy-api/Fine.swift 'let route = "/wor''k?ms=5"\nlet actor = 1\n'
    fine Tests/KoomyModelTests/Fine.swift '// It does not sleep(1).\nlet asleep = 1\n'
    fine docs/fine.md '# A heading: `code`\n\nSee [this](#a-heading-code), [that](fine.md) and [home](https://example.org/a).\n\n```\n[not](a-link.md)\n```\n'
    fine scripts/fine '#!/bin/sh\ncd "$1" || exit\n'
}

self_test() {
    local tree output pattern file failed=0 expected=() unexpected=()
    tree=$(mktemp -d)
    # shellcheck disable=SC2064  # now, not then
    trap "rm -rf -- '$tree'" EXIT
    cd -- "$tree" || return
    bad_cases
    fine_cases
    printf '// swift-tools-version: 6.3\n' >Package.swift
    output=$(findings)
    for pattern in "${expected[@]}"; do
        if ! grep -q -- "^$pattern" <<<"$output"; then
            printf 'lint does not find: %s\n' "$pattern"
            failed=$((failed + 1))
        fi
    done
    for file in "${unexpected[@]}"; do
        if grep -F -- "$file:" <<<"$output"; then
            printf 'lint finds what is not there: %s\n' "$file"
            failed=$((failed + 1))
        fi
    done
    printf 'lint self-test: %d passed, %d failed\n' "$((${#expected[@]} + ${#unexpected[@]} - failed))" "$failed"
    ((failed == 0))
}
