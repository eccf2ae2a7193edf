"""Recorded replies made wrong in one way each: pure, and the same for the same names.

A mutated reply is named `trace/kind#number`: `mutated(reply, kind, number)` makes it again.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

MB = 1024 * 1024
DEEP = 100_000
"""Levels of a nested value."""
LONG = 100_000
"""Elements of a long array."""
VERY_LONG_LINE = 9 * MB
"""Bytes: more than a line of a stream may have."""


@dataclass(frozen=True)
class Reply:
    """One answer: what a transport is told to give."""

    name: str
    """Of the recording."""
    status: int
    headers: tuple[tuple[str, bytes], ...]
    chunks: tuple[bytes, ...]
    breaks: bool = False
    """Whether the connection breaks after the last chunk."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def having(self, body: bytes) -> Reply:
        """Return the reply with another body, cut into as many chunks."""
        return replace(self, chunks=_cut(body, max(1, len(self.chunks))))


Mutation = Callable[[Reply, Random, int], Reply]
"""Makes one reply wrong; the number counts the variants of a mutation."""


def _cut(body: bytes, pieces: int) -> tuple[bytes, ...]:
    step = max(1, -(-len(body) // pieces))
    return tuple(body[start : start + step] for start in range(0, len(body), step)) or (b"",)


# Bytes


def truncated(reply: Reply, random: Random, number: int) -> Reply:
    """The body ends early: the number is where, and also whether the connection breaks there."""
    body = reply.body
    at = number % (len(body) + 1)
    breaks = bool(number // (len(body) + 1) % 2)
    return replace(reply.having(body[:at]), breaks=breaks)


def flipped(reply: Reply, random: Random, number: int) -> Reply:
    """Some bits have the other value."""
    body = bytearray(reply.body or b"\0")
    for _ in range(random.choice((1, 1, 1, 2, 8, 64))):
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    return reply.having(bytes(body))


def inserted(reply: Reply, random: Random, number: int) -> Reply:
    """Some bytes are added."""
    body, at = reply.body, random.randrange(len(reply.body) + 1)
    return reply.having(body[:at] + random.randbytes(random.choice((1, 1, 2, 9, 300))) + body[at:])


def deleted(reply: Reply, random: Random, number: int) -> Reply:
    """Some bytes are missing."""
    body, at = reply.body, random.randrange(len(reply.body) + 1)
    return reply.having(body[:at] + body[at + random.choice((1, 1, 2, 9, 300)) :])


def doubled(reply: Reply, random: Random, number: int) -> Reply:
    """Some bytes are there twice, or all of them."""
    body = reply.body
    first, last = sorted(random.randrange(len(body) + 1) for _ in range(2))
    piece = body if number % 10 == 0 else body[first:last]
    return reply.having(body[:first] + piece + body[first:])


# Chunks


def reordered(reply: Reply, random: Random, number: int) -> Reply:
    """Chunks, or pieces of the only one, come in another order."""
    chunks = list(reply.chunks if len(reply.chunks) > 1 else _cut(reply.body, 7))
    random.shuffle(chunks)
    return replace(reply, chunks=tuple(chunks))


def repeated(reply: Reply, random: Random, number: int) -> Reply:
    """A chunk comes many times."""
    chunks = list(reply.chunks)
    at = random.randrange(len(chunks))
    return replace(reply, chunks=(*chunks[:at], *[chunks[at]] * (2 + number % 50), *chunks[at:]))


def recut(reply: Reply, random: Random, number: int) -> Reply:
    """The same bytes in other pieces, down to one byte each, some of them empty."""
    pieces = list(_cut(reply.body, random.choice((2, 3, 17, 2000, MB))))[:5000]
    kept = sum(map(len, pieces))
    pieces.append(reply.body[kept:])
    pieces.insert(random.randrange(len(pieces)), b"")
    return replace(reply, chunks=tuple(pieces))


# Values: texts, numbers and words of JSON

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')
_VALUE = re.compile(rb'("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null|\[\])')

NUMBERS = (
    b"-1", b"-0", b"0", b"0.5", b"-1e400", b"1e400", b"1e-400", b"NaN", b"Infinity", b"0x10",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"01", b"1.", b".5",
    b"9" * 400, b"9" * 5000, b"-" + b"9" * 400, b"9" * 100_000, b"1" + b"0" * 4000 + b".5",
    b"1E+", b"9007199254740993", b"1e308", b"\xd9\xa1\xd9\xa2",
)  # fmt: skip
_TEXTS = (
    rb"\u001b[2J\u001b]0;x\u0007", b"\x1b[31m", rb"\u009b31m", b"\xc2\x9b31m", rb"\u0000", b"\0",
    rb"\r\n\u0008\u007f", b"\x7f\x7f", rb"\u202e\u2066\u200f\u061c", "\u202eabc\u2067".encode(),
    rb"\ud800", rb"\udc00\ud800", b"\xed\xa0\x80", rb"\ud83d\udc4d", b"", b" ", rb"\n", rb"\t",
    rb"\u2028\u2029", "\ufeff".encode(), "e\u0301".encode() * 500, "\u202e".encode() * 400,
    b"x" * 1025, b"y" * 70_000, "👍".encode() * 2000, rb"\ud83d" * 3000, b"../../../etc/passwd",
    b"$(reboot)`reboot`';reboot;", b"-rf", b"<html><title>\x1b[31m</title>", b"%s%n{}{0}{x}",
    b"C:\\\\x\\\\y", b"/a" * 500, b"sha256-" + b"0" * 64, b"error", b"success", rb"\x", b"\\",
    b"2026-13-45T99:99:99Z", b"9999-12-31T23:59:59.999999999-14:00", b"1" * 6000,
    "\ufdd0".encode(), "…\ufdd0".encode(), "\U000e0041".encode(), "\ufff9\ufffb".encode(),
    b"FROM x\\nFROM /a\\u001b[0m\\nPARAMETER stop \\u009d", b"<think>" * 200, b"8.3B", b"1e999B",
    b"9" * 300 + b"B", b"Q" + b"9" * 400, "\u0663\u0664B".encode(),
)  # fmt: skip
TEXTS = tuple(b'"' + text + b'"' for text in _TEXTS)
OTHERS = (
    b"null", b"true", b"false", b"[]", b"{}", b'""', b"0", b"[[]]", b'[""]', b"[null]", b'{"":{}}',
    b'{"error":"x"}', b'[{"name":5}]', b"undefined", b"'x'", b'{"a":1,"a":2}', b"5", b"-5", b'"x"',
    b'{"message":{"message":{"message":"\\u001b"}}}', b'["a","b","c"]',
)  # fmt: skip


def _deep(random: Random) -> bytes:
    """Return a value nested as deep as nobody can read, or just deep enough to be read."""
    depth = random.choice((20, 300, 900, 960, 985, 1010, 3000, DEEP))
    start, end = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"message":', b"}")))
    return start * depth + b"1" + end * random.choice((depth, depth, depth - 1, 0))


def _long(random: Random) -> bytes:
    element = random.choice((b"1", b"{}", b"[]", b'"ab"', b'{"name":"a"}', b"null", b"1e400"))
    return b"[" + b",".join([element] * random.choice((101, 5000, LONG))) + b"]"


def _tokens(body: bytes) -> list[re.Match[bytes]]:
    return list(_TOKEN.finditer(body[:MB]))


def _with(
    reply: Reply, random: Random, pick: Callable[[bytes], bool], values: Sequence[bytes]
) -> Reply:
    """Replace one of the tokens that `pick` takes, and no name of a field if there is a choice."""
    body = reply.body
    tokens = [token for token in _tokens(body) if pick(token[0])]
    if not tokens:
        return reply.having(random.choice(values))
    plain = [token for token in tokens if not body[token.end() : token.end() + 2].startswith(b":")]
    token = random.choice(plain if plain and random.random() < 0.9 else tokens)
    return reply.having(body[: token.start()] + random.choice(values) + body[token.end() :])


def numbered(reply: Reply, random: Random, number: int) -> Reply:
    """A number is no number that a server counts with."""
    return _with(reply, random, lambda token: token[:1] not in b'"tfn', NUMBERS)


def texted(reply: Reply, random: Random, number: int) -> Reply:
    """A text is one that acts on a terminal, a shell, a path or a reader."""
    return _with(reply, random, lambda token: token[:1] == b'"', TEXTS)


def retyped(reply: Reply, random: Random, number: int) -> Reply:
    """A value is of another type."""
    return _with(reply, random, bool, (*OTHERS, *random.sample(NUMBERS, 3)))


def nested(reply: Reply, random: Random, number: int) -> Reply:
    """A value is nested deeply."""
    return _with(reply, random, bool, (_deep(random),))


def lengthened(reply: Reply, random: Random, number: int) -> Reply:
    """A value is an array of very many elements."""
    return _with(reply, random, bool, (_long(random),))


def keyed(reply: Reply, random: Random, number: int) -> Reply:
    """A field is there twice, under another name, or not at all."""
    body = reply.body
    found = list(_VALUE.finditer(body[:MB]))
    if not found:
        return reply.having(body + b'{"a":1}')
    field = random.choice(found)
    key, value = field[1], random.choice((*OTHERS, *TEXTS))
    new = random.choice(
        (
            field[0] + b"," + key + b":" + value,
            b",".join([field[0]] * 1000),
            b",".join(b'"%d":1' % each for each in range(3000)) + b"," + field[0],
            key.upper() + b":" + field[2],
            random.choice(TEXTS) + b":" + field[2],
            b'"error":' + value,
            b'"x":1',
        )
    )
    return reply.having(body[: field.start()] + new + body[field.end() :])


# Encodings and lines

_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp037", "utf-7", "cp1252")
_NOISE = (
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xf5\x80\x80\x80",
    b"\xed\xbf\xbf",
    b"\xe2\x80",
    b"\x80",
    b"\0",
)


def encoded(reply: Reply, random: Random, number: int) -> Reply:
    """The body is in another encoding, compressed, or not UTF-8 at one place."""
    body, way = reply.body, number % (len(_ENCODINGS) + 4)
    if way < len(_ENCODINGS):
        text = body.decode("utf-8", "replace")
        return reply.having(text.encode(_ENCODINGS[way], "replace"))
    if way == len(_ENCODINGS):
        return reply.having(zlib.compress(body))
    at = random.randrange(len(body) + 1)
    return reply.having(body[:at] + random.choice(_NOISE) * random.choice((1, 1, 500)) + body[at:])


def lined(reply: Reply, random: Random, number: int) -> Reply:
    """Lines end otherwise, or not at all, or are empty, or there is more after the end."""
    body = reply.body
    ways = (
        lambda: body.replace(b"\n", b"\r\n"),
        lambda: body.replace(b"\n", b"\r"),
        lambda: body.rstrip(b"\n"),
        lambda: body.replace(b"\n", b""),
        lambda: body.replace(b"\n", b"\n" * 70_000, 1) + b"\n" * 70_000,
        lambda: b"\xef\xbb\xbf" + body,
        lambda: b"\n\n" + body,
        lambda: body + body,
        lambda: body + b"]}garbage",
        lambda: body + b"{",
        lambda: body.replace(b"success", b"succes"),
        lambda: body.replace(b",", b",\n"),
        lambda: body.replace(b"\n", "\u2028".encode()),
        lambda: b"data: " + body.replace(b"\n", b"\n\ndata: "),
        lambda: body + b'{"error":"\\u001b[31mx\\u202e"}\n',
        lambda: body + b'{"status":"success"}\n{"status":"\\u0007"}\n{"status":"success"}',
    )
    return reply.having(ways[number % len(ways)]())


def huge(reply: Reply, random: Random, number: int) -> Reply:
    """A line, a text or a number of many megabytes."""
    body = reply.body
    fill = random.choice((b" ", b"x", b'"', b"9", b"[", b"\\", b"\xff", b"\x1b", b"{},", b'{"a":'))
    at = random.choice((0, len(body) // 2, len(body)))
    more = fill * (VERY_LONG_LINE // len(fill))
    pieces = _cut(more, 64) if number % 2 else (more,)
    return replace(reply, chunks=(body[:at], *pieces, body[at:]))


# Statuses, headers and what is not Ollama

STATUSES = (
    200, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403,
    404, 405, 406, 407, 408, 409, 410, 412, 413, 415, 418, 421, 425, 426, 429, 431, 451, 499, 500,
    501, 502, 503, 504, 507, 511, 520, 530, 599, 600, 777, 999, 100, 101, 102, 103,
)  # fmt: skip


def answered(reply: Reply, random: Random, number: int) -> Reply:
    """The status is another; or there is no body beside it."""
    status = STATUSES[number % len(STATUSES)]
    chunks = reply.chunks if number < len(STATUSES) or number % 3 else (b"",)
    return replace(reply, status=status, chunks=chunks)


_LOCATIONS = (
    b"", b"/", b"//", b"http://", b"https://evil.example/x", b"http://127.0.0.1:1/", b"\x1b[31m",
    b"http://[::1", b"http://[fe80::%25x]/", b"http://a:99999/", b"http://a:b/", b"javascript:x",
    b"http://user:hunter2@h/", b"http://\xe2\x84\x80.example/", b"http://xn--/", b"///x",
    b"http://" + b"a" * 300, b"https://ollama.com/" + b"x" * 70_000, b"file:///etc/passwd", b"?",
    b"http://h\xff/", b"http://\xe2\x80\xae.example", b":https://:[",
    b"//xn--/\\", b"\xf0\x9f\x91\x8d", b"http://1.2.3.4.5/",
)  # fmt: skip
_HEADERS = (
    ("content-length", (b"-1", b"1", b"99999999999999999999999", b"0", b"1e3", b"x", b"5, 6")),
    ("content-encoding", (b"gzip", b"gzip, gzip", b"deflate", b"br", b"zstd", b"x", b"", b"\xff")),
    ("transfer-encoding", (b"chunked", b"gzip, chunked", b"identity", b"x", b"chunked, chunked")),
    ("content-type", (b"text/html", b"text/plain; charset=utf-99", b"\xff\xfe", b"x" * 60_000)),
    ("location", _LOCATIONS),
    (
        "set-cookie",
        (b"a=\xff", b"a=b; max-age=" + b"9" * 5000 + b";", b"a=" + b"x" * 9000, b"=;expires=1;"),
    ),
    ("retry-after", (b"-1", b"9" * 5000, b"never")),
    (
        "www-authenticate",
        (
            b'Bearer realm="https://ollama.com/token",service="x"', b"Bearer", b"Basic \x1b",
            b'Bearer realm="http://[",scope="\xff"', b'Bearer realm="//"', b"Bearer " + b'a="' * 99,
            b'Bearer realm="https://ollama.com/token?x=\x7f",service="' + b"s" * 70_000 + b'"',
        ),
    ),
    ("ollama-content-digest", (b"sha256:" + b"A" * 64, b"\xff" * 64, b"0" * 64, b"x" * 60_000)),
    ("ollama-push-time", (b"-1", b"99999999999", b"9" * 5000, b"1e9", b"\xb2", b"")),
    ("x-more", (b"x" * 65_000, b"\x80")),
)  # fmt: skip


def headed(reply: Reply, random: Random, number: int) -> Reply:
    """A header is nonsense, or there more than once; with a status for which it matters."""
    name, values = _HEADERS[number % len(_HEADERS)]
    headers = [(name, random.choice(values)) for _ in range(random.choice((1, 1, 2, 50)))]
    statuses = {"location": (301, 307, 308, 200), "www-authenticate": (401,)}
    status = random.choice(statuses.get(name, (reply.status, reply.status, 500)))
    return replace(reply, status=status, headers=(*reply.headers, *headers))


_PAGES = (
    b"", b" ", b"Ollama is running", b"OK", b"[]", b"null", b'"x"', b"\0" * 100, b"{}", b"{", b"[",
    b"<html><title>\x1b]0;x\x07&#27;&#x9b;&#x202e;</title>", b"<html>" + b"<title" * 10_000,
    b"<!DOCTYPE html>" + b"<style" * 10_000, b"<html>" + b"<" * 60_000, b'{"error":null}',
    b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100, b'{"error":"' + b"/a" * 30_000 + b'"}',
    b'{"error":"' + b"C:\\\\a" * 10_000 + b'"}', b'{"error":"' + b'Get \\"' * 10_000 + b'"}',
    b'{"error":' + b"[" * 900 + b"]" * 900 + b"}", b'{"error":{"message":"\\u001b\\u202e"}}',
    b'{"error":"unauthorized","signin_url":"https://x\\u001b[31m"}', b'{"models":[{"name":1}]}',
    b'{"error":"unauthorized","signin_url":"https://' + b"x" * 3000 + b'"}', b'{"error":1e400}',
    b'{"error":"pull model manifest: \\u009b\\u202e: file does not exist"}', b'{"error":[1,2]}',
    b'{"error":"digest mismatch, expected \\"\\u001b\\", got \\"\\u007f\\""}', b'{"error":{}}',
    b'{"error":"max retries exceeded: ' + b": " * 20_000 + b'"}', b'{"status":"\\u001b"}',
)  # fmt: skip


def paged(reply: Reply, random: Random, number: int) -> Reply:
    """Something else answers: a page, a picture, an error that nobody wrote a rule for."""
    status = random.choice((reply.status, 200, 400, 401, 403, 404, 500, 502))
    return replace(reply, status=status, chunks=_cut(_PAGES[number % len(_PAGES)], 3))


MUTATIONS: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        truncated, flipped, inserted, deleted, doubled, reordered, repeated, recut, numbered,
        texted, retyped, keyed, encoded, lined, answered, headed, paged, nested, lengthened, huge,
    )
}  # fmt: skip
HEAVY = {"nested": 20, "lengthened": 20, "huge": 200, "repeated": 3, "recut": 3, "lined": 2}
"""How many times rarer than others: they take as many times longer."""


def mutated(reply: Reply, kind: str, number: int) -> Reply:
    """Return the reply of that name: always the same one."""
    return MUTATIONS[kind](reply, Random(f"{reply.name}/{kind}#{number}"), number)


def chosen(reply: Reply, count: int) -> Iterator[tuple[str, int]]:
    """Yield about `count` names of mutations of a reply, spread over all kinds.

    When there is room, it is truncated at each of its bytes.
    """
    weights = {kind: 1 / HEAVY.get(kind, 1) for kind in MUTATIONS}
    for kind, weight in weights.items():
        share = count * weight / sum(weights.values())
        # A share below one is one for as many of the recordings.
        whole = int(share) + (Random(f"{reply.name}/{kind}").random() < share % 1)
        if kind == "truncated":
            places = range(len(reply.body) + 1)
            yield from ((kind, at) for at in _spread(places, whole))
        else:
            yield from ((kind, number) for number in range(whole))


def _spread(places: Sequence[int], count: int) -> Sequence[int]:
    return places[:: max(1, -(-len(places) // max(1, count)))]
