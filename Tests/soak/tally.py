"""Counts what a run of scripts/soak has left in its folder, prints it, and exits with 1 if anything is not as it must be.

Arguments: the folder, `table` or `json`, how many koomy-api workers and talkers there are, seconds of the run, and how many
keepers (none under systemd, which keeps descriptors itself).
"""

import glob
import json
import os
import re
import sqlite3
import statistics
import sys

MEBIBYTE = 1024  # of the kernel's kilobytes
FIELDS = ("when", "at", "resident", "anonymous", "descriptors", "processes", "zombies", "keeper", "keeper_descriptors")


class Tally:
    def __init__(self, folder, workers, seconds, keepers):
        self.folder, self.workers, self.seconds, self.keepers = folder, workers, seconds, keepers
        self.rows, self.violations, self.values, self.aside = [], [], {}, {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def lines(self, name):
        try:
            with open(self.path(name), errors="replace") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def log_lines(self, app):
        """The lines of an app's standard output: of the files that were put aside, in their order, and of the last."""
        path = self.path("k/log/%s-out.log" % app)
        aside = glob.glob(glob.escape(path) + ".*Z") + glob.glob(glob.escape(path) + ".*Z-*")
        def order(name):
            stamp, _, number = name[len(path) + 1:].partition("-")
            return stamp, int(number or 0)
        aside.sort(key=order)
        self.aside[app] = len(aside)
        for name in aside + [path]:
            with open(name, errors="replace") as file:
                yield from file

    def row(self, what, words, good=True, **values):
        """A row of the table; `good` is whether it is as it must be."""
        self.rows.append((what, words, good))
        self.values.update(values)
        if not good:
            self.violations.append("%s: %s" % (what, words))

    # What the clients saw.

    def requests(self):
        answered = {}
        for style in ("keep-alive", "connection"):
            if not os.path.exists(self.path("load." + style)):
                continue
            with open(self.path("load." + style)) as file:
                load = json.load(file)
            kinds = {kind: count for kind, count in load["failed_by_kind"].items() if count}
            latency = load["latency_ms"]
            words = "%(begun)d begun, %(ok)d ok, %(failed)d failed" % load
            words += " (%s)" % self.words(kinds) if kinds else ""
            words += "; p50 %.1f, p99 %.1f, max %.0f ms" % (latency["p50"], latency["p99"], latency["max"])
            good = load["failed"] == 0 and load["ok"] == load["begun"] > 0
            self.row("requests, %s" % style, words, good, **{"requests_" + style: load})
            answered[style] = load["ok"]
        self.request_log(answered)

    def request_log(self, answered):
        """Each request that was answered has one line in koomy-api's log."""
        logged = dict.fromkeys(answered, 0)
        listening = broken = 0
        agent = re.compile(r'"userAgent":"([a-z-]+)"')
        for line in self.log_lines("api"):
            if not (line.startswith("{") and line.endswith("}\n")):
                broken += 1
            elif found := agent.search(line):
                if found[1] in logged:
                    logged[found[1]] += 1
            elif '"listening"' in line:
                listening += 1
        missing = {style: answered[style] - logged[style] for style in answered if answered[style] != logged[style]}
        words = "%d lines for %d requests, %d broken" % (sum(logged.values()), sum(answered.values()), broken)
        words += ", missing %s" % self.words(missing) if missing else ""
        self.row("koomy-api's log", words, not missing and not broken, request_lines=logged, broken_lines=broken)
        self.listening = listening

    def webhooks(self):
        acknowledged, failures = self.lines("acknowledged"), self.lines("failures.webhooks")
        with sqlite3.connect(self.path("webhooks.db")) as database:
            stored = [row[0] for row in database.execute("SELECT id FROM webhook_events")]
        lost, twice = len(set(acknowledged) - set(stored)), len(stored) - len(set(stored))
        strange = len(set(stored) - set(acknowledged))
        words = "%d acknowledged, %d stored once, %d lost, %d twice" % (
            len(acknowledged), len(set(stored) & set(acknowledged)), lost, twice)
        words += ", %d attempts failed" % len(failures)
        words += " (%s)" % failures[0] if failures else ""
        good = acknowledged and not (lost or twice or strange or failures)
        self.row("webhooks", words, bool(good), webhooks_acknowledged=len(acknowledged), webhooks_lost=lost,
                 webhooks_twice=twice, webhooks_stored=len(stored), webhook_attempts_failed=len(failures))

    # What the workers said.

    def talk(self):
        last, ends = {}, {}
        lost = doubled = disordered = broken = count = 0
        examples = []
        for line in self.log_lines("talker"):
            # Each begins with the time.
            words = line.partition(": ")[2].split()
            count += 1
            if len(words) == 3 and words[1] == "end":
                ends[words[0]] = int(words[2])
                continue
            if len(words) != 2 or not words[1].isdigit() or not line.endswith("\n"):
                broken += 1
                examples.append(line[:60])
                continue
            name, number = words[0], int(words[1])
            before = last.get(name, 0)
            if number == before + 1:
                last[name] = number
                continue
            examples.append("%s after %d" % (line.strip(), before))
            if number > before:
                lost += number - before - 1
                last[name] = number
            elif number == before:
                doubled += 1
            else:
                disordered += 1
        for name, number in last.items():
            if name not in ends:
                examples.append("%s has no end after %d" % (name, number))
            elif ends[name] != number:
                lost += ends[name] - number
                examples.append("%s ends with %d after %d" % (name, ends[name], number))
        cut = len(set(last) - set(ends))
        words = "%d of %d workers in %d files, %d lost, %d doubled, %d out of order, %d broken" % (
            count, len(last), self.aside["talker"] + 1, lost, doubled, disordered, broken)
        words += ", %d workers without their last line" % cut
        words += " (%s)" % "; ".join(examples[:5]) if examples else ""
        self.row("numbered lines", words, not (lost or doubled or disordered or broken or cut) and count > 0,
                 lines=count, lines_lost=lost, lines_doubled=doubled, lines_out_of_order=disordered, lines_broken=broken)
        self.talkers = len(last)

    # What was done to koomyd.

    def chaos(self):
        kills, ends = len(self.lines("kills")), self.lines("ends")
        strange = [end for end in ends[:-1] if end != "137"] + [end for end in ends[-1:] if end != "0"]
        words = "%d kills" % kills
        if strange:
            words += ", and it ended by itself with %s" % ", ".join(strange)
        self.row("koomyd killed", words, not strange and len(ends) == kills + 1, kills=kills, strange_ends=strange)
        codes = self.lines("upgrades")
        self.row("upgrades", self.tally(codes), set(codes) <= {"0"}, upgrades=len(codes), upgrade_codes=codes)
        reloads = [line.split() for line in self.lines("reloads")]
        codes = [code for _, code, _ in reloads]
        times = [int(time) / 1000 for _, _, time in reloads]
        words = self.tally(codes)
        if times:
            words += "; median %.1f s, longest %.1f s" % (statistics.median(times), max(times))
        self.row("reloads", words, set(codes) == {"0"}, reloads=len(codes), reload_codes=codes, reload_seconds=times)
        trouble = self.lines("trouble") + self.lines("koomyd.out")
        if trouble:
            self.row("trouble", "; ".join(trouble[:5]), False)
        said = [line for line in self.lines("k/log/koomyd.log") if re.search(r"^\S+ (warning|error) ", line)]
        words = "%d warnings and errors%s" % (len(said), " (%s)" % "; ".join(said[:3]) if said else "")
        self.row("koomyd's own log", words, not said, complaints=said)
        self.replaced(reloads)

    @staticmethod
    def words(numbers):
        return ", ".join("%s: %s" % pair for pair in sorted(numbers.items()))

    @staticmethod
    def tally(codes):
        return "%d; exit codes %s" % (len(codes), ", ".join(
            "%s: %d" % (code, codes.count(code)) for code in sorted(set(codes))) or "none")

    def replaced(self, reloads):
        """Each reload replaces each worker once, and nothing else does."""
        for app, begun in (("api", self.listening), ("talker", self.talkers)):
            rounds = sum(1 for name, code, _ in reloads if name == app and code == "0")
            wanted = self.workers[app] * (1 + rounds)
            words = "%d for %d reloads of %d workers" % (begun, rounds, self.workers[app])
            self.row("workers begun, %s" % app, words, begun == wanted, **{"begun_" + app: begun, "wanted_" + app: wanted})
        status = json.loads("\n".join(self.lines("status")))
        restarts = {app["name"]: app["restarts"] for app in status["apps"]}
        ready = {app["name"]: sum(worker["state"] == "ready" for worker in app["workers"]) for app in status["apps"]}
        self.row("restarts counted by koomyd", self.words(restarts), not any(restarts.values()), restarts=restarts)
        self.row("workers ready at the end", self.words(ready), ready == self.workers, ready=ready)

    # What it cost.

    def growth(self):
        samples = []
        for line in self.lines("samples"):
            words = line.split(",")
            if len(words) == len(FIELDS) and all(words):
                samples.append(dict(zip(FIELDS, [words[0]] + [float(word) for word in words[1:]])))
        rest = [sample for sample in samples if sample["when"].startswith("at-rest")]
        busy = [sample for sample in samples if sample["when"] == "under-load"]
        share = max(1, len(busy) // 10)
        for what, field, allowed, scale, unit in (
            ("koomyd, resident", "resident", 1, MEBIBYTE, " MiB"),
            ("koomyd, anonymous", "anonymous", 1, MEBIBYTE, " MiB"),
            ("keeper, resident", "keeper", 1, MEBIBYTE, " MiB"),
            # A reload is always under way: one worker more or less has so many.
            ("koomyd, descriptors", "descriptors", 8, 1, ""),
            ("keeper, descriptors", "keeper_descriptors", 8, 1, ""),
            ("processes", "processes", 2, 1, ""),
        ):
            if not busy:
                self.row(what, "never seen", False)
                continue
            values = [sample[field] / scale for sample in busy]
            first, last = statistics.median(values[:share]), statistics.median(values[-share:])
            words = "%.4g to %.4g%s (median of the first and last %d of %d samples; %.4g at most)" % (
                first, last, unit, share, len(busy), max(values))
            if len(rest) == 2 and field not in ("resident", "anonymous", "keeper"):
                words += "; at rest %.4g to %.4g" % (rest[0][field], rest[1][field])
            self.row(what, words, last <= first + allowed, **{field: [first, last, max(values)]})
        if len(rest) == 2:
            before, after = rest
            workers = sum(self.workers.values())
            wanted = workers + 1 + self.keepers
            words = "%d (koomyd, %d keeper, and %d workers), %d zombies" % (
                after["processes"], self.keepers, workers, after["zombies"])
            good = after["processes"] == wanted and after["zombies"] == 0
            self.row("processes at the end", words, good, processes_at_the_end=after["processes"])
            sockets = len(self.lines("sockets"))
            words = "%d (for control, %d keeper, and %d workers)" % (sockets, self.keepers, workers)
            self.row("socket files at the end", words, sockets == wanted, socket_files=sockets)
            words = "%d before, %d after" % (before["descriptors"], after["descriptors"])
            self.row("descriptors of koomyd at rest", words, after["descriptors"] <= before["descriptors"] + 2)
        else:
            self.row("at rest", "%d of 2 samples" % len(rest), False)
        left = self.lines("left")
        self.row("processes after the stop", "%d" % len(left), not left, left=len(left))

    def print_table(self):
        print("| %d s | |\n|---|---|" % self.seconds)
        for what, words, good in self.rows:
            print("| %s | %s%s |" % (what, "" if good else "**VIOLATION** ", words.replace("|", "/")))

    def print_json(self):
        print(json.dumps({"seconds": self.seconds, "ok": not self.violations, "violations": self.violations, **self.values}))


def main():
    folder, form, api, talkers, seconds, keepers = sys.argv[1:]
    tally = Tally(folder, {"api": int(api), "talker": int(talkers)}, int(seconds), int(keepers))
    for count in (tally.requests, tally.webhooks, tally.talk, tally.chaos, tally.growth):
        count()
    tally.print_json() if form == "json" else tally.print_table()
    if tally.violations:
        print("%d violations" % len(tally.violations), file=sys.stderr)
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
