"""A model being made in the form: what was typed, what its base brings, what is sent of both.

`create` adds to what the base has. It takes nothing away, so whatever is as inherited is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ollama_tui.api.replies import Message, Show
from ollama_tui.api.requests import CreateRequest, ParameterValue
from ollama_tui.domain import names
from ollama_tui.domain.memory.available import AvailableMemory
from ollama_tui.domain.model import Facts, Model, by_comparison_key, facts_of
from ollama_tui.domain.modelfile.convert import own_template
from ollama_tui.domain.modelfile.parameters import BY_NAME, convert, merged, parse_show, rendered
from ollama_tui.domain.pasted_names import name_in
from ollama_tui.domain.quantization import quantize_targets
from ollama_tui.formatting import inert, inert_lines

TextField = Literal["system", "template"]

MAX_EDITED_CHARS = 100_000
"""Characters of a text that can be edited here; a longer one is inherited or replaced."""
SUFFIX = "custom"
"""What the tag of a new name ends in."""


@dataclass(frozen=True)
class Inherited:
    """What a model has that one made from it has too."""

    name: str = ""
    """Whose it is."""
    system: str = ""
    template: str = ""
    license: str = ""
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    facts: Facts | None = field(default=None, compare=False, repr=False)
    """Facts of the model itself."""


NOTHING_INHERITED = Inherited()
MESSAGES = "messages"
"""What the messages are called in `CreateForm.extends`; no list of parameters has this name."""


@dataclass(frozen=True)
class ParameterRow:
    """One line of the parameters."""

    name: str
    text: str
    """The value as a Modelfile says it; empty for a list that was emptied."""
    origin: str
    """Where it is from: `inherited`, `new`, `was 0.7`."""
    own: bool
    """Whether it is sent."""
    place: int = 0
    """Which one of several values."""

    @property
    def key(self) -> str:
        """What tells rows apart."""
        return f"{self.name} {self.place}"

    def place_in(self, values: list[str]) -> int:
        """Return its place in a list that may have changed since; behind all if it is gone."""
        return values.index(self.text) if self.text in values else len(values)


@dataclass(frozen=True)
class CreateForm:
    """The state of a form; every change returns another one."""

    name: str = ""
    offered: str = field(default="", compare=False, repr=False)
    """The name that was offered for the base; another base may change it, a typed name stays."""
    base: str = ""
    """As typed; `source` is what it means."""
    known: Mapping[str, Inherited] = field(default_factory=dict, compare=False, repr=False)
    """What models bring that were asked about, by `names.comparison_key`.

    An answer may come after what was typed meanwhile: nothing typed depends on it.
    """
    installed: Mapping[str, Model] = field(default_factory=dict, compare=False, repr=False)
    """The models of the server by `names.comparison_key`."""
    edit: bool = False
    """Whether an existing model is changed."""
    system: str | None = None
    """None while it is as inherited."""
    template: str | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    """As set here; the others stay as inherited."""
    messages: tuple[Message, ...] | None = None
    """None while they are as inherited."""
    extends: frozenset[str] = frozenset()
    """The lists that hold only what is added to the inherited one, whichever base that is from."""
    licenses: tuple[str, ...] = ()
    """Added to the inherited ones."""
    quantize: str = ""
    """A type, or empty to leave the weights as they are."""
    free: int | None = None
    """Bytes left on the server's disk; None when nobody knows."""
    available: AvailableMemory | None = None
    """The memory that the server has; None when nobody knows."""

    @property
    def target(self) -> str:
        """The name of the model to make."""
        return self.name.strip()

    @property
    def source(self) -> str:
        """The name to start from, out of what was typed or pasted."""
        return name_in(self.base)

    @property
    def base_model(self) -> Model | None:
        """The installed model to start from, if it is installed."""
        return self.installed.get(names.comparison_key(self.source))

    @property
    def target_model(self) -> Model | None:
        """The installed model that is replaced, if one is."""
        return self.installed.get(names.comparison_key(self.target))

    @property
    def inherited(self) -> Inherited:
        """What the base brings, as far as it is known."""
        return self.known.get(names.comparison_key(self.source), NOTHING_INHERITED)

    @property
    def is_base_unknown(self) -> bool:
        """Whether there is a base, and what it brings is not known."""
        return bool(self.source) and names.comparison_key(self.source) not in self.known

    def with_base(self, base: str) -> CreateForm:
        """Return the form on another base, with a new name like it unless one was typed."""
        form = replace(self, base=base)
        if form.edit or self.name != self.offered or (model := form.base_model) is None:
            return form
        offered = new_name(model.name, self.installed)
        return replace(form, name=offered, offered=offered)

    def with_known(self, brought: Inherited) -> CreateForm:
        """Return the form once it is known what a model brings."""
        return replace(self, known={**self.known, names.comparison_key(brought.name): brought})

    @property
    def sent_parameters(self) -> Mapping[str, ParameterValue]:
        """The parameters that differ from what is inherited, lists whole."""
        whole = {name: self._whole(name, value) for name, value in self.parameters.items()}
        return {name: value for name, value in whole.items() if not self._as_inherited(name, value)}

    def _whole(self, name: str, value: ParameterValue) -> ParameterValue:
        if name not in self.extends or not isinstance(value, list):
            return value
        return list(dict.fromkeys([*self._inherited_values(name), *value]))

    def _as_inherited(self, name: str, value: ParameterValue) -> bool:
        before = self.inherited.parameters.get(name)
        # A server takes 1 where it wants true, and fails only when the model is loaded.
        return value == before and isinstance(value, bool) is isinstance(before, bool)

    @property
    def own_messages(self) -> tuple[Message, ...] | None:
        """The messages that are sent, all of them; None while they are as inherited."""
        if self.messages is None or MESSAGES not in self.extends:
            return self.messages
        return (*self.inherited.messages, *self.messages)

    @property
    def shown_messages(self) -> tuple[Message, ...]:
        """The messages as they are listed: one's own, or the inherited ones."""
        own = self.own_messages
        return self.inherited.messages if own is None else own

    def own_text(self, which: TextField) -> str | None:
        """Return the text that was typed; None while it is as inherited."""
        own: str | None = getattr(self, which)
        return None if own == self.inherited_text(which) else own

    def text(self, which: TextField) -> str:
        """Return the system prompt or template as it is shown and edited."""
        own = self.own_text(which)
        return self.inherited_text(which) if own is None else own

    def inherited_text(self, which: TextField) -> str:
        """Return the inherited text as it can be shown; empty when it is too long for that."""
        text: str = getattr(self.inherited, which)
        return inert_lines(text) if len(text) <= MAX_EDITED_CHARS else ""

    def with_text(self, which: TextField, text: str) -> CreateForm:
        """Return the form with another system prompt or template."""
        own = None if text == self.inherited_text(which) else text
        return replace(self, system=own) if which == "system" else replace(self, template=own)

    def with_messages(self, messages: tuple[Message, ...]) -> CreateForm:
        """Return the form with these messages in place of all."""
        before = self.inherited.messages
        adds = messages[: len(before)] == before
        own = messages[len(before) :] if adds else messages
        extends = self._extending(MESSAGES, adds and bool(own))
        return replace(self, messages=None if messages == before else own, extends=extends)

    def _extending(self, name: str, extends: bool) -> frozenset[str]:
        return self.extends | {name} if extends else self.extends - {name}

    def rows(self) -> tuple[ParameterRow, ...]:
        """Return the parameters the new model would have, one line for each value."""
        sent = self.sent_parameters
        every = {**self.inherited.parameters, **sent}
        places = {name: place for place, name in enumerate(BY_NAME)}
        ordered = sorted(every, key=lambda name: (places.get(name, len(places)), name))
        rows = []
        for name in ordered:
            value, own = every[name], name in sent
            texts = value if isinstance(value, list) else [rendered(value)]
            rows += [
                ParameterRow(name, text, self._origin(name, text), own, place)
                for place, text in enumerate(texts)
            ] or [ParameterRow(name, "", "inherited ones left out", own)]
        return tuple(rows)

    def _origin(self, name: str, text: str) -> str:
        before = self.inherited.parameters.get(name)
        if before is None:
            return "new"
        if isinstance(before, list):
            return "inherited" if text in before else "new"
        return "inherited" if text == rendered(before) else f"was {rendered(before)}"

    def put(self, name: str, text: str, replacing: ParameterRow | None = None) -> CreateForm:
        """Return the form with a value set, in place of a row if one is given; raise BadParameter.

        Values of `stop` are several: a further one is added to those there are.
        """
        value = convert(name, text)
        form = self
        if replacing is not None and replacing.name != name:
            form = self if self.why_not_take(replacing) else self.take(replacing)
            replacing = None
        if isinstance(value, list):
            values = form._values(name)
            at = len(values) if replacing is None else replacing.place_in(values)
            value = list(dict.fromkeys([*values[:at], *value, *values[at + 1 :]]))
        return form._set(name, value)

    def take(self, row: ParameterRow) -> CreateForm:
        """Return the form without this row; an inherited value that it hid shows again."""
        values = self._values(row.name)
        place = row.place_in(values)
        rest = [*values[:place], *values[place + 1 :]]
        if values and (rest or row.name in self.inherited.parameters):
            return self._set(row.name, rest)
        return self._without(row.name)

    def why_not_take(self, row: ParameterRow) -> str | None:
        """Return why this row cannot be removed, and what to do instead; None when it can."""
        if row.own or self._values(row.name):
            return None
        known = BY_NAME.get(row.name)
        default = known.default if known else ""
        try:
            convert(row.name, default)
        except ValueError:  # no such parameter, or a default in words
            hint = ""
        else:
            hint = f" Set it to {default}, the default, instead."
        return f"{inert(row.name)} is inherited: create cannot remove it.{hint}"

    def _values(self, name: str) -> list[str]:
        """Return the values of a parameter that may have several, else none."""
        value = self.parameters.get(name)
        if value is None:
            return self._inherited_values(name)
        whole = self._whole(name, value)
        return whole if isinstance(whole, list) else []

    def _inherited_values(self, name: str) -> list[str]:
        value = self.inherited.parameters.get(name)
        return value if isinstance(value, list) else []

    def _set(self, name: str, value: ParameterValue) -> CreateForm:
        if self._as_inherited(name, value):
            return self._without(name)
        before = self._inherited_values(name)
        adds = isinstance(value, list) and value[: len(before)] == before and value != before
        if adds and isinstance(value, list):
            value = value[len(before) :]
        parameters = {**self._without(name).parameters, name: value}
        return replace(self, parameters=parameters, extends=self._extending(name, adds))

    def _without(self, name: str) -> CreateForm:
        rest = {key: value for key, value in self.parameters.items() if key != name}
        return replace(self, parameters=rest, extends=self._extending(name, False))

    def request(self) -> CreateRequest:
        """Return what is sent: the names and whatever differs from what is inherited."""
        offered = {target.type for target in quantize_targets(self.base_model)}
        return CreateRequest(
            model=self.target,
            from_=self.source,
            template=self.own_text("template") or "",
            system=self.own_text("system") or "",
            license=list(self.licenses),
            parameters=dict(self.sent_parameters),
            messages=list(self.own_messages or ()),
            quantize=self.quantize if self.quantize in offered else "",
        )

    @property
    def changes(self) -> bool:
        """Whether anything but the names is sent."""
        return self.request() != CreateRequest(model=self.target, from_=self.source)


