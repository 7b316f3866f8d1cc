"""The loggers that are measured: each starts a writer with its output captured, and names the files and the process."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

STAMP = "YYYY-MM-DD HH:mm:ss.SSS"
ROTATED_AT = 10 << 20
"""The size of a file that is put aside where that is measured."""

MEMORY = "/dev/shm"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Unavailable(Exception):
    """Why a logger cannot be measured here."""


def processor_clock(pid):
    """The clock of all processor time of a process, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2


def output(arguments, **others):
    """What a command says, and on which stream it says it does not matter."""
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **others)
    return result.returncode, result.stdout.strip()


class Logger:
    """A way to get lines into files. `lines` is what becomes of them: raw, rotated (and raw), stamped or json."""

    def __init__(self, name, lines, program):
        self.name, self.lines, self.program = name, lines, program

    def require(self):
        """Throws Unavailable where it cannot be measured here."""
        if shutil.which(self.program) is None:
            raise Unavailable("%s is not installed" % self.program)

    def version(self):
        raise NotImplementedError

    def start(self, folder, writer):
        """Starts the writer, a list of words, with its output going to `folder`."""
        raise NotImplementedError

    def files(self):
        """What was written so far, the oldest first."""
        return [self.file] if os.path.exists(self.file) else []

    def used(self):
        """Seconds of processor time that the logger has used."""
        return time.clock_gettime(processor_clock(self.logger.pid))

    def stop(self):
        """Ends everything; returns the processor time where it is known only then, else None."""
        raise NotImplementedError


class Pipe(Logger):
    """A logger that reads its standard input and ends with it."""

    def start(self, folder, writer):
        out, into = os.pipe()
        self.logger = self.spawn(folder, out)
        self.writer = subprocess.Popen(writer, stdout=into)
        os.close(out)
        os.close(into)

    def used(self):
        return 0.0

    def stop(self):
        self.writer.kill()
        self.writer.wait()
        _, status, usage = os.wait4(self.logger.pid, 0)
        self.logger.returncode = status
        return usage.ru_utime + usage.ru_stime


class Cat(Pipe):
    def __init__(self):
        super().__init__("cat >file", "raw", "cat")

    def version(self):
        return output(["cat", "--version"])[1].splitlines()[0]

    def spawn(self, folder, out):
        self.file = os.path.join(folder, "out.log")
        with open(self.file, "wb") as file:
            return subprocess.Popen(["cat"], stdin=out, stdout=file)


class S6Log(Pipe):
    def __init__(self, lines):
        super().__init__("s6-log", lines, "s6-log")

    def version(self):
        return "s6 " + (output(["dpkg-query", "--show", "--showformat=${Version}", "s6"])[1] or "of unknown version")

    def spawn(self, folder, out):
        self.folder = os.path.join(folder, "log")
        # It always rotates; where that is not measured, its files are as large as it can have them.
        size = ROTATED_AT if self.lines == "rotated" else (1 << 28) - 1
        script = ["n1000", "s%d" % size] + (["T"] if self.lines == "stamped" else [])
        return subprocess.Popen(["s6-log"] + script + [self.folder], stdin=out)

    def files(self):
        names = os.listdir(self.folder) if os.path.isdir(self.folder) else []
        # Those that were put aside are named by their time (TAI64N), which sorts.
        aside = sorted(name for name in names if name.startswith("@"))
        return [os.path.join(self.folder, name) for name in aside + ["current"] if name in names]


