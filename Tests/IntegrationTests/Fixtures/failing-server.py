"""An HTTP server that fails on schedule: what it does to a request is chosen by the request's path and number.

Prints its port. `GET /counts` answers how often it did what, as a JSON object.
"""

import collections
import json
import socket
import struct
import sys
import threading

# What is done to requests 0, 1, 2, ... of the path /mixed, and then from the beginning again.
MIXED = ["ok", "error", "reset", "close", "cut", "silence", "garbage", "chunked", "cut-chunk", "too-long"]

ANSWERS = {
    "ok": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "error": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
    "cut-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabc",
    "too-long": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "until-close": b"HTTP/1.1 200 OK\r\n\r\nall of it",
}

lock = threading.Lock()
requests = collections.Counter()  # by path
done = collections.Counter()  # by what was done


def choose(path, served):
    """What to do to a request for the path, as the connection's request number `served`, from 0."""
    with lock:
        number = requests[path]
        requests[path] += 1
        if path == "/mixed":
            action = MIXED[number % len(MIXED)]
        elif path == "/stale":
            action = "close" if served == 2 else "ok"
        else:
            action = path[1:]
        done[action] += 1
    return action


def serve(connection):
    reader = connection.makefile("rb")
    served = 0
    while True:
        line = reader.readline()
        if not line:
            break
        path = line.split()[1].decode()
        closes = False
        while (header := reader.readline()) not in (b"\r\n", b""):
            closes = closes or header.lower().replace(b" ", b"") == b"connection:close\r\n"
        if path == "/counts":
            body = json.dumps(done).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            break
        action = choose(path, served)
        served += 1
        if action == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            break
        if action == "close":
            break
        if action == "silence":
            reader.read()  # until the client gives up
            break
        connection.sendall(ANSWERS[action])
        if closes or action not in ("ok", "error", "chunked", "continue"):
            break
    reader.close()
    connection.close()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
