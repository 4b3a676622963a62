"""What the sessions are told, and how they say what holds.

The test writes one JSON object to standard input: ports, authority, offices, files. Passwords come that way too, so none
stands on a command line.
"""

import json
import ssl
import sys


class World:
    """The gateway and its offices, as a session sees them."""

    def __init__(self):
        told = json.load(sys.stdin)
        self.host = "localhost"
        self.ports = told["ports"]
        self.sender = told["sender"]
        self.recipient = told["recipient"]
        self.messages = [open(path, "rb").read() for path in told["messages"]]
        self.tls = ssl.create_default_context(cafile=told["authority"])


def holds(sentence, actual, wanted=True):
    """Prints the sentence if both are equal, else ends the session with both."""
    if actual != wanted:
        sys.exit(f"FALSE: {sentence}\n  wanted {wanted!r}\n  actual {actual!r}")
    print(f"holds: {sentence}")


def has(sentence, actual, part):
    """Prints the sentence if the text holds the part, else ends the session with both."""
    if part not in actual:
        sys.exit(f"FALSE: {sentence}\n  wanted {part!r}\n  within {actual!r}")
    print(f"holds: {sentence}")


def header(message, name):
    """The value of a field that is not folded."""
    for line in message.split(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.lower().startswith(name.lower() + b":"):
            return line.split(b":", 1)[1].strip()
    raise LookupError(name)
