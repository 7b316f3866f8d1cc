"""A worker that does as its arguments say, and reports what it was given.

It serves HTTP on every listener that it inherits: `/health` answers 200 with its pid.
"""

import argparse
import json
import os
import resource
import selectors
import signal
import socket
import sys
import threading
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--report", help="write what this process was given to this file, as JSON")
    parser.add_argument("--exit-if", help="exit with 1 at once while this file exists")
    parser.add_argument("--exit", type=int, help="exit with this code")
    parser.add_argument("--exit-after", type=float, default=0, help="seconds before --exit")
    parser.add_argument("--boot", type=float, default=0, help="seconds before anything else")
    parser.add_argument("--extend", type=float, help="ask for this many seconds more to get ready (EXTEND_TIMEOUT_USEC)")
    parser.add_argument("--notify", action="store_true", help="say READY=1")
    parser.add_argument("--status", help="say STATUS=")
    parser.add_argument("--ready-fd", type=int, help="write a newline to this descriptor")
    parser.add_argument("--no-serve", action="store_true", help="leave the listeners alone")
    parser.add_argument("--own-port", type=int, help="listen on a port of its own")
    parser.add_argument("--watchdog", action="store_true", help="say WATCHDOG=1 until SIGUSR1 comes")
    parser.add_argument("--ignore-term", action="store_true")
    parser.add_argument("--tree", help="start children and detached grandchildren, and write their pids to this file")
    parser.add_argument("--say", action="append", default=[], help="a line for standard output")
    parser.add_argument("--complain", action="append", default=[], help="a line for standard error")
    parser.add_argument("rest", nargs="*")
    return parser.parse_args()


def notify(message):
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("\0" + path[1:] if path.startswith("@") else path)
        sender.send(message.encode())


def status_fields():
    with open("/proc/self/status") as file:
        return {name: value.strip() for name, value in (line.split(":", 1) for line in file)}


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            pass  # the listing's own
    return found


def report(path):
    fields = status_fields()
    mask = os.umask(0)
    os.umask(mask)
    with open("/proc/self/oom_score_adj") as file:
        oom = int(file.read())
    given = {
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "sid": os.getsid(0),
        "pgid": os.getpgid(0),
        "arguments": sys.argv[1:],
        "cwd": os.getcwd(),
        "env": dict(os.environ),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": sorted(os.getgroups()),
        "umask": mask,
        "nice": os.nice(0),
        "oomScoreAdjust": oom,
        "noNewPrivileges": int(fields["NoNewPrivs"]),
        "blocked": int(fields["SigBlk"], 16),
        "ignored": int(fields["SigIgn"], 16),
        "nofile": list(resource.getrlimit(resource.RLIMIT_NOFILE)),
        "core": list(resource.getrlimit(resource.RLIMIT_CORE)),
        "descriptors": descriptors(),
    }
    with open(path + ".new", "w") as file:
        json.dump(given, file)
    os.rename(path + ".new", path)


def answer(connection):
    with connection:
        connection.settimeout(10)
        if connection.recv(65536):
            body = b"%d" % os.getpid()
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


def listeners(options):
    count = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    found = [] if options.no_serve else [socket.socket(fileno=3 + i) for i in range(count)]
    if options.own_port is not None:
        found.append(socket.create_server(("127.0.0.1", options.own_port)))
    return found


def detach(children):
    """Leaves a grandchild behind that is in a session of its own and has no parent that knows it."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, b"%d\n" % os.getpid())
            signal.pause()
        os._exit(0)
    children.append(int(os.read(reader, 32)))
    os.wait()


def start_tree(path):
    """A child, its child, and two detached ones; none of them minds SIGTERM or SIGHUP."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    children = []
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        if grandchild:
            os.write(writer, b"%d\n" % grandchild)
        while True:
            signal.pause()
    children += [child, int(os.read(reader, 32))]
    detach(children)
    detach(children)
    with open(path + ".new", "w") as file:
        file.write("".join("%d\n" % pid for pid in children))
    os.rename(path + ".new", path)


def main():
    options = arguments()
    if options.exit_if and os.path.exists(options.exit_if):
        return 1
    for line in options.say:
        print(line, flush=True)
    for line in options.complain:
        print(line, file=sys.stderr, flush=True)
    leaving, hung = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if options.ignore_term else lambda *_: leaving.set())
    signal.signal(signal.SIGUSR1, lambda *_: hung.set())
    if options.extend:
        notify("EXTEND_TIMEOUT_USEC=%d" % int(options.extend * 1e6))
    time.sleep(options.boot)
    if options.tree:
        start_tree(options.tree)
    if options.report:
        report(options.report)

    selector = selectors.EpollSelector()
    for listener in listeners(options):
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ)
    if options.status:
        notify("STATUS=" + options.status)
    if options.notify:
        notify("READY=1")
    if options.ready_fd is not None:
        os.write(options.ready_fd, b"\n")
    begun = time.monotonic()
    while not leaving.is_set():
        if options.exit is not None and time.monotonic() - begun >= options.exit_after:
            return options.exit
        if options.watchdog and not hung.is_set():
            notify("WATCHDOG=1")
        for key, _ in selector.select(timeout=0.05):
            try:
                connection, _ = key.fileobj.accept()
            except BlockingIOError:
                continue
            threading.Thread(target=answer, args=(connection,)).start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
