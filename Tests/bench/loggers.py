"""The loggers that are measured: each starts a writer with its output captured, and names the files and the process."""

import os
import shutil
import signal
import subprocess
import time

STAMP = "YYYY-MM-DD HH:mm:ss.SSS"
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
    """A way to get lines into files. `lines` is what becomes of them: raw, stamped or json."""

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
        self.file = os.path.join(folder, "log", "current")
        # Files as large as it can have them: it would rotate a smaller one in the middle.
        script = ["n10", "s268435455"] + (["T"] if self.lines == "stamped" else [])
        return subprocess.Popen(["s6-log"] + script + [os.path.join(folder, "log")], stdin=out)


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
    FORMATS = {"raw": "", "stamped": "    log_date_format: '%s'\n" % STAMP, "json": ""}

    def __init__(self, lines, programs):
        super().__init__("koomyd", lines, os.path.join(programs, "koomyd"))
        self.control = os.path.join(programs, "koomyctl")

    def version(self):
        return output([self.program, "--version"])[1]

    def ecosystem(self, folder, writer):
        settings = "rotate: false" + (", format: json" if self.lines == "json" else "")
        path = os.path.join(folder, "bench.yaml")
        with open(path, "w") as file:
            file.write("apps:\n  - name: writer\n    script: %s\n" % writer[0])
            file.write("    args: [%s]\n" % ", ".join('"%s"' % word for word in writer[1:]))
            file.write("    autorestart: false\n    ready: uptime\n    min_uptime: 100ms\n    out_file: %s\n" % self.file)
            file.write("%s    log: {%s}\n" % (self.FORMATS[self.lines], settings))
        return path

    def start(self, folder, writer):
        self.file = os.path.join(folder, "out.log")
        home = os.path.join(folder, "home")
        os.mkdir(home, 0o700)
        self.environment = {"HOME": "/", "KOOMY_HOME": home, "PATH": SYSTEM_PATH}
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

    def ctl(self, *words):
        return output([self.control, "--quiet", *words], env=self.environment)

    def stop(self):
        if getattr(self, "logger", None) is None:
            return
        self.ctl("daemon", "stop")
        try:
            self.logger.wait(30)
        except subprocess.TimeoutExpired:
            self.logger.kill()
            self.logger.wait()
        self.logger = None


def every_logger(programs):
    """cat first: everything is compared with it."""
    return [
        Cat(),
        S6Log("raw"),
        Supervisord(),
        Koomyd("raw", programs),
        S6Log("stamped"),
        Koomyd("stamped", programs),
        Koomyd("json", programs),
    ]
