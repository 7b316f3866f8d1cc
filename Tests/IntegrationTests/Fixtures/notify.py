"""Sends datagrams to a Unix socket: notify.py PATH MESSAGE... ; `random:N` is N random bytes."""

import os
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
    sender.settimeout(1)
    for message in sys.argv[2:]:
        data = os.urandom(int(message[7:])) if message.startswith("random:") else message.encode()
        try:
            sender.sendto(data, sys.argv[1])
        except OSError as error:
            print(error)
