"""Measures how fast loggers take lines, for `scripts/bench logs`, which builds what this needs and describes it."""

import argparse
import errno
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from loggers import ROTATED_AT, Unavailable, every_logger, output
from report import table

LINE = 100
CHUNKS = (LINE, 64 << 10)
"""A line a write, and as programs with a buffer of their own write."""

REFERENCE = "cat >file"
"""What everything is compared with."""

PATIENCE = 60
"""Seconds without a new byte after which a logger is given up on."""

SHORTEST = {"raw": LINE, "rotated": LINE, "stamped": LINE + 10, "json": LINE + 10}
"""Bytes that a line of a kind has at least in the file."""


class Bench:
    def __init__(self, options):
        self.options = options
        self.count = options.megabytes * 1_000_000 // LINE
        self.loggers, self.missing, self.samples = [], {}, {}
        for logger in every_logger(options.bin):
            if options.only and logger.name not in options.only + [REFERENCE]:
                continue
            try:
                logger.require()
                self.loggers.append(logger)
            except Unavailable as reason:
                self.leave_out(logger, reason)

    def leave_out(self, logger, reason):
        self.missing[(logger.name, logger.lines)] = str(reason)
        self.loggers = [other for other in self.loggers if other is not logger]

    def run(self):
        """Each logger once a round, each round in another order, so that what comes and goes on the machine meets all."""
        for number in range(self.options.rounds):
            for chunk in CHUNKS:
                turn = number % max(1, len(self.loggers))
                for logger in self.loggers[turn:] + self.loggers[:turn]:
                    self.say("round %d of %d: %s, %s, %d bytes a write"
                             % (number + 1, self.options.rounds, logger.name, logger.lines, chunk))
                    try:
                        sample = self.measure(logger, chunk)
                    except Unavailable as reason:
                        self.leave_out(logger, reason)
                        continue
                    self.samples.setdefault((logger.name, logger.lines, chunk), []).append(sample)
        self.say("")

    def say(self, words):
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K" + words)
            sys.stderr.flush()

    def measure(self, logger, chunk):
        """Seconds until the file has every byte, and the logger's processor time meanwhile."""
        folder = tempfile.mkdtemp(prefix="koomy-bench.", dir=self.options.folder)
        gate, times = os.path.join(folder, "gate"), os.path.join(folder, "times")
        os.mkfifo(gate)
        try:
            try:
                logger.start(folder, [self.options.writer, "write", str(self.count), str(chunk), gate, times])
                before = self.open_gate(logger, gate)
                ended = self.await_bytes(logger)
                used = logger.used() - before
                began = self.beginning(times)
            finally:
                late = logger.stop()
            files = logger.files()
            if logger.lines == "rotated" and len(files) * ROTATED_AT < self.count * LINE:
                raise Unavailable("it does not rotate")
            code, said = output([self.options.writer, "check", str(self.count), *files])
            if code:
                raise RuntimeError("%s, %s lines: %s" % (logger.name, logger.lines, said))
            return {"seconds": (ended - began) / 1e9, "cpu_seconds": used if late is None else late}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def open_gate(self, logger, gate):
        """Lets the writer begin once it waits; returns the processor time of the logger until then."""
        deadline = time.monotonic() + PATIENCE
        while True:
            before = logger.used()
            try:
                os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
                return before
            except OSError as error:
                if error.errno != errno.ENXIO or time.monotonic() > deadline:
                    raise
            time.sleep(0.005)

    def beginning(self, times):
        """When the writer began; it says so when it has ended, which may be a moment after the last byte arrived."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if os.path.exists(times):
                with open(times) as file:
                    words = file.read()
                if words.endswith("\n"):
                    return int(words.split()[0])
            time.sleep(0.005)
        raise RuntimeError("the writer does not end")

    def await_bytes(self, logger):
        """When the file had as many bytes as all lines have together; the first one tells what a line has."""
        length, size, last = None, 0, time.monotonic_ns()
        while True:
            found = self.size(logger)
            now = time.monotonic_ns()
            if found > size:
                size, last = found, now
            if length is None and size:
                length = self.line_length(logger)
            if length is not None and size >= length * self.count:
                return now
            # The writer has ended, and there is no more: then the check says what is missing.
            if now - last > PATIENCE * 1_000_000_000:
                raise RuntimeError("%s, %s lines: no more after %d bytes" % (logger.name, logger.lines, size))
            time.sleep(0.001)

    def size(self, logger):
        try:
            return sum(os.stat(path).st_size for path in logger.files())
        except FileNotFoundError:
            return 0  # put aside between the two looks

    def line_length(self, logger):
        try:
            with open(logger.files()[0], "rb") as file:
                line = file.readline()
        except FileNotFoundError:
            return None
        if not line.endswith(b"\n"):
            return None
        if len(line) < SHORTEST[logger.lines] or (logger.lines == "json") != line.startswith(b"{"):
            raise Unavailable("it does not write %s lines" % logger.lines)
        return len(line)

    def results(self):
        rows = []
        for (name, lines, chunk), samples in self.samples.items():
            rate, reference = self.rates(samples), self.rates(self.samples[(REFERENCE, "raw", chunk)])
            cpu = statistics.median(sample["cpu_seconds"] for sample in samples)
            rows.append({
                "logger": name, "lines": lines, "write_bytes": chunk, "samples": samples,
                "megabytes_per_second": rate["median"], "best_megabytes_per_second": rate["best"],
                "of_cat": rate["median"] / reference["median"], "best_of_cat": rate["best"] / reference["best"],
                "cpu_seconds_per_gigabyte": cpu / (self.count * LINE) * 1e9,
            })
        return rows

    def rates(self, samples):
        """In megabytes a second of what the writer wrote, without stamps. On a machine that does other work, the best
        round is the one that was disturbed least."""
        seconds = [sample["seconds"] for sample in samples]
        megabytes = self.count * LINE / 1e6
        return {"median": megabytes / statistics.median(seconds), "best": megabytes / min(seconds)}


BUDGETS = {"raw": 0.7, "stamped": 0.4}
"""How fast koomyd is to be, as a share of `cat >file` in the same run."""


def verdicts(results):
    return [
        {"lines": row["lines"], "write_bytes": row["write_bytes"], "at_least": BUDGETS[row["lines"]],
         "measured": row["of_cat"], "measured_best": row["best_of_cat"], "met": row["of_cat"] >= BUDGETS[row["lines"]]}
        for row in results
        if row["logger"] == "koomyd" and row["lines"] in BUDGETS
    ]


def first_match(path, start, separator):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(start):
                    return line.split(separator, 1)[1].strip().strip('"')
    except OSError:
        pass
    return "unknown"


def machine(folder):
    return {
        "processor": first_match("/proc/cpuinfo", "model name", ":"),
        "processors": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": os.uname().release,
        "system": first_match("/etc/os-release", "PRETTY_NAME=", "="),
        "file_system": output(["findmnt", "--noheadings", "--output=FSTYPE", "--target", folder])[1],
        "load_before": os.getloadavg()[0],
    }


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/bench logs", add_help=False)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--writer", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--folder", default="/tmp")
    parser.add_argument("--only", type=lambda names: names.split(","))
    parser.add_argument("--json")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    if options.rounds < 1 or not 1 <= options.megabytes <= 250:
        parser.error("--rounds is at least 1, --megabytes 1 to 250")
    return options


def main():
    options = read_options()
    bench = Bench(options)
    report = {
        "benchmark": "logs",
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine(options.folder),
        "versions": {logger.name: logger.version() for logger in bench.loggers},
        "rounds": options.rounds, "line_bytes": LINE, "lines": bench.count,
    }
    bench.run()
    report["results"] = bench.results()
    report["missing"] = [{"logger": name, "lines": lines, "reason": reason}
                         for (name, lines), reason in bench.missing.items()]
    report["budgets"] = verdicts(report["results"])
    report["machine"]["load_after"] = os.getloadavg()[0]
    print(table(report))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(report, file, indent=2)
            file.write("\n")
    if options.strict and not all(budget["met"] for budget in report["budgets"]):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        sys.exit("bench: %s" % error)
    except KeyboardInterrupt:
        sys.exit(130)
