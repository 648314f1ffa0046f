"""Attacks of `hostile.py` on a server with TLS, keys, tokens and the operator's endpoint.

A server of their own, which lets nobody in without a credential. Beside each attack a client with a
good token gets its answer.
"""

import dataclasses
import pathlib
import random
import socket
import ssl
import time

import hostile_connections
import numpy as np
from certificates import make_certificate
from palate import Client, NotAuthenticated, Overloaded, PalateError
from served import Server, free_port, run_palate
from tokens import SECRET, token

PATIENCE = hostile_connections.PATIENCE
# Addresses that guess, so that those who do not are not made to wait: 127.0.2.1 and on.
GUESSERS = "127.0.2."


@dataclasses.dataclass
class Guarded:
    """What an attack needs."""

    server: Server
    certificate: str
    http: tuple
    generator: random.Random

    @property
    def place(self):
        """Host and port of the server."""
        host, port = self.server.address.rsplit(":", 1)
        return host, int(port)

    def client(self, **options):
        """A client that trusts the server."""
        return Client(self.server.address, ca_file=self.certificate, retries=0, **options)

    def context(self):
        """TLS that trusts the server."""
        return ssl.create_default_context(cafile=self.certificate)

    def connect(self, place=None, source=None):
        """A connection that has said nothing yet."""
        bound = (source, 0) if source else None
        return socket.create_connection(place or self.place, timeout=30, source_address=bound)


def ends(connection, seconds=PATIENCE + hostile_connections.GRACE):
    """Reads until the server ends the connection; what it said."""
    connection.settimeout(seconds)
    said = b""
    try:
        while data := connection.recv(1 << 16):
            said += data
    except TimeoutError as error:
        raise AssertionError(f"not ended in {seconds} s") from error
    except OSError:
        pass
    return said


def refused_handshakes(guarded):
    """TLS before 1.3, and ciphers that there are not."""
    old = guarded.context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for _ in range(20):
        try:
            with old.wrap_socket(guarded.connect(), server_hostname="localhost"):
                raise AssertionError("TLS 1.2 was agreed on")
        except (ssl.SSLError, ConnectionError):
            pass
    return 20


def garbage_instead_of_tls(guarded):
    """Bytes that are no TLS, a frame in the clear among them; then silence."""
    for number in range(60):
        length = guarded.generator.randrange(1, 2_000)
        garbage = b"PLT1" + bytes(60) if number == 0 else guarded.generator.randbytes(length)
        with guarded.connect() as connection:
            try:
                connection.sendall(garbage)
            except OSError:
                pass
            said = ends(connection)
            assert not said.startswith(b"PLT1"), "answered in the clear"
    return 60


def broken_handshakes(guarded):
    """A client's hello with bits flipped, cut short, or followed by nothing."""
    outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = guarded.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    good = outgoing.read()
    held = []
    for number in range(80):
        data = bytearray(good)
        if number % 2:
            data = data[: guarded.generator.randrange(1, len(data))]
        else:
            data[guarded.generator.randrange(len(data))] ^= 1 << guarded.generator.randrange(8)
        connection = guarded.connect()
        connection.sendall(bytes(data))
        held.append(connection)
    hostile_connections.await_ends(held, PATIENCE + hostile_connections.GRACE)
    return len(held)


def forged_tokens(guarded):
    """Tokens that are signed by others, not signed, over, endless or not tokens."""
    good = token()
    head, body, signature = good.split(".")
    bad = [
        token(secret=b"another secret that nobody knows"), token(header={"alg": "none"}),
        f"{head}.{body}.", f"{head}.{body}", f"{head}..{signature}", "a.b.c",
        token(exp=time.time() - 600), token(exp=None), token(nbf=time.time() + 600),
        token(sub=None), token(scope="everything"), "plt_abcdefgh_" + "0" * 64, "x" * 4_000,
    ]  # fmt: skip
    for number, one in enumerate(bad):
        # A good one forgives the failures before it.
        with guarded.client(token=good) as client:
            client.list()
        refusal = try_credential(guarded, one)
        assert isinstance(refusal, NotAuthenticated), f"forged token {number}: {refusal!r}"
    refusals = [try_credential(guarded, bad[0]) for _ in range(10)]
    assert isinstance(refusals[-1], Overloaded), f"{refusals[-1]!r}"
    assert "access.failures is 4" in str(refusals[-1]), f"{refusals[-1]}"
    return len(bad) + len(refusals)


def try_credential(guarded, text):
    """The error that a request with this credential gets; None where it is answered."""
    key = {"api_key": text} if text.startswith("plt_") else {"token": text}
    try:
        with guarded.client(**key) as client:
            client.list()
    except PalateError as error:
        return error
    return None


def strangers(guarded):
    """Requests without any credential."""
    with guarded.client() as client:
        for _ in range(50):
            try:
                client.list()
                raise AssertionError("a stranger was answered")
            except NotAuthenticated:
                pass
    return 50


def ask(guarded, text, source=None):
    """The status of the answer to bytes over HTTP; 0 where the connection was closed."""
    with guarded.connect(guarded.http, source) as connection:
        try:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said = ends(connection)
    return int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 0