def begin(
    models: tuple[Model, ...],
    base: Model | None,
    show: Show | None,
    *,
    edit: bool = False,
    free: int | None = None,
    available: AvailableMemory | None = None,
) -> CreateForm:
    """Return the form opened on `base`, whose details are `show`."""
    installed = by_comparison_key(models)
    if base is None:
        return CreateForm(installed=installed, free=free, available=available)
    name = base.name if edit else new_name(base.name, installed)
    form = CreateForm(
        name=name,
        offered=name,
        base=base.name,
        installed=installed,
        edit=edit,
        free=free,
        available=available,
    )
    return form if show is None else form.with_known(inherited(base.name, show))


def inherited(name: str, show: Show) -> Inherited:
    """Return what a model made from `name` has by itself."""
    return Inherited(
        name=name,
        system=show.system,
        template=own_template(show),
        license=show.license,
        parameters=merged(parse_show(show.parameters)),
        messages=tuple(show.messages),
        facts=facts_of(show),
    )


def new_name(base: str, installed: Mapping[str, Model]) -> str:
    """Return a name like `base` that nothing installed has; empty when `base` is no name."""
    try:
        name = names.parse(base)
    except names.InvalidName:
        return ""
    tag = name.tag[:60]
    if tag.lower().endswith("cloud"):
        tag = tag[: -len("cloud")].rstrip("-")
    ours = name.host == names.DEFAULT_HOST and name.namespace != names.DEFAULT_NAMESPACE
    stem = f"{name.namespace}/{name.model}:" if ours else f"{name.model}:"
    stem += SUFFIX if tag in ("", names.DEFAULT_TAG) else f"{tag}-{SUFFIX}"
    number = 1
    while names.comparison_key(offer := f"{stem}{number if number > 1 else ''}") in installed:
        number += 1
    return offer
