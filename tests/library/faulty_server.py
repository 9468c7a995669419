"""A real HTTP server on this machine that makes the mistakes it is told to make."""

import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyServer(ThreadingHTTPServer):
    """Serves `contents`; before that, each request to a path uses up the first of its `faults`.

    Faults: "500" and "403" answer with that status; "reset" drops the connection; "truncated" stops in the
    middle of the body; "wrong" sends another body of the same length; "slow" answers after ten seconds.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents = {}
        self.faults = defaultdict(list)
        self.requests = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        """Say nothing: the client hangs up where a fault makes it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def do_GET(self):
        path = self.path.partition("?")[0]
        with self.server.lock:
            self.server.requests[path] += 1
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
            fault = self.server.faults[path].pop(0) if self.server.faults[path] else ""
        try:
            time.sleep(self.server.delay)
            self._answer(path, fault)
        finally:
            with self.server.lock:
                self.server.at_once -= 1

    def _answer(self, path, fault):
        content = self.server.contents.get(path)
        if fault == "slow":
            time.sleep(10)
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)  # close with a reset instead of an orderly end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        if fault.isdecimal() or content is None:
            self._send(int(fault or 404), b"an error page")
            return
        if fault == "wrong":
            content = bytes(255 - byte for byte in content)
        self._send(200, content, len(content) // 2 if fault == "truncated" else len(content))

    def _send(self, status, content, stop_after=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:stop_after])
        if stop_after is not None and stop_after < len(content):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, *arguments):
        """Say nothing."""