def bad_http(guarded):
    """Requests that are none, too large, smuggled, or about what there is not."""
    lengths = b"Content-Length: 5\r\nContent-Length: 6\r\n"
    both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    host = b"Host: localhost\r\n"
    tries = [
        (b"GET\r\n\r\n", {0, 400}), (b"\x16\x03\x01\x02\x00\x01" * 40, {0, 400}),
        (b"GET /livez HTTP/9.9\r\n" + host + b"\r\n", {0, 400, 505}),
        (b"GET /livez HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n", {0, 400, 431}),
        (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", {0, 400, 404, 414, 431}),
        (b"POST /collections/x/fields HTTP/1.1\r\n" + lengths + host + b"\r\nabcdef", {0, 400}),
        (b"POST /collections/x/fields HTTP/1.1\r\n" + both + host + b"\r\n0\r\n\r\n",
         {0, 400, 401}),
        (b"GET /../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n", {400, 401, 404}),
        (b"GET /collections/%00%ff HTTP/1.1\r\n" + host + b"\r\n", {400, 401, 404}),
        (b"BREW /livez HTTP/1.1\r\n" + host + b"\r\n", {0, 400, 404, 405}),
        (b"GET /metrics HTTP/1.1\r\n" + host + b"\r\n", {401}),
        (b"DELETE /collections/kept HTTP/1.1\r\n" + host + b"\r\n", {401}),
        (b"POST /admin/reload HTTP/1.1\r\nAuthorization: Basic eDp5\r\n" + host + b"\r\n", {401}),
    ]  # fmt: skip
    for text, expected in tries:
        status = ask(guarded, text)
        assert status in expected, f"{text[:60]!r} was answered with {status}"
    return len(tries)


def guesses_over_http(guarded):
    """Keys tried one after another: the address is made to wait, others are not."""
    head = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
    line = head + b"Authorization: Bearer plt_%08d_" + b"0" * 64
    statuses = [ask(guarded, line % n + b"\r\n\r\n", GUESSERS + "1") for n in range(20)]
    assert set(statuses) == {401, 429} and statuses[-1] == 429, f"{statuses}"
    assert ask(guarded, line % 1 + b"\r\n\r\n", GUESSERS + "2") == 401
    return 21


def slow_http(guarded):
    """Requests over HTTP a byte at a time, and connections that ask nothing."""
    held = [guarded.connect(guarded.http) for _ in range(60)]
    slow = b"GET /livez HTTP/1.1\r\nX-Slow: " + b"y" * 400
    hostile_connections.await_ends(held, PATIENCE + hostile_connections.GRACE, slow)
    assert ask(guarded, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200
    return len(held)


ATTACKS = [
    ("old versions of TLS", refused_handshakes),
    ("garbage instead of TLS", garbage_instead_of_tls),
    ("broken handshakes", broken_handshakes),
    ("strangers", strangers),
    ("forged tokens", forged_tokens),
    ("bad HTTP", bad_http),
    ("guesses over HTTP", guesses_over_http),
    ("slow HTTP", slow_http),
]


def settings(folder, secret, certificate, key, http):
    """A file of settings for short waits and closed doors."""
    lines = {
        **hostile_connections.SETTINGS,
        "tls.certificate": certificate,
        "tls.key": key,
        "access.tokens.algorithms": "HS256",
        "access.tokens.hmac-secret": secret,
        "http.listen": http,
        "http.idle-timeout": f"{PATIENCE}s",
    }
    words = [word for name, value in lines.items() for word in ("--set", f"{name}={value}")]
    return words


def run(folder, generator):
    """Starts the server, runs every attack; yields a sentence for each that went wrong."""
    folder = pathlib.Path(folder)
    certificate, key = make_certificate(folder)
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    port = free_port()
    data = folder / "guarded"
    data.mkdir()
    made = run_palate(
        "keys", "create", "--data", data, "--name", "watcher", "--scopes", "query",
        "--all-collections",
    )  # fmt: skip
    arguments = settings(folder, secret, certificate, key, f"127.0.0.1:{port}")
    with Server(data, arguments=arguments, anonymous=None) as server:
        guarded = Guarded(server, str(certificate), ("127.0.0.1", port), generator)
        with guarded.client(token=token()) as client:
            client.create_collection("kept", dim=4, metric="l2")
            client.upsert("kept", [7], np.ones((1, 4), np.float32))
        with guarded.client(api_key=made.split()[0].strip()) as watcher:
            for name, attack in ATTACKS:
                yield from watched(guarded, watcher, name, attack)


def watched(guarded, watcher, name, attack):
    """One attack, and a good client's question behind it; yields what went wrong."""
    began = time.monotonic()
    try:
        count = attack(guarded)
        found = watcher.query("kept", vectors=np.ones((1, 4), np.float32), k=1).ids
        assert found.tolist() == [[7]], f"the good client found {found}"
    except (AssertionError, RuntimeError, OSError, PalateError) as error:
        yield f"{name}: {error!r}"
        return
    if not guarded.server.is_running():
        yield f"{name}: the server died: {guarded.server.last_log_lines()}"
        return
    took = time.monotonic() - began
    print(f"{name:<26}{count:>6} tried in {took:5.1f} s   a good client is served")
