"""Posts webhooks to koomy-api for scripts/soak, as their sender does: each until it is acknowledged, under its own id.

Arguments: port, events a second, the file that acknowledged ids are appended to, the file that failed attempts are
appended to. Every second event goes over a connection of its own, the others share one. The secret is
STRIPE_WEBHOOK_SECRET. SIGTERM ends it after the event that is in flight.
"""

import hashlib
import hmac
import http.client
import json
import os
import signal
import sys
import time


def signed(body):
    now = int(time.time())
    secret = os.environ["STRIPE_WEBHOOK_SECRET"].encode()
    code = hmac.new(secret, b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
    return {"Stripe-Signature": "t=%d,v1=%s" % (now, code), "Content-Type": "application/json", "User-Agent": "poster"}


class Poster:
    def __init__(self, port):
        self.port = port
        self.kept = None

    def attempt(self, body, keep):
        """Sends an event once; returns why it failed, or nothing."""
        connection = self.kept if keep else None
        reused = connection is not None
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.kept = None if keep else self.kept
        headers = signed(body)
        if not keep:
            headers["Connection"] = "close"
        try:
            connection.request("POST", "/api/webhooks/stripe", body, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return "%s: %s%s" % (type(error).__name__, error, ", on a reused connection" if reused else "")
        if keep and not response.will_close:
            self.kept = connection
        else:
            connection.close()
        return None if response.status == 200 else "status %d: %s" % (response.status, text[:200].decode())


def main():
    poster, rate = Poster(int(sys.argv[1])), float(sys.argv[2])
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    due, number = time.monotonic(), 0
    with open(sys.argv[3], "a", buffering=1) as acknowledged, open(sys.argv[4], "a", buffering=1) as failures:
        while not leaving:
            number += 1
            event = "evt_%d_%d" % (os.getpid(), number)
            body = json.dumps({"id": event, "type": "invoice.paid", "data": {"number": number}}).encode()
            while (reason := poster.attempt(body, keep=number % 2 == 0)) is not None:
                failures.write("%.3f %s %s\n" % (time.time(), event, reason))
                time.sleep(0.1)
            acknowledged.write(event + "\n")
            due = max(due + 1 / rate, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    main()
