"""Thousands of slow clients in one process, and an endpoint that can bear them: a program.

`slow.py clients KIND PORT COUNT SOURCE` opens COUNT connections from SOURCE and says "open COUNT";
on SIGUSR1 all begin their request, then each moves a byte a second; when all are cut it says
"cut {JSON}". `slow.py endpoint` answers GETs with a megabyte as fast as it is taken and swallows
bodies.
"""

from __future__ import annotations

import errno
import json
import select
import signal
import socket
import statistics
import sys
import time

HOST = b"Host: slow.example\r\n"
OPENERS = {
    "head": b"GET / HTTP/1.1\r\n" + HOST + b"X-Drip: ",
    "body": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n",
    "read": b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
}
READER_BUFFER = 4096
BIG = 1 << 20
GIVE_UP_S = 120
BATCH = 50


def say(text: str) -> None:
    print(text, flush=True)


class Clients:
    def __init__(self, kind: str, port: int, source: str) -> None:
        self.kind, self.port, self.source = kind, port, source
        self.poll = select.epoll()
        self.open: dict[int, tuple[socket.socket, float]] = {}
        self.cut_after: list[float] = []
        self.answers: dict[str, int] = {}

    def add(self) -> None:
        sock = socket.socket()
        if self.kind == "read":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READER_BUFFER)
        sock.bind((self.source, 0))
        sock.connect(("127.0.0.1", self.port))
        sock.setblocking(False)
        self.open[sock.fileno()] = (sock, 0)
        # A reader looks when it likes; of the others an answer is a cut.
        events = 0 if self.kind == "read" else select.EPOLLIN
        self.poll.register(sock, events)

    def begin(self) -> None:
        for number, (sock, _) in self.open.items():
            sock.send(OPENERS[self.kind])
            self.open[number] = (sock, time.monotonic())

    def lose(self, number: int) -> None:
        sock, begun = self.open.pop(number)
        self.cut_after.append(time.monotonic() - begun)
        self.poll.unregister(sock)
        sock.close()

    def look(self, timeout_s: float) -> None:
        for number, events in self.poll.poll(timeout_s):
            if self.kind == "read" or not events & select.EPOLLIN:
                self.lose(number)
            else:
                self.receive(number, 4096)

    def receive(self, number: int, most: int) -> None:
        try:
            got = self.open[number][0].recv(most)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            return self.lose(number)
        if got.startswith(b"HTTP/1.1"):
            status = got[9:12].decode()
            self.answers[status] = self.answers.get(status, 0) + 1

    def drip(self) -> None:
        for number in list(self.open):
            try:
                if self.kind == "read":
                    self.receive(number, 1)
                else:
                    self.open[number][0].send(b"x")
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    self.lose(number)


def run_clients(kind: str, port: int, count: int, source: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    clients = Clients(kind, port, source)
    for _ in range(count):
        clients.add()
    say(f"open {count}")
    signal.sigwait([signal.SIGUSR1])
    clients.begin()
    end = time.monotonic() + GIVE_UP_S
    drip_at = time.monotonic() + 1
    while clients.open and time.monotonic() < end:
        clients.look(max(0, drip_at - time.monotonic()))
        if time.monotonic() >= drip_at:
            clients.drip()
            drip_at = time.monotonic() + 1
    cut = clients.cut_after
    say(
        "cut "
        + json.dumps(
            {
                "cut": len(cut),
                "left": len(clients.open),
                "first_s": min(cut, default=0),
                "median_s": statistics.median(cut) if cut else 0,
                "last_s": max(cut, default=0),
                "answers": clients.answers,
            }
        )
    )


class Endpoint:
    """Level-triggered; knows no more of HTTP than these clients send through a gateway."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16384)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        self.peers: dict[int, socket.socket] = {}
        self.owed: dict[int, int] = {}  # bytes of an answer that is under way

    def accept(self) -> None:
        try:
            for _ in range(BATCH):
                peer, _ = self.listener.accept()
                peer.setblocking(False)
                self.peers[peer.fileno()] = peer
                self.poll.register(peer, select.EPOLLIN)
        except BlockingIOError:
            pass

    def drop(self, number: int) -> None:
        self.poll.unregister(number)
        self.owed.pop(number, None)
        self.peers.pop(number).close()

    def read(self, number: int) -> None:
        try:
            got = self.peers[number].recv(65536)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            return self.drop(number)
        if got.startswith(b"GET "):
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n".encode()
            self.peers[number].send(head)
            self.owed[number] = BIG
            self.poll.modify(number, select.EPOLLIN | select.EPOLLOUT)

    def write(self, number: int) -> None:
        try:
            self.owed[number] -= self.peers[number].send(bytes(min(self.owed[number], 65536)))
        except BlockingIOError:
            return
        except OSError:
            return self.drop(number)
        if self.owed[number] == 0:
            self.poll.modify(number, select.EPOLLIN)

    def run(self) -> None:
        say("listening 127.0.0.1:%d" % self.listener.getsockname()[1])
        while True:
            for number, events in self.poll.poll():
                if number == self.listener.fileno():
                    self.accept()
                    continue
                if number in self.peers and events & ~select.EPOLLOUT:
                    self.read(number)
                if number in self.peers and events & select.EPOLLOUT:
                    self.write(number)


if __name__ == "__main__":
    if sys.argv[1] == "endpoint":
        Endpoint().run()
    else:
        run_clients(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
