"""Says numbered lines, `NAME NUMBER`, and keeps beside them how many it has said.

Its name is its serial and its process id. Its arguments are the folder in which a file of its name holds that count, and
the seconds between two lines. It is ready when it has said so by its notify socket, and leaves when it is asked to.
"""

import os
import signal
import socket
import sys
import time


def say_ready(leaving):
    """Says it until somebody hears it: koomyd may be away for a moment."""
    while not leaving:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
            return
        except OSError:
            time.sleep(0.01)


def main():
    folder, pause = sys.argv[1], float(sys.argv[2])
    name = "%s.%d" % (os.environ["KOOMY_WORKER"], os.getpid())
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    count = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600)
    say_ready(leaving)
    number = 0
    while not leaving:
        number += 1
        os.write(1, b"%s %d\n" % (name.encode(), number))
        # After the line: a worker that is killed has said this one, and perhaps one more.
        os.pwrite(count, b"%d\n" % number, 0)
        time.sleep(pause)
    return 0


if __name__ == "__main__":
    sys.exit(main())