class Supervisord(Logger):
    def __init__(self):
        super().__init__("supervisord", "raw", "supervisord")

    def version(self):
        return "supervisor " + output(["supervisord", "--version"])[1]

    def start(self, folder, writer):
        self.file = os.path.join(folder, "out.log")
        configuration = os.path.join(folder, "supervisord.conf")
        with open(configuration, "w") as file:
            file.write("[supervisord]\nnodaemon=true\nlogfile=%s/own.log\npidfile=%s/pid\n" % (folder, folder))
            file.write("[program:writer]\ncommand=%s\nautorestart=false\nstartsecs=0\n" % " ".join(writer))
            file.write("stdout_logfile=%s\nstdout_logfile_maxbytes=0\nstderr_logfile=NONE\n" % self.file)
        self.logger = subprocess.Popen(
            ["supervisord", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self):
        self.logger.send_signal(signal.SIGTERM)
        self.logger.wait()


class Koomyd(Logger):
    SETTINGS = {
        "raw": "    log: {rotate: false}\n",
        "rotated": "    log: {rotate: {size: %d, keep: false, total: false}}\n" % ROTATED_AT,
        "stamped": "    log: {rotate: false}\n    log_date_format: '%s'\n" % STAMP,
        "json": "    log: {rotate: false, format: json}\n",
    }

    def __init__(self, lines, programs):
        super().__init__("koomyd", lines, os.path.join(programs, "koomyd"))
        self.control = os.path.join(programs, "koomyctl")

    def version(self):
        return output([self.program, "--version"])[1]

    def ecosystem(self, folder, writer):
        path = os.path.join(folder, "bench.yaml")
        with open(path, "w") as file:
            file.write("apps:\n  - name: writer\n    script: %s\n" % writer[0])
            file.write("    args: [%s]\n" % ", ".join('"%s"' % word for word in writer[1:]))
            file.write("    autorestart: false\n    ready: uptime\n    min_uptime: 100ms\n    out_file: %s\n" % self.file)
            file.write(self.SETTINGS[self.lines])
        return path

    def start(self, folder, writer):
        self.file = os.path.join(folder, "out.log")
        # Its run folder is in memory, as /run is where systemd is; the log file is not.
        self.home = tempfile.mkdtemp(prefix="koomy-bench.", dir=MEMORY if os.access(MEMORY, os.W_OK) else folder)
        self.environment = {"HOME": "/", "KOOMY_HOME": self.home, "PATH": SYSTEM_PATH}
        path = self.ecosystem(folder, writer)
        code, said = self.ctl("validate", path)
        if code:
            raise Unavailable("koomyctl validate refuses it: " + said.splitlines()[0])
        own = open(os.path.join(folder, "koomyd.out"), "wb")
        with own:
            self.logger = subprocess.Popen([self.program], env=self.environment, stdout=own, stderr=own)
        deadline = time.monotonic() + 30
        while self.ctl("status")[0]:
            if time.monotonic() > deadline or self.logger.poll() is not None:
                raise RuntimeError("koomyd does not answer")
            time.sleep(0.05)
        code, said = self.ctl("start", path)
        if code:
            raise RuntimeError("koomyctl start: " + said)

    def files(self):
        """out.log.20261120T170456Z, -1 and so on behind it in the same second; out.log is the newest."""
        folder, name = os.path.split(self.file)
        aside = [other.split("-") for other in os.listdir(folder) if other.startswith(name + ".")]
        aside.sort(key=lambda parts: (parts[0], int(parts[1]) if len(parts) > 1 else 0))
        return [os.path.join(folder, "-".join(parts)) for parts in aside] + super().files()

    def ctl(self, *words):
        return output([self.control, "--quiet", *words], env=self.environment)

    def stop(self):
        if getattr(self, "logger", None) is not None:
            self.ctl("daemon", "stop")
            try:
                self.logger.wait(30)
            except subprocess.TimeoutExpired:
                self.logger.kill()
                self.logger.wait()
            self.logger = None
        shutil.rmtree(self.home, ignore_errors=True)


def every_logger(programs):
    """cat first: everything is compared with it."""
    return [
        Cat(),
        S6Log("raw"),
        Supervisord(),
        Koomyd("raw", programs),
        S6Log("rotated"),
        Koomyd("rotated", programs),
        S6Log("stamped"),
        Koomyd("stamped", programs),
        Koomyd("json", programs),
    ]
