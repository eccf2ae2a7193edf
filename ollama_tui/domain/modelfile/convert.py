"""From a Modelfile to a request to create, and from a model's details to a Modelfile."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ollama_tui.api.replies import Message, Show
from ollama_tui.api.requests import CreateRequest, ParameterValue
from ollama_tui.domain.modelfile import parameters
from ollama_tui.domain.modelfile.syntax import (
    Command,
    InvalidModelfile,
    Modelfile,
    blobs,
    parse,
    printable,
    written,
)
from ollama_tui.domain.names import same
from ollama_tui.formatting import inert, listing

_VERSION = re.compile(
    r"v?(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)"
    r"(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ModelfileRequest:
    """What a Modelfile asks for; the paths in it still have to become uploaded blobs."""

    request: CreateRequest
    """Everything but files and adapters."""
    files: tuple[str, ...] = ()
    """Paths of FROM, in order."""
    adapter: str = ""
    """Path of ADAPTER, of which the last one counts."""
    drafts: tuple[str, ...] = ()
    """Paths of DRAFT."""
    warnings: tuple[str, ...] = ()
    """Sentences on what is left out or will not have the effect one expects."""


def request_from(
    modelfile: Modelfile, model: str, is_path: Callable[[str], bool] = lambda value: False
) -> ModelfileRequest:
    """Return what `modelfile` asks to create as `model`; raise InvalidModelfile.

    `is_path` says which values of FROM are paths that exist: the others are names of models.
    """
    sources = [command.value for command in modelfile.all("from")]
    values, warnings = _parameters(modelfile)
    version = modelfile.last("requires")
    if version and not _VERSION.fullmatch(version):
        line = modelfile.all("requires")[-1].line
        raise InvalidModelfile("requires must be a valid semver (e.g. 0.14.0)", line)
    request = CreateRequest(
        model=model,
        from_=next((value for value in reversed(sources) if not is_path(value)), ""),
        template=modelfile.last("template"),
        system=modelfile.last("system"),
        license=[command.value for command in modelfile.all("license")],
        parameters=values,
        messages=[Message(role=c.key, content=c.value) for c in modelfile.all("message")],
        renderer=modelfile.last("renderer"),
        parser=modelfile.last("parser"),
        requires=version,
        capabilities=[command.value for command in modelfile.all("capability")],
    )
    return ModelfileRequest(
        request,
        files=tuple(filter(is_path, sources)),
        adapter=modelfile.last("adapter"),
        drafts=tuple(command.value for command in modelfile.all("draft")),
        warnings=warnings,
    )


def modelfile_of(show: Show, name: str) -> Modelfile:
    """Return the model's settings as a Modelfile on top of `name`, the model itself or its parent.

    Licenses are left out: where it is made on top of what has them they would be there twice.
    """
    settings = parameters.merged(parameters.parse_show(show.parameters))
    texts = {
        "template": own_template(show),
        "system": show.system,
        **built_in(show),
        "requires": show.requires,
    }
    return Modelfile(
        (
            Command("from", name),
            *(Command(word, value) for word, value in texts.items() if value),
            *(Command("capability", word) for word in declared(show)),
            *(Command("parameter", text, key) for key, text in parameters.lines(settings)),
            *(Command("message", m.content, m.role) for m in show.messages),
        )
    )


def edited(before: Modelfile, wanted: ModelfileRequest) -> ModelfileRequest:
    """Return `wanted` without what the model it starts from, shown as `before`, has already.

    What was taken out of an inherited model cannot be taken out there: warnings say so. On top of
    another model nothing of this one is inherited, so all is sent.
    """
    old, new = _request_of(before), wanted.request
    if wanted.files or not same(new.from_, before.last("from")):
        return wanted
    unchanged = [text for text in old.license if text in new.license]
    changed = {
        key: value
        for key, value in new.parameters.items()
        # 1 and 1.0 are the same, 1 and True are not.
        if old.parameters.get(key) != value
        or isinstance(old.parameters.get(key), bool) is not isinstance(value, bool)
    }
    texts: dict[str, Any] = {
        word: "" if getattr(new, word) == getattr(old, word) else getattr(new, word)
        for word in ("template", "system", "renderer", "parser", "requires")
    }
    request = CreateRequest(
        model=new.model,
        from_=before.last("from"),
        license=[text for text in new.license if text not in unchanged],
        parameters=changed,
        messages=[] if new.messages == old.messages else new.messages,
        capabilities=[word for word in new.capabilities if word not in old.capabilities],
        quantize=new.quantize,
        **texts,
    )
    warnings = (*wanted.warnings, *_inherited(old, new))
    return ModelfileRequest(request, wanted.files, wanted.adapter, wanted.drafts, warnings)


def _inherited(old: CreateRequest, new: CreateRequest) -> tuple[str, ...]:
    """Return sentences on what `new` lacks but will have, since it starts from `old`."""
    lost = [
        what
        for what, was, now in (
            ("the template", old.template, new.template),
            ("the system prompt", old.system, new.system),
            ("the messages", old.messages, new.messages),
            ("the renderer", old.renderer, new.renderer),
            ("the parser", old.parser, new.parser),
            ("the required version", old.requires, new.requires),
            ("the license", old.license, set(old.license) <= set(new.license)),
        )
        if was and not now
    ]
    lost += [f"the parameter {key}" for key in old.parameters if key not in new.parameters]
    gone = [word for word in old.capabilities if word not in new.capabilities]
    lost += [f"the capability {inert(word)}" for word in gone]
    return (f"A server cannot clear {listing(lost)}: inherited values stay.",) if lost else ()


def _request_of(shown: Modelfile) -> CreateRequest:
    """Return what a Modelfile made from details says, whatever types its parameters have."""
    shown = Modelfile(tuple(replace(c, value=printable(c.value)) for c in shown.commands))
    pairs = [(c.key, c.value) for c in shown.all("parameter")]
    return CreateRequest(
        model="",
        template=shown.last("template"),
        system=shown.last("system"),
        parameters=parameters.merged([(key, _typed(key, text)) for key, text in pairs]),
        license=[command.value for command in shown.all("license")],
        messages=[Message(role=c.key, content=c.value) for c in shown.all("message")],
        renderer=shown.last("renderer"),
        parser=shown.last("parser"),
        requires=shown.last("requires"),
        capabilities=[command.value for command in shown.all("capability")],
    )


def _typed(key: str, text: str) -> parameters.Scalar:
    """Return the text as the parameter's type, or as it is when it has none."""
    try:
        value = parameters.convert(key, text)
    except parameters.BadParameter:
        return text
    return text if isinstance(value, list) else value


