"""A version of a server, good or bad as its arguments say: answers `/health` and everything else with its name.

It serves on every listener that it inherits, finishes what it has accepted when it is asked to leave, and then leaves.
"""

import argparse
import os
import selectors
import signal
import socket
import sys
import threading
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--boot", type=float, default=0, help="seconds before it serves")
    parser.add_argument("--lives", type=float, help="seconds after which it exits with 1")
    parser.add_argument("--sick-after", type=float, help="seconds after which /health answers 503")
    parser.add_argument("--leaks", type=int, default=0, help="mebibytes a second")
    parser.add_argument("--complains", type=int, default=0, help="lines a second on standard error")
    parser.add_argument("--never-ready", action="store_true", help="leave the listeners alone")
    parser.add_argument("--ignore-term", action="store_true")
    return parser.parse_args()


class Server:
    def __init__(self, options):
        self.options = options
        self.begun = time.monotonic()
        self.leaving = False
        self.held = []
        self.wake, self.bell = socket.socketpair()

    @property
    def age(self):
        return time.monotonic() - self.begun

    def leave(self, *_):
        self.leaving = True
        self.bell.send(b"x")

    def answer(self, connection):
        with connection:
            connection.settimeout(10)
            request = connection.recv(65536)
            if not request:
                return
            sick = self.options.sick_after is not None and self.age >= self.options.sick_after
            status = b"503 Service Unavailable" if sick and request.startswith(b"GET /health") else b"200 OK"
            body = self.options.name.encode()
            connection.sendall(
                b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
            )

    def tick(self):
        """What it does beside serving; true when its time is over."""
        wanted = int(self.age * self.options.leaks)
        while len(self.held) < wanted:
            self.held.append(b"x" * (1 << 20))
        if self.options.complains:
            print("\n".join(["an error that the version before did not have"] * (self.options.complains // 10)), file=sys.stderr, flush=True)
        return self.options.lives is not None and self.age >= self.options.lives

    def serve(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN if self.options.ignore_term else self.leave)
        if self.options.boot:
            signal.sigtimedwait([signal.SIGUSR2], self.options.boot)
        selector = selectors.EpollSelector()
        selector.register(self.wake, selectors.EVENT_READ)
        count = int(os.environ.get("LISTEN_FDS", "0"))
        for number in [] if self.options.never_ready else range(3, 3 + count):
            listener = socket.socket(fileno=number)
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
        threads = []
        while not self.leaving:
            if self.tick():
                os._exit(1)
            for key, _ in selector.select(timeout=0.1):
                if key.fileobj is self.wake:
                    continue
                try:
                    connection, _ = key.fileobj.accept()
                except BlockingIOError:
                    continue
                threads = [thread for thread in threads if thread.is_alive()]
                threads.append(threading.Thread(target=self.answer, args=(connection,)))
                threads[-1].start()
        for thread in threads:
            thread.join()
        return 0


if __name__ == "__main__":
    sys.exit(Server(arguments()).serve())
