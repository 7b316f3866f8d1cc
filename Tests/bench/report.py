"""The table of a run of `scripts/bench logs`, in Markdown."""


def write_words(count):
    return "a line a write" if count == 100 else "%d KiB a write" % (count >> 10)


def number(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value


def table(report):
    machine = report["machine"]
    lines = [
        "%s, %d processors, %.0f GiB, %s, Linux %s, %s; load %.1f before, %.1f after" % (
            machine["processor"], machine["processors"], machine["memory_bytes"] / (1 << 30), machine["system"],
            machine["kernel"], machine["file_system"], machine["load_before"], machine["load_after"]),
        "; ".join(report["versions"].values()),
        "%d lines of %d bytes each time, %d rounds, medians (best round); %s"
        % (report["lines"], report["line_bytes"], report["rounds"], report["at"]),
        "",
    ]
    writes = sorted({row["write_bytes"] for row in report["results"]})
    lines.append("| logger | lines |" + "".join(
        " %s: MB/s | of cat | CPU s a GB |" % write_words(count) for count in writes))
    lines.append("|---|---|" + "---|---|---|" * len(writes))
    kinds = list(dict.fromkeys((row["logger"], row["lines"]) for row in report["results"]))
    for kind in kinds:
        cells = []
        for count in writes:
            row = find(report, kind, count)
            cells.append(" %s (%s) | %.2f (%.2f) | %.2f |" % (
                number(row["megabytes_per_second"]), number(row["best_megabytes_per_second"]), row["of_cat"],
                row["best_of_cat"], row["cpu_seconds_per_gigabyte"]))
        lines.append("| %s | %s |" % kind + "".join(cells))
    for missing in report["missing"]:
        lines.append("| %s | %s |" % (missing["logger"], missing["lines"])
                     + " not measured: %s | | |" % missing["reason"] + " | | |" * (len(writes) - 1))
    lines += ["", "| budget | at least | measured | |", "|---|---|---|---|"]
    for budget in report["budgets"]:
        lines.append("| koomyd, %s, %s, of cat | %.2f | %.2f (%.2f) | %s |" % (
            budget["lines"], write_words(budget["write_bytes"]), budget["at_least"], budget["measured"],
            budget["measured_best"], "met" if budget["met"] else "missed"))
    lines += ["", "| seconds in each round | lines | | |", "|---|---|---|---|"]
    for kind in kinds:
        for count in writes:
            seconds = " ".join("%.2f" % sample["seconds"] for sample in find(report, kind, count)["samples"])
            lines.append("| %s | %s | %s | %s |" % (kind + (write_words(count), seconds)))
    return "\n".join(lines)


def find(report, kind, count):
    return next(row for row in report["results"]
                if (row["logger"], row["lines"]) == kind and row["write_bytes"] == count)
