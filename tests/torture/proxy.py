"""A TCP proxy before PostgreSQL that cuts or stalls connections at chosen places."""

import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

# The call was sent, and its answer is never seen: it took effect all the same.
_COMMITS = (b"COMMIT", b'"merge_job"', b'"finish_plan"', b'"mark_published"')
_CUT, _STALLED, _UNSEEN = "cut", "stalled and cut", "cut after COMMIT was sent"
_STALL_SECONDS = 1.5
_AT_ONCE = 65_536


@dataclass
class _ConnectionFault:
    """What becomes of one connection."""

    kind: str
    at: int = 0
    word: bytes = b""


@dataclass
class Proxy:
    """Listens on a free port; every connection gets a fault by `chance`."""

    target: int
    chance: random.Random
    share: float = 0.4
    """Of connections that come to harm."""
    faults: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            fault = self._draw()
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            for pair in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(*pair, fault), daemon=True).start()

    def _draw(self) -> _ConnectionFault:
        if self.chance.random() > self.share:
            return _ConnectionFault("none")
        kind = self.chance.choice([_CUT, _STALLED, _UNSEEN])
        # Most conversations are short: small numbers hit more of them.
        at = int(2 ** self.chance.uniform(6, 17))
        return _ConnectionFault(kind, at, self.chance.choice(_COMMITS))

    def _pump(
        self, source: socket.socket, sink: socket.socket, from_client: bool, fault: _ConnectionFault
    ) -> None:
        # The other side may be gone at any moment, which is what this is about.
        with suppress(OSError), source, sink:
            passed = 0
            while data := source.recv(_AT_ONCE):
                if from_client and self._harmed(data, passed, source, sink, fault):
                    return
                sink.sendall(data)
                passed += len(data)
            # Closed here would take the answer away that is still on its way.
            sink.shutdown(socket.SHUT_WR)

    def _harmed(
        self,
        data: bytes,
        passed: int,
        client: socket.socket,
        server: socket.socket,
        fault: _ConnectionFault,
    ) -> bool:
        """Cut the connection if its moment has come."""
        if fault.kind == _UNSEEN and fault.word in data:
            # No answer comes back; the server finishes what it was published.
            server.sendall(data)
        elif fault.kind in (_CUT, _STALLED) and passed + len(data) >= fault.at:
            server.sendall(data[: fault.at - passed])
            time.sleep(_STALL_SECONDS if fault.kind == _STALLED else 0)
        else:
            return False
        self.faults[f"connection {fault.kind}"] += 1
        client.shutdown(socket.SHUT_RDWR)
        server.shutdown(socket.SHUT_WR if fault.kind == _UNSEEN else socket.SHUT_RDWR)
        return True
