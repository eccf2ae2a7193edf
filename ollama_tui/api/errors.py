"""Everything that can go wrong between us and an Ollama server.

    OllamaError                 title (what did not happen) and hint (what to do)
    ├── Unreachable             no connection: refused, no route, unknown name, TLS, time-out
    ├── Interrupted             the connection broke, or a stream ended without success or error
    │   ├── Silent              the connection is open, but nothing came for too long
    │   └── Stalled             events come, but of what is transferred nothing for too long
    ├── NotOllama               something answered, but not an Ollama server: HTML, bad JSON
    ├── ReadOnly                it would change the server, and the client is read-only: not sent
    └── Refused                 the server answered with an error; carries its status and text
        ├── NotFound            404, or the pull error for a model no registry has
        ├── InvalidRequest      400: a name, a body, a digest, a template
        ├── Unauthorized        401 and "access denied"; may carry a sign-in URL
        ├── Forbidden           402 and 403, also without a body (Host header gate, cloud disabled)
        ├── Unsupported         405/501, or 404 in plain text: this server lacks the endpoint
        ├── Busy                429, 503 and 499: try again later
        └── ServerFailed        5xx and any error line in a stream that is none of the above

Every text that came from a server is inert (control and bidi characters replaced, length capped)
before it becomes part of a title or hint.
"""

# ruff: noqa: N818 - a name says what went wrong; "Error" would add nothing

from __future__ import annotations

ADDRESS = "the address (--host, OLLAMA_HOST or config.toml)"
"""How hints name the setting of the server's address: it may be given in any of these."""
CHECK_ADDRESS = f"Check {ADDRESS}: a proxy or another program may be answering."
"""What to do when something answers that is not Ollama."""


class OllamaError(Exception):
    """What did not happen (`title`) and what to do about it (`hint`), both one sentence."""

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        """One sentence: what did not happen."""
        self.hint = hint
        """One sentence: what to do next; may be empty."""

    def __str__(self) -> str:
        return f"{self.title} {self.hint}".strip()


class Unreachable(OllamaError):
    """No connection could be made."""


class Interrupted(OllamaError):
    """The answer stopped before its end."""


class Silent(Interrupted):
    """Nothing came for so long that the connection was given up."""


class Stalled(Interrupted):
    """Events came, but not a byte of what they are about, for so long that it was given up."""


class NotOllama(OllamaError):
    """Something answered that does not speak Ollama's API."""

    def __init__(self, title: str, hint: str = "", *, status: int = 0) -> None:
        super().__init__(title, hint)
        self.status = status
        """HTTP status; 0 when it is not what gave it away."""


class ReadOnly(OllamaError):
    """It would change the server, and the client is read-only: nothing was sent."""

    def __init__(self, failed: str) -> None:
        """Say that it `failed`: what did not happen, without a full stop."""
        super().__init__(
            f"{failed}: read-only, so nothing on the server is changed.",
            "To change it, start without --read-only, and without read_only in config.toml.",
        )


class Refused(OllamaError):
    """The server answered with an error."""

    def __init__(
        self, title: str, hint: str = "", *, status: int = 0, server_text: str = ""
    ) -> None:
        super().__init__(title, hint)
        self.transient = False
        """Whether the cause may go away by itself: a failing network, registry or proxy."""
        self.status = status
        """HTTP status; 200 for an error line inside a stream."""
        self.server_text = server_text
        """The server's own error text, inert."""


class NotFound(Refused):
    """No such model, tag or blob."""


class InvalidRequest(Refused):
    """The server does not accept the request: a name, a body, a digest, a template."""


class Unauthorized(Refused):
    """Sign-in or more rights are needed."""

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        status: int = 0,
        server_text: str = "",
        signin_url: str | None = None,
    ) -> None:
        super().__init__(title, hint, status=status, server_text=server_text)
        self.signin_url = signin_url
        """Where a person can connect the server's key to an account; None when not given."""


class Forbidden(Refused):
    """The server does not allow this, or not for this client or account."""


class Unsupported(Refused):
    """This server has no such endpoint or cannot do this."""


class Busy(Refused):
    """Too much at once; the same request may succeed later."""


class ServerFailed(Refused):
    """The server tried and failed."""
