# What scripts/lint asks of Swift and C sources, line by line. Prints file:line: text.
# Comments and the text of string literals are taken out first, so that prose may name what code may not use.

BEGIN {
    # The rooms of the house and what each may import (docs/architecture.md): a target may use the ones above it.
    # "-" stands for nothing. Foundation and Dispatch are in no row, so they are refused everywhere.
    allow("KoomyModel", "-")
    allow("KoomyCore", "KoomyModel")
    allow("KoomyConfig", "KoomyModel CYAML Glibc")
    allow("KoomyWire", "KoomyModel FoundationEssentials")
    allow("KoomySystem", "KoomyModel CKoomyLinux Glibc")
    allow("KoomyEventLoop", "KoomyModel KoomySystem CSystemd Glibc")
    allow("KoomySupervisor", "KoomyModel KoomyCore KoomyConfig KoomyWire KoomySystem KoomyEventLoop" \
        " CSystemd CMicrohttpd Glibc")
    allow("KoomyWorker", "CKoomyLinux Glibc")
    allow("KoomyClient", "KoomyModel KoomyWire KoomySystem CKoomyLinux Glibc")
    allow("koomyd", "KoomyModel KoomyConfig KoomySystem KoomySupervisor Glibc")
    allow("koomyctl", "KoomyModel KoomyConfig KoomyWire KoomySystem KoomyClient CKoomyLinux Glibc")
    allow("koomy-api", "KoomyWorker CKoomyLinux CMicrohttpd CSQLite Glibc Synchronization")
}

function allow(target, modules) { allowed[target] = " " modules " " }

function found(text) { printf "%s:%d: %s\n", FILENAME, FNR, text }

# Whether `code` has `word` as a word of its own, followed by what `after` matches.
function has(word, after) { return code ~ ("(^|[^A-Za-z0-9_`.])" word after) }

# The line without comments and with empty string literals; keeps what is open across lines.
function strip(line,    out, at, two) {
    out = ""
    while (line != "") {
        if (comments > 0) {
            if (!match(line, /\/\*|\*\//)) return out
            comments += substr(line, RSTART, 2) == "/*" ? 1 : -1
            line = substr(line, RSTART + 2)
            # C has no nested comments.
            if (comments > 1 && !swift) comments = 1
            continue
        }
        if (quoting) {
            at = index(line, "\"\"\"")
            if (!at) return out
            quoting = 0
            line = substr(line, at + 3)
            continue
        }
        if (!match(line, /\/\/|\/\*|"/)) return out line
        two = substr(line, RSTART, 2)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART)
        if (two == "//") return out
        if (two == "/*") { comments = 1; line = substr(line, 3); continue }
        if (swift && substr(line, 1, 3) == "\"\"\"") { quoting = 1; line = substr(line, 4); continue }
        out = out "\"\""
        if (out ~ /#""$/) { # a raw string ends at "#
            at = index(substr(line, 2), "\"#")
            line = at ? substr(line, at + 2) : ""
        } else if (match(line, /^"([^"\\]|\\.)*"/)) {
            line = substr(line, RLENGTH + 1)
        } else {
            return out
        }
    }
    return out
}

function start_file(    parts, count) {
    comments = quoting = 0
    sees_errno = declares_errno = counts = 0
    swift = FILENAME ~ /\.swift$/
    count = split(FILENAME, parts, "/")
    place = parts[1]
    target = count > 2 ? parts[2] : ""
    folder = count > 3 ? parts[3] : ""
    source = place == "Sources"
    test = place == "Tests"
    if (source && swift && !(target in allowed) && !(target in unknown)) {
        unknown[target] = 1
        found("target " target " has no row in the import table of scripts/lint.awk")
    }
}

function check_import(    words, count, i, module) {
    if (code !~ /^[ \t]*(@[A-Za-z_]+(\([^)]*\))?[ \t]+)*((public|package|internal|fileprivate|private)[ \t]+)?import[ \t]/) return
    count = split(code, words, /[ \t]+/)
    for (i = 1; words[i] != "import"; i++) continue
    module = words[i + 1]
    if (module ~ /^(struct|class|enum|protocol|func|var|let|typealias|actor)$/) module = words[i + 2]
    sub(/\..*/, "", module)
    if (module == "Glibc" || module == "Foundation") sees_errno = 1
    if (!source || !(target in allowed)) return
    if (target == "KoomySupervisor" && folder == "State" && module == "FoundationEssentials") return
    if (index(allowed[target], " " module " ")) return
    found(target " may not import " module)
}

function check_swift() {
    check_import()
    # Our own error types have a property of that name.
    if (code ~ /(let|var) errno|errno: |extension SystemError/) declares_errno = 1
    if (sees_errno && !declares_errno && has("errno", "($|[^A-Za-z0-9_:])") || code ~ /Glibc\.errno/)
        found("errno is not read in Swift: the C shim returns -errno")
    if (test) {
        if (code ~ /(^|[^A-Za-z0-9_])(usleep|sleep|nanosleep|clock_nanosleep) ?\(/)
            found("a test does not sleep: wait for the condition with a deadline")
        return
    }
    if (!source) return
    if (has("Task", "( ?\\{|\\(|\\.|<)") || has("Task", "Group")) found("no Task: one thread, one loop")
    if (has("(async|await)", "($|[^A-Za-z0-9_:])")) found("no async or await: one thread, one loop")
    if (code ~ /(^|[ \t])(distributed )?actor +[A-Za-z]/) found("no actor: one thread, one loop")
    if (has("(fatalError|preconditionFailure)", " ?\\(")) found("a supervisor does not trap: report an anomaly")
    if (target != "KoomySystem" && code ~ /@unchecked +Sendable/) found("@unchecked Sendable only in KoomySystem")
    # Numbers cannot all be named.
    if (code ~ /^[ \t]*case /) counts = code ~ /^[ \t]*case -?[0-9]/
    if (target == "KoomyCore" && !counts && code ~ /^[ \t]*(@unknown )?default *:/)
        found("no default in the machines: name every case")
}

FNR == 1 { start_file() }

{
    code = strip($0)
    if (source && code ~ /(^|[^A-Za-z0-9_])v?fork ?\(/) found("no fork: CKoomyLinux starts processes with clone3")
    if (swift) check_swift()
}
