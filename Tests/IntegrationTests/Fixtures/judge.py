"""Says what is wrong with the files of a log, compared with what the workers of batches.py say that they wrote.

Its arguments are the log, the folder of the counts, `raw`, `stamped` or `json`, and words: `dropped` where lines may be
missing for which a line of koomyd stands: then one may end where the disk was full, before such a line. It reads the files that were put aside, the oldest first, compressed or not, and
then the log. It prints an object: `lines`, `workers`, `files`, `compressed`, `largest` (bytes of a whole file, as it was
before it was compressed), `torn` (lines that end before their end), `missing` (lines), `confessed` (lines and bytes that koomyd says are missing), `markers` (how
often), and `wrong`: what is not as it should be, at most 20 of them.
"""

import gzip
import json
import os
import re
import subprocess
import sys

STAMP = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?(?:\.gz|\.zst)?")
CONFESSION = re.compile(rb"koomyd: (\d+) lines? \((\d+) bytes?\) could not be written here")
MOST_IN_A_BATCH = 400


class Judge:
    def __init__(self, log, counts, kind, words):
        self.log, self.counts, self.kind, self.words = log, counts, kind, words
        self.wrong, self.last, self.lines = [], {}, 0
        self.torn, self.isTorn = 0, False
        self.missing, self.confessed, self.markers, self.largest = 0, [0, 0], 0, 0

    def say(self, words):
        if len(self.wrong) < 20:
            self.wrong.append(words)

    def paths(self):
        folder, name = os.path.split(self.log)
        found = {}
        # Those that are compressed come after those that are not: where there are both, the compression has not ended.
        for entry in sorted(os.listdir(folder)):
            suffix = entry[len(name) + 1:]
            if not entry.startswith(name + ".") or not STAMP.fullmatch(suffix):
                continue
            stamp, _, number = suffix.split(".")[0].partition("-")
            found.setdefault((stamp, int(number or 0)), os.path.join(folder, entry))
        return [found[key] for key in sorted(found)] + ([self.log] if os.path.exists(self.log) else [])

    @staticmethod
    def read(path):
        if path.endswith(".gz"):
            with gzip.open(path) as file:
                return file.read()
        if path.endswith(".zst"):
            return subprocess.run(["zstd", "-dc", path], check=True, stdout=subprocess.PIPE).stdout
        try:
            with open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            # Compressed meanwhile.
            return Judge.read(path + next(end for end in (".gz", ".zst") if os.path.exists(path + end)))

    def run(self):
        paths = self.paths()
        for path in paths:
            text = self.read(path)
            self.largest = max(self.largest, len(text))
            if text and not text.endswith(b"\n"):
                self.say("%s does not end with a line" % path)
            for place, line in enumerate(text.split(b"\n")[:-1]):
                self.judge(line, "%s:%d" % (path, place + 1))
        self.compare()
        return {
            "lines": self.lines, "workers": len(self.last), "files": len(paths),
            "compressed": sum(path.endswith((".gz", ".zst")) for path in paths), "largest": self.largest,
            "torn": self.torn, "missing": self.missing, "markers": self.markers, "confessedLines": self.confessed[0],
            "confessedBytes": self.confessed[1], "wrong": self.wrong,
        }

    def judge(self, line, place):
        entry = None
        if self.kind == "json":
            try:
                entry = json.loads(line)
                line = entry["message"].encode()
                if entry["stream"] == "koomyd":
                    line = b"koomyd: " + line
            except (ValueError, KeyError) as error:
                return self.say("%s: %s in %r" % (place, error, line[:200]))
        elif self.kind == "stamped":
            stamp, _, line = line.partition(b": ")
            if not re.fullmatch(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", stamp):
                return self.say("%s: no stamp: %r" % (place, stamp[:200]))
        confession = CONFESSION.match(line)
        if self.isTorn and not confession:
            self.say("%s: the line before it has no end" % place)
        self.isTorn = False
        if confession:
            self.markers += 1
            self.confessed[0] += int(confession[1])
            self.confessed[1] += int(confession[2])
            if "dropped" not in self.words:
                self.say("%s: %r" % (place, line[:200]))
            return None
        words = line.split(b" ")
        try:
            name, number, letters = words[0].decode(), int(words[1]), words[2]
        except (IndexError, ValueError):
            name, number, letters = None, 0, None
        if letters != b"abcdefghij" * (number % 10):
            if "dropped" not in self.words or self.kind != "raw":
                return self.say("%s: not as it was said: %r" % (place, line[:200]))
            # Inside the kernel lines go as far as there is room; what is said next has to say so.
            self.torn, self.isTorn = self.torn + 1, True
            return None
        self.lines += 1
        if entry and (entry["stream"] != name.split(".")[2] or not isinstance(entry["slot"], int)
                      or not isinstance(entry["generation"], int) or "T" not in entry["timestamp"]):
            self.say("%s: %r" % (place, entry))
        before = self.last.get(name, 0)
        if number <= before or (number > before + 1 and "dropped" not in self.words):
            self.say("%s: %s %d follows %d" % (place, name, number, before))
        self.missing += max(0, number - before - 1)
        self.last[name] = number
        return None

    def compare(self):
        """One that was killed may have said a batch more than it has noted; nobody can have said less."""
        for name in os.listdir(self.counts):
            with open(os.path.join(self.counts, name)) as file:
                said = int(file.read() or 0)
            last = self.last.get(name, 0)
            if last > said + MOST_IN_A_BATCH:
                self.say("%s said %d lines, and %d are there" % (name, said, last))
            if last < said:
                self.missing += said - last
                if "dropped" not in self.words:
                    self.say("%s said %d lines, and %d are there" % (name, said, last))
        for name in set(self.last) - set(os.listdir(self.counts)):
            self.say("nobody is called %s" % name)


if __name__ == "__main__":
    print(json.dumps(Judge(*sys.argv[1:4], sys.argv[4:]).run()))
