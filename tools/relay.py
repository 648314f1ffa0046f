"""A wire between a client and a server that a test may tamper with."""

import socket
import threading


class Wire:
    """A relay to the server that can cut every connection through it, or hold the first ones back.

    `held` is how many of the first connections get no answers until `release` is called.
    """

    def __init__(self, address, held=0):
        host, port = address.rsplit(":", 1)
        self.server = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets = []
        self.opened = 0
        self.held = held
        self.released = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.server)
            self.sockets += [near, far]
            self.opened += 1
            is_held = self.opened <= self.held
            for words in ((near, far, False), (far, near, is_held)):
                threading.Thread(target=self._carry, args=words, daemon=True).start()

    def _carry(self, source, target, is_held):
        try:
            while data := source.recv(1 << 16):
                if is_held:
                    self.released.wait()
                target.sendall(data)
        except OSError:
            pass

    def release(self):
        """Lets the answers that were held back through."""
        self.released.set()

    def cut(self):
        """Ends every connection there is."""
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self.sockets = []

    def close(self):
        """Cuts, and lets nobody in any more."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
