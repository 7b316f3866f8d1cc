"""The smallest WSGI application, with some work in each request."""

import os
import time


def application(environ, start_response):
    if environ["PATH_INFO"] != "/health":
        time.sleep(0.005)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %s\n" % (os.getpid(), os.environ.get("VERSION", "").encode())]
