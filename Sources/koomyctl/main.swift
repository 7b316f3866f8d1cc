import Glibc

// A reader that goes away, as in `koomyctl logs -f | head`, ends this program whatever its parent ignored.
signal(SIGPIPE, SIG_DFL)
exit(Koomyctl.run(Array(CommandLine.arguments.dropFirst())))
