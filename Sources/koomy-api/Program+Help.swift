extension Program {
    static let help = """
        usage: koomy-api [options]

        The reference worker of koomyd: a small API over SQLite that loses no request when it is replaced.
        It serves on the listeners that it inherits (LISTEN_FDS); started by hand, on --listen or PORT.

          --listen ADDRESS        tcp://host:port, port, or unix:/path; may be given several times
          --database PATH         SQLite file for webhooks (also KOOMY_API_DATABASE); none by default
          --version-label TEXT    the version that /api/health shows
          --dependency N=tcp://H:P[,critical]
                                  something else that /api/ready looks at; may be given several times
          --check-timeout TIME    how long one check of /api/ready may take (default 2s)
          --minimum-disk MIB      not ready with less free space beside the database (default 64)
          --drain-linger TIME     how long an idle connection is kept after TERM (default 2s)
          --help, --version

        For tests of a supervisor:
          --allow-faults          GET /crash?mode=exit|abort|segv|hang|leak&mb=N exists, and the flags below
          --boot-delay-ms N       serve only after N ms
          --fail-after-ms N       exit with 1, N ms after having been ready
          --never-ready           neither accept nor say ready
          --ignore-term           pay no attention to TERM and INT

        Environment: PORT, KOOMY_API_DATABASE, STRIPE_WEBHOOK_SECRET, GIT_SHA, GIT_SOURCE,
        NODE_ENV or KOOMY_ENV (production hides /api/ready/verbose).
        Exit status: 0 after a drain, 1 where it cannot serve, 64 for a bad command line.

        """
}
