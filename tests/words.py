"""Every sentence that a user can read, in one file: `python -m tests.words` writes `words.txt`.

Actions are listed from their table. The rest are string literals of the source, told from names,
styles and patterns by where they stand and what they look like; `{…}` is what is filled in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from ollama_tui.tui.actions import ACTIONS
from ollama_tui.tui.actions.action import ActionGroup
from ollama_tui.tui.actions.keymap import Keymap

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ollama_tui"
FILE = Path(__file__).with_name("words.txt")
WIDTH = 100

PLACES = (
    ("Lists, dialogs and screens", "tui"),
    ("Values, plans and what they mean", "domain"),
    ("Files of this machine", "importing"),
    ("Settings and saved files", "config"),
    ("Servers, jobs and the disk", "services"),
    ("Errors and what to do", "api"),
    ("The command line", "cli"),
    ("Units", "formatting.py"),
)
"""Headings, and the part of the package below each; the demo says what a server says."""
SILENT_CALLS = re.compile(
    r"compile|(?:full)?match|search|sub|r?split|r?partition|(?:starts|ends)with|[lr]?strip"
    r"|remove(?:prefix|suffix)|replace|encode|decode|query(?:_one)?|get|pop|[gsh][ea]tattr"
    r"|\w+_class|TypeVar|import_module|ord|r?index|r?find|count|watch|run_action|Theme"
)
"""Functions whose texts nobody reads."""
SILENT_WORDS = re.compile(
    r"id|classes|style|group|metavar|prog|dest|action|nargs|name|encoding|errors|keys?|align|mode"
)
"""Arguments by name that are no text for people."""
SILENT_NAMES = re.compile(r"(?:DEFAULT_)?CSS(?:_PATH)?|BINDINGS|GIVE_BACK|.*PATTERN.*")
"""Constants that hold sheets, scripts and escape codes."""
CODE = re.compile(
    r"[a-z0-9_.:%/#$@&|^*+=<>\\-]*|[A-Z0-9_]+|[^a-zA-Z]*|\S*[_/\\]\S*|--\S+|[a-z]+[A-Z]\w+"
    r"|.*(?:[\x00-\x09\x1b]|\(\?|\\[bSdws]).*|\w+\[\w+\]|Location|Bearer .*"
)
"""What no sentence looks like: names, paths, patterns, signs."""
UNREAD = re.compile(r"api/prefetch|cli/shells|tui/rendering/\w+")
"""Modules whose texts are code: scripts of shells, escape codes, reasons that nobody is told."""


def listed() -> str:
    """Return the content of the file."""
    parts = [["# Written by `python -m tests.words`: every sentence that a user can read.", ""]]
    parts.append(list(_actions()))
    for title, below in PLACES:
        parts.append([f"==== {title}", ""])
        parts += [
            [f"-- {_module(file)}", *map(_shown, found), ""]
            for file in _modules(below)
            if (found := sentences(file.read_text(encoding="utf-8")))
        ]
    return "\n".join(line for part in parts for line in part)


def _modules(below: str) -> list[Path]:
    path = PACKAGE / below
    found = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [file for file in found if not UNREAD.fullmatch(_module(file))]


def _module(file: Path) -> str:
    return file.relative_to(PACKAGE).with_suffix("").as_posix()


def _actions() -> Iterator[str]:
    yield "==== Actions: label, help, keys, other words for the palette"
    yield ""
    for group in ActionGroup:
        yield f"-- {group}"
        for action in ACTIONS:
            if action.group is group:
                keys = " ".join(Keymap().shown(action)) or "palette"
                more = f"  ({', '.join(action.synonyms)})" if action.synonyms else ""
                yield f"{action.label}: {action.help}  [{keys}]{more}"
        yield ""


def _shown(text: str) -> str:
    """Return a text on one line, or on as many as it takes."""
    one_line = text.replace("\n", " ⏎ ")
    return "\n".join(wrap(one_line, WIDTH, subsequent_indent="    ", break_long_words=False))


def sentences(source: str) -> list[str]:
    """Return what a user may read of the literals of a module, each once, in its order."""
    finder = _Finder()
    finder.visit(ast.parse(source))
    return list(dict.fromkeys(finder.found))


class _Finder(ast.NodeVisitor):
    """Collects literals that look like text, where text may stand."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if not any(map(SILENT_NAMES.fullmatch, names)):
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and not (
            isinstance(node.target, ast.Name) and SILENT_NAMES.fullmatch(node.target.id)
        ):
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Skip annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for each in (*node.args.defaults, *node.args.kw_defaults, *node.body):
            if each is not None:
                self.visit(each)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Skip what is compared."""

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name in ("Action", "Binding"):
            return
        if name == "Rule":  # pattern, kind, reason, hint: the reason goes on a title
            reason, hint = (argument for argument in node.args[2:4])
            self._take(f"… {_literal(reason)}. {_literal(hint)}")
            return
        self.visit(node.func)
        if SILENT_CALLS.fullmatch(name):
            return
        for argument in node.args:
            self.visit(argument)
        for keyword in node.keywords:
            if not SILENT_WORDS.fullmatch(keyword.arg or ""):
                self.visit(keyword.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for value in node.values:
            self.visit(value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._take(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        literal = "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
        if len(re.findall("[A-Za-z]{2,}", literal)) > (0 if " " in literal else 1):
            self._take(_literal(node))
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value.value)

    def _take(self, text: str) -> None:
        text = text.strip()
        if text and not CODE.fullmatch(text):
            self.found.append(text)


def _literal(node: ast.expr) -> str:
    """Return a literal, or a placeholder with the name of the constant that holds it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_literal, node.values))
    return _filled(node)


def _filled(node: ast.expr) -> str:
    """Return what stands in place of a value: its name, if it has a short one."""
    value = node.value if isinstance(node, ast.FormattedValue) else node
    while isinstance(value, ast.Call) and value.args:
        value = value.args[0]  # inert(name), size(total)
    name = ast.unparse(value)
    return f"{{{name}}}" if re.fullmatch(r"[\w.]{1,30}", name) else "{…}"


def write() -> None:
    """Write the file."""
    FILE.write_text(listed(), encoding="utf-8")


if __name__ == "__main__":
    write()
