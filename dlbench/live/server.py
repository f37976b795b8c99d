"""The server of that page, for this machine alone; it reads run files and touches nothing else.

It listens on 127.0.0.1 at a port that the system picks, and answers only who knows the address it printed: a random
token is part of it. What leads a browser here by another name, as DNS rebinding does, gets nothing either.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any, Final

from dlbench.live.curves import Curves
from dlbench.report.formats import html
from dlbench.report.panels.style import LINES

HOST: Final = "127.0.0.1"
OWN_NAMES: Final = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")  # any port: a tunnel may begin at another one
CHANGES: Final = re.compile(r"changes\?after=(\d{1,9})")
PATIENCE_SECONDS: Final = 10.0  # with a client that sends or reads slowly; it has a thread of its own
GOODBYE_SECONDS: Final = 1.5  # a page asks each second
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{}'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def serving(title: str, curves: Curves, option: str, over: str) -> Iterator[str]:
    """Serve the page until the block ends, and then tell it why that is over; gives its address.

    Raises InputError, which names the option, without the extra.
    """
    html.check(option)
    server = _Server(title, curves)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.address
    finally:
        try:
            server.say_goodbye(over)
        finally:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    """Answers each request in a thread, which nobody waits for."""

    def __init__(self, title: str, curves: Curves) -> None:
        super().__init__((HOST, 0), _Handler)
        self.token = secrets.token_urlsafe(16)
        self.curves = curves
        self.asked_at = float("-inf")
        self._title = title

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/"

    def page(self, nonce: str) -> str:
        """The page, whose scripts alone have the nonce."""
        return html.render("live.html", has_plots=True, title=self._title, nonce=nonce, colours=LINES)

    def say_goodbye(self, over: str) -> None:
        """Let pages that are open ask for the end."""
        self.curves.over = over
        if time.monotonic() - self.asked_at < 2 * GOODBYE_SECONDS:
            time.sleep(GOODBYE_SECONDS)

    def server_bind(self) -> None:
        """As every server's; that for HTTP also asks the network for our name."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """GET of two things, the page and what is new; it knows no files."""

    server: _Server
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        """Answer."""
        token, _, rest = self.path.removeprefix("/").partition("/")
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not OWN_NAMES.fullmatch(hosts[0]):
            self.send_error(403)
        elif not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self.send_error(404)
        elif not rest:
            nonce = secrets.token_urlsafe(16)
            self._send(200, "text/html", self.server.page(nonce), {"Content-Security-Policy": POLICY.format(nonce)})
        elif asked := CHANGES.fullmatch(rest):
            self.server.asked_at = time.monotonic()
            self._send(200, "application/json", self.server.curves.since(int(asked[1])))
        else:
            self.send_error(404)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in few words; a method other than GET, which is all that nobody implements, is not allowed."""
        status = 405 if code == 501 else code
        self._send(status, "text/plain", "", {"Allow": "GET"} if status == 405 else {})

    def _send(self, status: int, kind: str, text: str, more: dict[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        about = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}
        for name, value in (about | HEADERS | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """The server's name, without its version."""
        return "dlbench"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: standard error belongs to the run."""
