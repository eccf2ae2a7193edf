"""What a filter was probably meant to say: other words for fields and values, and misspellings."""

from __future__ import annotations

from ollama_tui.domain.filter.fields import BY_NAME, CAPABILITIES, STATES, Scope, closest, quoted
from ollama_tui.domain.filter.quantities import BadValue
from ollama_tui.formatting import inert

OTHER_FIELDS = {
    "has": "cap", "can": "cap", "caps": "cap", "capability": "cap", "capabilities": "cap",
    "fam": "family", "arch": "family", "architecture": "family",
    "quantization": "quant", "quantisation": "quant",
    "bytes": "size", "disk": "size",
    "param": "params", "parameter": "params", "parameters": "params",
    "context": "ctx", "num_ctx": "ctx", "context_length": "ctx",
    "state": "is", "status": "is",
    "share": "shares", "shared": "shares",
    "tags": "tag", "tagged": "tag", "label": "tag", "labels": "tag",
    "idle": "unused", "not_used": "unused",
    "before": "older", "since": "newer", "within": "newer",
}  # fmt: skip
"""Fields by words that other programs use for them."""
AGES = frozenset({"age", "modified", "date"})
"""Words for an age to compare; the two fields for it say how it is compared."""
OTHER_STATES = {
    "running": "loaded", "stale": "outdated", "outdate": "outdated", "selected": "marked",
    "lock": "locked", "protected": "locked",
    "remote": "cloud", "duplicate": "alias", "copy": "alias",
}  # fmt: skip
MISSING = {
    "tag": "This version has no tags.",
}
"""Fields that do not exist, and what to say of them."""


def unknown_field(name: str, colon: str, rest: str) -> BadValue | None:
    """Return the problem with `name`, which is no field, before a colon or a comparison.

    None for what is rather a word: names of models have colons in them.
    """
    if name in MISSING:
        return BadValue(MISSING[name])
    if name == "name" and colon and rest:
        return _did_you_mean(rest)
    if name in AGES:
        field = "older" if rest.startswith(">") else "newer"
        value = rest.lstrip("<>=")
        if not value or _means(field, value):
            return _did_you_mean(f"{field}:{value}")
        return BadValue("Write newer:7d for less than a week, older:90d for more than 90 days.")
    field = OTHER_FIELDS.get(name) or closest(name, tuple(BY_NAME)) or ""
    if not field or not (colon or BY_NAME[field].compares or name in OTHER_FIELDS):
        return None
    return _did_you_mean(f"{field}{colon or _sign(field)}{_value_for(field, rest)}", name)


def no_field(comparison: str) -> BadValue:
    """Return the problem with `<8gb`, a comparison of nothing: its unit says what was meant."""
    number, unit = comparison.rstrip("bBkK"), comparison.lower()[-1]
    likeliest = {"b": "params", "k": "ctx"}.get(unit if number[-1:].isdigit() else "", "size")
    if _means(likeliest, comparison):
        return _did_you_mean(f"{likeliest}:{comparison}")
    return BadValue("A comparison begins with its field, as in size:<8g.")


def not_compared(name: str, rest: str) -> BadValue:
    """Return the problem with `cap=vision`: a field that is not compared, without its colon."""
    return _did_you_mean(f"{name}:{_value_for(name, rest.lstrip('<>='))}")


def wrong_value(name: str, value: str, problem: BadValue) -> BadValue:
    """Return the problem with a value that its field cannot read, and what was meant."""
    if name == "is" and (state := OTHER_STATES.get(value)):
        return _did_you_mean(f"is:{state}")
    if name == "is" and not problem.meant and (can := closest(value, CAPABILITIES)):
        return _did_you_mean(f"cap:{can}")
    if problem.meant and not str(problem):
        return _did_you_mean(f"{name}:{problem.meant}")
    return BadValue(str(problem), f"{name}:{problem.meant}" if problem.meant else "")


def unknown_value(name: str, value: str, scope: Scope) -> str:
    """Return what of the list was meant by a value nothing in it has; empty if it has it.

    Empty too where nothing in the list is near: then the list says that nothing matches.
    """
    field = BY_NAME.get(name)
    if field is None or field.values is None or name == "shares":
        return ""
    known = field.known(scope)
    if any(word.startswith(value) for word in known):
        return ""
    if name == "cap" and (state := next((s for s in STATES if s == value), "")):
        return f"is:{state}"
    meant = closest(value, known)
    if meant is None and len(value) > 1:
        meant = next((word for word in known if value in word), None)
    return f"{name}:{meant}" if meant else ""


def _sign(field: str) -> str:
    return "" if BY_NAME[field].compares else ":"


def _value_for(field: str, rest: str) -> str:
    """Return `rest` without a comparison where the field has none, and spelled right."""
    if not BY_NAME[field].compares:
        rest = rest.lstrip("<>=")
    try:
        if rest:
            BY_NAME[field].compile(rest.lower())
    except BadValue as problem:
        return problem.meant or rest
    return rest


def _means(field: str, value: str) -> bool:
    try:
        BY_NAME[field].compile(value.lower())
    except BadValue:
        return False
    return True


def _did_you_mean(meant: str, name: str = "") -> BadValue:
    unknown = f"There is no field {quoted(name)}. " if name else ""
    return BadValue(f"{unknown}Did you mean {inert(meant)}?", meant)