def _parameters(modelfile: Modelfile) -> tuple[dict[str, ParameterValue], tuple[str, ...]]:
    """Return the typed parameters and warnings about those left out; raise InvalidModelfile."""
    values: list[tuple[str, parameters.Scalar]] = []
    warnings: list[str] = []
    for command in modelfile.all("parameter"):
        if command.key in parameters.RETIRED:
            warnings.append(f"{command.key} is retired and left out (line {command.line}).")
        else:
            values += [(command.key, value) for value in _converted(command)]
    last = {key: value for key, value in values if key != "stop"}
    stops = [(key, value) for key, value in values if key == "stop"]
    return parameters.merged([*last.items(), *stops]), tuple(warnings)


def _converted(command: Command) -> list[parameters.Scalar]:
    if command.key == "stop":
        return [command.value]  # an empty one too: Ollama's own program takes it
    try:
        value = parameters.convert(command.key, command.value)
    except parameters.BadParameter as error:
        raise InvalidModelfile(error.words, command.line) from error
    return list(value) if isinstance(value, list) else [value]


NO_TEMPLATE = "{{ .Prompt }}"
"""What a server shows for a model without a template."""
_TEMPLATE = "\nTEMPLATE "
_VALUE = re.compile(
    r'(?:"""(?P<tripled>.*?)"""|"(?P<quoted>.*?)"|(?P<plain>[^"\n][^\n]*))\n'
    r"(?=(?:SYSTEM|RENDERER|PARSER|CAPABILITY|PARAMETER|LICENSE|MESSAGE) |\Z)",
    re.DOTALL,
)
"""A template, up to what may follow it."""
_LICENSE = "LICENSE "
_QUOTES = ("", '"', '"""')
_BUILT_IN = re.compile(r"(?:RENDERER (?P<renderer>\S+)\n)?(?:PARSER (?P<parser>\S+)\n)?")
_MOST_LICENSES = 8
"""Licenses told apart; of more, or of texts that quote such lines, all are taken for one."""


def own_template(show: Show) -> str:
    """Return the template that was given to the model; empty when it has none.

    A server may show the chat template of the weights in its place, which is Jinja and which create
    refuses: the shown Modelfile then tells which was given, if any.
    """
    _, found, value = show.modelfile.partition(_TEMPLATE)
    if not found or any(value.startswith(quotes + show.template) for quotes in _QUOTES):
        given = show.template
    else:
        match = _VALUE.match(value)
        given = (match["tripled"] or match["quoted"] or match["plain"] or "") if match else ""
    return "" if given == NO_TEMPLATE else given


