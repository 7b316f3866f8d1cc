"""Says numbered lines for scripts/soak: `NAME NUMBER`, about as many a second as its argument says.

Its name is its serial and its process id. The last line says that it is the last, `NAME end NUMBER`, so that no line can
be missing unseen. Each line is a write of its own. It is ready once it has said so by its notify socket.
"""

import os
import signal
import socket
import sys
import time

TICK = 0.02


def say_ready(leaving):
    """Says it until it can be said: the queue of the socket may be full for a moment."""
    while not leaving:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
            return
        except OSError:
            time.sleep(0.01)


def main():
    lines_a_tick = int(float(sys.argv[1]) * TICK)
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    name = b"%s.%d" % (os.environ["KOOMY_WORKER"].encode(), os.getpid())
    say_ready(leaving)
    number = 0
    due = time.monotonic()
    while not leaving:
        for _ in range(lines_a_tick):
            number += 1
            os.write(1, b"%s %d\n" % (name, number))
        due = max(due + TICK, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))
    os.write(1, b"%s end %d\n" % (name, number))
    return 0


if __name__ == "__main__":
    sys.exit(main())
