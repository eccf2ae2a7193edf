"""A create request as text: a Modelfile, a curl command, and the difference to what there was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import unified_diff
from shlex import quote

import msgspec

from ollama_tui.api.requests import CreateRequest
from ollama_tui.domain.create.form import Draft
from ollama_tui.domain.create.parameters import lines
from ollama_tui.domain.modelfile.syntax import Command, Modelfile, Unwritable, write
from ollama_tui.formatting import StyledLine


def commands(request: CreateRequest) -> Iterator[Command]:
    """Yield the commands that say the same as a request with a base."""
    yield Command("from", request.from_)
    for word in ("template", "system", "renderer", "parser", "requires"):
        if value := getattr(request, word):
            yield Command(word, value)
    for name, value in lines(request.parameters):
        yield Command("parameter", value, name)
    for text in request.license:
        yield Command("license", text)
    for message in request.messages:
        yield Command("message", message.content, message.role.lower())


def modelfile(request: CreateRequest) -> str:
    """Return a request as a Modelfile; what none can say is a comment at its end."""
    written, left_out = _written(request)
    return written + "".join(f"# {words}\n" for words in left_out)


def written(every: Iterable[Command]) -> tuple[str, list[str]]:
    """Return commands as text, and in words what no Modelfile can say."""
    texts, left_out = [], []
    for command in every:
        try:
            texts.append(write(Modelfile((command,))))
        except Unwritable as reason:
            left_out.append(f"Left out: {reason}")
    return "".join(texts), left_out


def _written(request: CreateRequest) -> tuple[str, list[str]]:
    text, left_out = written(commands(request))
    for name, value in request.parameters.items():
        if value == []:
            left_out.append(f"Left out: {name} without any value, which only a request can say.")
    if request.quantize:
        left_out.append(f"Quantized with: ollama create --quantize {request.quantize}")
    return text, left_out


def curl(request: CreateRequest) -> str:
    """Return the command that sends the request, for a POSIX shell."""
    body = msgspec.json.format(msgspec.json.encode(request), indent=2).decode()
    return f'curl "${{OLLAMA_HOST:-localhost:11434}}/api/create" -d {quote(body)}\n'


def changes(draft: Draft) -> list[StyledLine]:
    """Return the lines that differ between the base and the new model, as styled spans."""
    before, after = _whole(draft, sent=False), _whole(draft, sent=True)
    found = list(unified_diff(before, after, lineterm="", n=2))[2:]
    styled: list[StyledLine] = [((line, _STYLES.get(line[:1], "")),) for line in found]
    if quantize := draft.request().quantize:
        styled.append(((f"+quantized to {quantize}", "good"),))
    return styled or [(("Nothing is changed.", "muted"),)]


_STYLES = {"+": "good", "-": "bad", "@": "muted"}


def _whole(draft: Draft, *, sent: bool) -> Sequence[str]:
    """Return the Modelfile of all the base has, but its license, with what is sent over it or not.

    The license of the base stays whatever is sent, and may be long.
    """
    base = draft.inherited
    name = draft.source
    request = draft.request() if sent else CreateRequest(model=name)
    whole = CreateRequest(
        model=name,
        from_=name,
        template=request.template or base.template,
        system=request.system or base.system,
        license=request.license,
        parameters={**base.parameters, **request.parameters},
        messages=request.messages or list(base.messages),
    )
    return modelfile(whole).splitlines()