def built_in(show: Show) -> dict[str, str]:
    """Return renderer and parser, which details show nowhere else."""
    word, value = ("SYSTEM", show.system) if show.system else ("TEMPLATE", own_template(show))
    for quotes in _QUOTES:
        before = f"\n{word} {quotes}{value or NO_TEMPLATE}{quotes}\n"
        at = show.modelfile.find(before)
        if at >= 0 and (match := _BUILT_IN.match(show.modelfile, at + len(before))):
            return {name: found or "" for name, found in match.groupdict().items()}
    try:
        shown = parse(show.modelfile)
    except InvalidModelfile:
        return {}
    return {"renderer": shown.last("renderer"), "parser": shown.last("parser")}


def declared(show: Show) -> tuple[str, ...]:
    """Return the capabilities that were given to the model, of all that it has; since v0.40."""
    if "\nCAPABILITY " not in show.modelfile:
        return ()  # a text of megabytes need not be read
    try:
        commands = parse(show.modelfile).all("capability")
    except InvalidModelfile:
        return ()
    return tuple(dict.fromkeys(command.value for command in commands))


def licenses(show: Show) -> tuple[str, ...]:
    """Return the licenses one by one; all as one where they cannot be told apart."""
    text = show.modelfile
    if show.license and text.count(f"\n{_LICENSE}") <= _MOST_LICENSES:
        at = -1
        while (at := text.find(f"\n{_LICENSE}", at + 1)) >= 0:
            if (found := _split(show.license, text[at + 1 :])) is not None:
                return found
    return (show.license,) if show.license else ()


def _split(joined: str, text: str) -> tuple[str, ...] | None:
    """Return the licenses that `text` begins with, if they are those joined; else None."""
    end = -1
    while (end := text.find("\n", end + 1)) >= 0:
        if text.startswith(_LICENSE, end + 1):
            for value in _readings(text[len(_LICENSE) : end]):
                if joined.startswith(f"{value}\n"):
                    rest = _split(joined[len(value) + 1 :], text[end + 1 :])
                    if rest is not None:
                        return (value, *rest)
    ways = ('"', '"""') if _needs_quotes(joined) else ("",)
    last = [f"{_LICENSE}{quotes}{joined}{quotes}\n" for quotes in ways]
    return (joined,) if text.startswith(tuple(last)) else None


def _readings(text: str) -> list[str]:
    """Return the values that a server may have written as `text`.

    It puts three quotes around a text of several lines that has quotes in it, else one.
    """
    inner = [text[n:-n] for n in (3, 1) if len(text) >= 2 * n and {*text[:n], *text[-n:]} == {'"'}]
    return [*filter(_needs_quotes, inner), text]


def _needs_quotes(value: str) -> bool:
    return "\n" in value or value != value.strip(" ")


_ITSELF = "# FROM is the model itself, so what it is licensed under comes with it.\n"
_ODD = re.compile(r"[^\w.+-]+", re.ASCII)
_UNPRINTABLE = "Left out: characters that cannot be printed, which no Modelfile keeps."


def file_name(name: str) -> str:
    """Return what to call the file of a model."""
    stem = _ODD.sub("-", name.removesuffix(":latest")).strip(".-")
    return f"{stem[:100] or 'model'}.Modelfile"


def saved(name: str, show: Show, parent: Show | None = None) -> str:
    """Return the text; on top of the parent, with the licenses added to its, where that is known.

    `parent` are the details of `parent_model`. It counts when it has the same weights and files:
    an adapter, say, would not be named otherwise.
    """
    above, files = show.details.parent_model, blobs(show.modelfile)
    base, added = name, tuple[str, ...]()
    if parent and above and not same(above, name) and files and files == blobs(parent.modelfile):
        base, added = above, licenses(show)
        inherited, joined = licenses(parent), f"{parent.license}\n"
        if added[: len(inherited)] == inherited:
            added = added[len(inherited) :]
        elif show.license.startswith(joined):  # where they cannot be told apart
            added = (show.license.removeprefix(joined),)
    shown = modelfile_of(show, base)
    commands = [*shown.commands, *(Command("license", value) for value in added)]
    visible = [replace(command, value=printable(command.value)) for command in commands]
    text, left_out = written(visible)
    if visible != commands:
        left_out.append(_UNPRINTABLE)
    heading = f"# {inert(name)} as a Modelfile.\n{_ITSELF if same(base, name) else ''}\n"
    return heading + text + "".join(f"# {words}\n" for words in left_out)
