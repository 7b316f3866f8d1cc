"""Says numbered lines, `NAME NUMBER LETTERS`, many with each write, and keeps beside them how many it has said.

Its name is its serial, its process id and its stream. Its arguments are the folder in which a file of its name holds that
count, how many bytes it says in a second at most (0: as many as are taken), and the streams that it says them on, `out`,
`error` or both; each stream has lines of its own. It is ready when it has said so by its notify socket, and leaves when
it is asked to. A write has less than PIPE_BUF bytes, so that one that is killed has said all of it or nothing (pipe(7)).
"""

import os
import signal
import sys
import time

# Nothing is left beside the fixtures.
sys.dont_write_bytecode = True
from lines import say_ready  # noqa: E402

BATCH = 4000


class Speaker:
    def __init__(self, folder, number, word):
        self.number = number
        name = "%s.%d.%s" % (os.environ["KOOMY_WORKER"], os.getpid(), word)
        self.name = name.encode()
        self.count = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600)
        self.said = 0

    def say(self):
        """One batch of lines of many lengths; how many bytes it has."""
        lines, size = [], 0
        while size < BATCH - 200:
            said = self.said + len(lines) + 1
            lines.append(b"%s %d %s\n" % (self.name, said, b"abcdefghij" * (said % 10)))
            size += len(lines[-1])
        text = b"".join(lines)
        if os.write(self.number, text) != len(text):
            raise OSError("a write came in two pieces")
        self.said += len(lines)
        # After the write: one that is killed has said these, and perhaps one batch more.
        os.pwrite(self.count, b"%d\n" % self.said, 0)
        return size


def main():
    folder, rate = sys.argv[1], int(sys.argv[2])
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    numbers = {"out": 1, "error": 2}
    speakers = [Speaker(folder, numbers[word], word) for word in sys.argv[3:] or ["out"]]
    say_ready(leaving)
    begun, bytes_said = time.monotonic(), 0
    while not leaving:
        bytes_said += sum(speaker.say() for speaker in speakers)
        ahead = bytes_said / rate - (time.monotonic() - begun) if rate else 0
        if ahead > 0:
            time.sleep(ahead)
    return 0


if __name__ == "__main__":
    sys.exit(main())
