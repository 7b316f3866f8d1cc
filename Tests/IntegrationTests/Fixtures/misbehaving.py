"""An HTTP worker on descriptor 3 that does one thing wrong, by the word in the environment's FAULT.

abrupt: ends at once when it is asked to leave, with requests in flight.
idle: stops reading when it is asked to leave, and closes its connections 300 ms later.
unready: says that it is ready and answers 503 for a second.
deaf: shuts the listening socket that all workers share when it is asked to leave.
flaky: closes every tenth connection without an answer, whatever happens.
none: nothing.
"""

import itertools
import os
import signal
import socket
import sys
import threading
import time

fault = os.environ.get("FAULT", "none")
begun = time.monotonic()
leaving = threading.Event()
numbers = itertools.count(1)
connections = set()
listener = socket.socket(fileno=3)
listener.setblocking(True)


def serve(connection):
    reader = connection.makefile("rb")
    while line := reader.readline():
        ends = False
        while (header := reader.readline()) not in (b"\r\n", b""):
            ends = ends or header.lower().replace(b" ", b"") == b"connection:close\r\n"
        if fault == "flaky" and next(numbers) % 10 == 0:
            break
        # Long enough for a request to be in flight at any time.
        time.sleep(0.1 if fault == "abrupt" else 0.005)
        unready = fault == "unready" and time.monotonic() - begun < 1
        status = b"503 Service Unavailable" if unready else b"200 OK"
        closes = b"Connection: close\r\n" if leaving.is_set() or ends else b""
        connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + closes + b"Content-Length: 2\r\n\r\nok")
        if closes:
            break
        if fault == "idle":
            wait_for_request(connection)
    connections.discard(connection)
    reader.close()
    connection.close()


def wait_for_request(connection):
    """Waits for the next request without reading it; for ever once the worker is leaving."""
    while leaving.is_set() or not readable(connection):
        if leaving.is_set():
            time.sleep(60)


def readable(connection):
    connection.settimeout(0.02)
    try:
        connection.recv(1, socket.MSG_PEEK)
        return True
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


def accept():
    while not leaving.is_set():
        try:
            connection = listener.accept()[0]
        except OSError:
            return
        connections.add(connection)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def leave(*_):
    leaving.set()


signal.signal(signal.SIGTERM, leave)
threading.Thread(target=accept, daemon=True).start()
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while not leaving.wait(0.05):
    pass
if fault == "deaf":
    listener.shutdown(socket.SHUT_RDWR)
if fault == "idle":
    time.sleep(0.3)
if fault in ("abrupt", "idle"):
    os._exit(0)
while connections and fault != "deaf":
    time.sleep(0.02)
    if time.monotonic() - begun > 3600:
        sys.exit(1)
