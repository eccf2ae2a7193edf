"""A form as text: the Modelfile and the curl command it stands for, its changes, its draft."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from shlex import quote
from typing import Any

import msgspec

from ollama_tui.api.replies import Message
from ollama_tui.api.requests import CreateRequest, ParameterValue
from ollama_tui.domain.create.form import CreateForm
from ollama_tui.domain.diff import difference
from ollama_tui.domain.modelfile.parameters import BadParameter, convert, lines
from ollama_tui.domain.modelfile.syntax import (
    Command,
    InvalidModelfile,
    parse,
    written,
)
from ollama_tui.formatting import StyledLine


def commands(request: CreateRequest) -> Iterator[Command]:
    """Yield the commands that say the same as a request with a base."""
    yield Command("from", request.from_)
    for word in ("template", "system", "renderer", "parser", "requires"):
        if value := getattr(request, word):
            yield Command(word, value)
    for text in request.capabilities:
        yield Command("capability", text)
    for name, value in lines(request.parameters):
        yield Command("parameter", value, name)
    for text in request.license:
        yield Command("license", text)
    for message in request.messages:
        yield Command("message", message.content, message.role.lower())


def modelfile(request: CreateRequest) -> str:
    """Return a request as a Modelfile; what none can say is a comment at its end."""
    text, left_out = written(commands(request))
    for name, value in request.parameters.items():
        if value == []:
            left_out.append(f"Left out: {name} without any value, which only a request can say.")
    if request.quantize:
        left_out.append(f"Quantized with: ollama create --quantize {request.quantize}")
    return text + "".join(f"# {words}\n" for words in left_out)


def curl(request: CreateRequest) -> str:
    """Return the command that sends the request, for a POSIX shell."""
    body = msgspec.json.format(msgspec.json.encode(request), indent=2).decode()
    return f'curl "${{OLLAMA_HOST:-localhost:11434}}/api/create" -d {quote(body)}\n'


def changes(form: CreateForm) -> list[StyledLine]:
    """Return the lines that differ between the base and the new model, as styled spans."""
    before, after = _whole(form, sent=False), _whole(form, sent=True)
    styled = list(difference(before, after, "modelfile")) if before != after else []
    if quantize := form.request().quantize:
        styled.append(((f"+quantized to {quantize}", "good"),))
    return styled or [(("Nothing is changed.", "muted"),)]


def _whole(form: CreateForm, *, sent: bool) -> str:
    """Return the Modelfile of all the base has, but its license, with what is sent over it or not.

    The license of the base stays whatever is sent, and may be long.
    """
    base = form.inherited
    name = form.source
    request = form.request() if sent else CreateRequest(model=name)
    whole = CreateRequest(
        model=name,
        from_=name,
        template=request.template or base.template,
        system=request.system or base.system,
        license=request.license,
        parameters={**base.parameters, **request.parameters},
        messages=request.messages or list(base.messages),
    )
    return modelfile(whole).rstrip("\n")


HEAD = (
    "# What was typed into a form of ollama-tui and not sent: opening the form continues with it.\n"
)
_MARK = "#: "
_Fields = dict[str, Any]
"""What was typed, as plain values: only these are saved."""
_EMPTY_IS_NONE = ("name", "base", "parameters", "quantize")


def text_of(form: CreateForm) -> str:
    """Return the text from which `typed_into` makes the form again."""
    parameters, messages = dict(form.sent_parameters), form.own_messages
    fields: _Fields = {
        "name": form.name,
        "base": form.base,
        "system": form.system,
        "template": form.template,
        "parameters": parameters,
        "licenses": list(form.licenses),
        "quantize": form.quantize,
    }
    if messages is not None:
        fields["messages"] = [[m.role, m.content] for m in messages]
    request = CreateRequest(
        model=form.name,
        from_=form.base,
        system=form.system or "",
        template=form.template or "",
        license=list(form.licenses),
        parameters=parameters,
        messages=list(messages or ()),
    )
    body = written(commands(request))[0]
    written_fields = _fields_of_modelfile(body)
    # As JSON, in which true is not 1.
    values = {
        key: json.dumps(value)
        for key, value in fields.items()
        if value is not None and (value or key not in _EMPTY_IS_NONE)
    }
    left = [key for key, value in values.items() if json.dumps(written_fields.get(key)) != value]
    return HEAD + "".join(f"{_MARK}{key} {values[key]}\n" for key in left) + body


def name_and_base(text: str) -> tuple[str, str]:
    """Return the name of the new model and its base, as typed, out of the text of a draft."""
    fields = _read(text)
    return str(fields.get("name", "")), str(fields.get("base", ""))


def typed_into(start: CreateForm, text: str) -> CreateForm:
    """Return `start`, the untouched form, with what `text` says was typed into it."""
    fields = _read(text)
    given = fields.get("parameters")
    parameters = {
        name: value
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, bool | int | float | str)
        or (isinstance(value, list) and _strings(value) == value)
    }
    form = replace(
        start,
        name=start.name if start.edit else _string(fields, "name"),
        base=_string(fields, "base") or start.base,
        licenses=tuple(_strings(fields.get("licenses"))),
        quantize=_string(fields, "quantize"),
        parameters=parameters,
    )
    messages = None
    if isinstance(pairs := fields.get("messages"), list):
        messages = tuple([Message(*p) for p in pairs if _strings(p) == p and len(p) == 2])
    return replace(
        form,
        system=_string(fields, "system") if "system" in fields else None,
        template=_string(fields, "template") if "template" in fields else None,
        messages=messages,
    )


def _fields_of_modelfile(body: str) -> _Fields:
    """Return the fields that a Modelfile says; none when it is none."""
    try:
        modelfile = parse(body)
    except InvalidModelfile:
        return {}
    texts: dict[str, list[str]] = {}
    for command in modelfile.all("parameter"):
        texts.setdefault(command.key, []).append(command.value)
    parameters: dict[str, ParameterValue] = {}
    for name, values in texts.items():
        with suppress(BadParameter):
            value = convert(name, values[-1])
            parameters[name] = values if isinstance(value, list) else value
    fields: _Fields = {
        "base": modelfile.last("from"),
        "system": modelfile.last("system"),
        "template": modelfile.last("template"),
        "parameters": parameters,
        "messages": [[c.key, c.value] for c in modelfile.all("message")],
    }
    fields = {key: value for key, value in fields.items() if value}
    return {**fields, "licenses": [c.value for c in modelfile.all("license")]}


def _read(text: str) -> _Fields:
    """Return the fields of a draft; of one that somebody spoiled, what can still be read."""
    fields = _fields_of_modelfile(text)
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        key, _, value = line.removeprefix(_MARK).partition(" ")
        if line.startswith(_MARK):
            try:
                fields[key] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return fields


def _string(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    return value if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
