"""A small SMTP server: `python smtp_sink.py PORT LOG` appends each message to LOG as JSON."""

import email
import email.policy
import json
import socketserver
import sys
from pathlib import Path
from typing import ClassVar


class _Session(socketserver.StreamRequestHandler):
    log: ClassVar[Path]

    def handle(self) -> None:
        self._say("220 sink")
        recipients: list[str] = []
        for raw in self.rfile:
            line = raw.decode("utf-8").strip()
            verb = line.upper()
            if verb.startswith("RCPT TO:"):
                recipients.append(line[8:].strip().strip("<>"))
            if verb == "DATA":
                self._say("354 go on")
                self._keep(recipients, self._data())
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _data(self) -> bytes:
        lines = []
        for raw in self.rfile:
            if raw == b".\r\n":
                break
            lines.append(raw.removeprefix(b".") if raw.startswith(b"..") else raw)
        return b"".join(lines)

    def _keep(self, recipients: list[str], data: bytes) -> None:
        message = email.message_from_bytes(data, policy=email.policy.default)
        body = message.get_body()
        found = {
            "to": recipients,
            "subject": message["Subject"],
            "text": body.get_content() if body else "",
        }
        with self.log.open("a") as file:
            file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _Session.log = Path(sys.argv[2])
    with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), _Session) as server:
        server.serve_forever()
