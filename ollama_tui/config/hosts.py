"""The servers that config.toml names: a list of addresses, or a table for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from ollama_tui.api.host import Host, parse_host
from ollama_tui.formatting import inert

MOST_QUOTED = 80
"""Characters of a name that a sentence quotes."""
TABLE_SETTINGS = ("address", "read_only", "memory", "ram")
AMOUNTS = ("memory", "ram")
"""Those of them that are amounts of memory."""
QUOTED_AMOUNT = 'Write memory in quotes, such as "24g".'
LISTED = 'a list of addresses, such as ["gpu-box", "10.0.0.7:11434"]'

Place = tuple[str, str, int, str]
"""Scheme, name, port and path of an address."""


@dataclass(frozen=True)
class NamedHost:
    """A server of config.toml: an address of its list, or a table with a name."""

    name: str
    """As in the file; the address too, where none is given."""
    address: str = ""
    read_only: bool = False
    """Whether this server is not to be changed."""
    memory: int | None = None
    """Bytes of its GPUs together; None where the file does not say."""
    ram: int | None = None
    """Bytes of its main memory; None where the file does not say."""

    @property
    def host(self) -> Host:
        """Where it is; raises ValueError when the address holds a user name or password."""
        return parse_host(self.address or self.name)

    @cached_property
    def place(self) -> Place:
        """Equal for two addresses of one server; see `place_of`."""
        return place_of(self.host)


def place_of(host: Host) -> Place:
    """Return what two addresses of one server have in common.

    Host names are the same in any case and with a dot at the end, and all names of this machine's
    loopback lead to it. Nothing is looked up: one server may have addresses that this cannot tell.
    """
    name = "localhost" if host.is_loopback else host.name.lower().rstrip(".")
    return host.scheme, name, host.port, host.prefix


def address_of(text: str, hosts: Sequence[NamedHost]) -> str:
    """Return the address of the server that is called `text`, in any case; else `text` itself."""
    wanted = text.strip().casefold()
    found = (each for each in hosts if wanted and each.name.casefold() == wanted)
    return next((each.address or each.name for each in found), text)


def address_problem(address: str) -> str | None:
    """Return why `address` cannot be that of a server, as a sentence."""
    try:
        host = parse_host(address)
    except ValueError:
        return "An address cannot hold a user name or password."
    if host.scheme not in ("http", "https"):
        return "Only http:// and https:// lead to a server."
    if any(not letter.isprintable() or letter.isspace() for letter in host.name):
        return "A host name cannot contain spaces."
    return None


class HostProblem(NamedTuple):
    """Something of `hosts` that cannot be used."""

    keys: tuple[str, ...]
    """Where it is, below `hosts`."""
    sentence: str


def hosts_from(value: object) -> tuple[tuple[NamedHost, ...], list[HostProblem]]:
    """Return the servers of `hosts`, and what is wrong with others.

    A table whose `read_only` is neither true nor false counts as read-only: whoever wrote it wants
    that server protected. One whose address cannot be used is left out, and so is a whole list
    with such an address.
    """
    if isinstance(value, Mapping):
        return _of_tables(value)
    try:
        hosts = tuple(map(NamedHost, msgspec.convert(value, tuple[str, ...])))
        for each in hosts:
            parse_host(each.name)
    except ValueError:
        wrong = f"hosts must be {LISTED}, without user names; or tables, such as [hosts.gpu-box]."
        return (), [HostProblem((), wrong)]
    return hosts, []


def _of_tables(tables: Mapping[str, Any]) -> tuple[tuple[NamedHost, ...], list[HostProblem]]:
    hosts: list[NamedHost] = []
    problems: list[HostProblem] = []
    for name, table in tables.items():
        wrong, found = _of_table(f"hosts.{inert(name[:MOST_QUOTED])}", name, table)
        problems += [HostProblem((name, key) if key else (name,), said) for key, said in wrong]
        hosts += [found] if found is not None else []
    return tuple(hosts), problems


def _of_table(
    called: str, name: str, table: object
) -> tuple[list[tuple[str, str]], NamedHost | None]:
    """Return sentences on what is wrong in a server's table, by setting, and what is left of it."""
    if not isinstance(table, Mapping):
        return [("", f"{called} must be a table with {_listed(' or ')}.")], None
    if any(isinstance(value, Mapping) for value in table.values()):
        return [("", f'{called}: a name with dots stands in quotes: [hosts."gpu-box.lan"].')], None
    wrong = [
        (key, f"{called} has no setting “{inert(key[:MOST_QUOTED])}”, only {_listed(' and ')}.")
        for key in table
        if key not in TABLE_SETTINGS
    ]
    read_only, address = table.get("read_only", False), table.get("address", name)
    if not isinstance(read_only, bool):
        sentence = f"{called}.read_only must be true or false; until it is, it counts as true."
        wrong.append(("read_only", sentence))
    if not isinstance(address, str) or not address.strip():
        return [*wrong, ("address", f"{called}.address must be an address in quotes.")], None
    if (reason := address_problem(address)) is not None:
        sentence = f"{called} needs an address, as its name is none."
        if "address" in table:
            sentence = f"{called}.address: {reason}"
        return [*wrong, ("address", sentence)], None
    amounts: dict[str, int] = {}
    for key in AMOUNTS:
        if key in table:
            reason, amount = _amount(table[key])
            wrong += [(key, f"{called}.{key}: {reason}")] if reason else []
            amounts |= {key: amount} if amount else {}
    return wrong, NamedHost(name, table.get("address", ""), read_only is not False, **amounts)


def _listed(last: str) -> str:
    """Return what a table may hold, in words."""
    return ", ".join(TABLE_SETTINGS[:-1]) + last + TABLE_SETTINGS[-1]


def _amount(value: object) -> tuple[str, int]:
    """Return why a value is no amount of memory, as a sentence, or else its bytes."""
    from ollama_tui.domain.memory.available import parse_memory  # only who sets it pays for it

    try:
        return "", parse_memory(value if isinstance(value, str) else "")
    except ValueError as error:
        return (str(error) if isinstance(value, str) else QUOTED_AMOUNT), 0
