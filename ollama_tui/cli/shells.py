"""Completion scripts of bash, zsh and fish for what a command line takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote


@dataclass(frozen=True)
class Option:
    """An option of the command line."""

    flags: tuple[str, ...]
    help: str
    values: tuple[str, ...] | None = None
    """What it may be given; None when it takes no value, empty when anything may be."""


@dataclass(frozen=True)
class Command:
    """A command, or the app itself, which has no name."""

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...] = ()
    """What its other arguments may be, besides names of models."""
    takes_models: bool = False
    takes_files: bool = False

    @property
    def flags(self) -> tuple[tuple[str, str], ...]:
        """The options as they are typed, with what they do."""
        return tuple((flag, option.help) for option in self.options for flag in option.flags)


def script(shell: str, app: Command, commands: Sequence[Command]) -> str:
    """Return the script of `shell`, which is bash, zsh or fish, for the app and its commands."""
    values = {
        flag: option.values
        for command in (app, *commands)
        for option in command.options
        if option.values is not None
        for flag in option.flags
    }
    match shell:
        case "bash":
            return _filled(_BASH, values, _bash_values(values), _bash_commands(app, commands))
        case "zsh":
            return _filled(_ZSH, values, _zsh_values(values), _zsh_commands(app, commands))
        case _:
            return "\n".join(_fish(app, commands))


Values = dict[str, tuple[str, ...]]
"""What each option that takes a value may be given, by its flag."""


def _filled(
    template: str, values: Values, of_options: Sequence[str], of_commands: Sequence[str]
) -> str:
    """Return a script with the cases that tell what may come next."""
    parts = {
        "@TAKE_A_VALUE@": "|".join(flag for flag in values if flag != "--host"),
        "@VALUES@": "\n".join(f"        {case} ;;" for case in of_options),
        "@COMMANDS@": "\n".join(f"                {case} ;;" for case in of_commands),
    }
    for mark, text in parts.items():
        template = template.replace(mark, text)
    return template


_BASH = """\
# bash completion for ollama-tui, written by `ollama-tui completion bash`.

_ollama_tui() {
    local IFS=$' \\t\\n' line="${COMP_LINE:0:COMP_POINT}" cur="" command="" cut="" word i n
    local flags="" offered="" models="" files=""
    local -a typed host
    read -ra typed <<<"$line"
    n=${#typed[@]}
    if [[ $line != *[[:space:]] ]]; then
        cur=${typed[n - 1]}
        n=$((n - 1))
    fi
    for ((i = 1; i < n; i++)); do
        case ${typed[i]} in
            --host) host=(--host "${typed[i + 1]}"); i=$((i + 1)) ;;
            @TAKE_A_VALUE@) i=$((i + 1)) ;;
            --) command=--; break ;;
            -*) ;;
            *) [[ -n $command ]] || command=${typed[i]} ;;
        esac
    done
    case $cur in
        [\\"\\']*) cur=${cur:1} ;;
        *:*) [[ $COMP_WORDBREAKS != *:* ]] || cut=${cur%"${cur##*:}"} ;;
    esac
    case ${typed[n - 1]} in
@VALUES@
        *)
            case $command in
@COMMANDS@
            esac
            [[ $cur != -* ]] || offered=$flags models=""
            ;;
    esac
    if [[ -n $models ]]; then
        offered+=" $(ollama-tui completion names ${host[@]+"${host[@]}"} 2>/dev/null)"
    fi
    COMPREPLY=()
    for word in $offered; do  # not compgen -W, which would run what is in names
        [[ $word != "$cur"* || $word == "$cut" ]] || COMPREPLY+=("${word#"$cut"}")
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    elif [[ -n $files && $cur != -* ]]; then
        compopt -o default 2>/dev/null
    fi
}

complete -F _ollama_tui ollama-tui"""


def _bash_values(values: Values) -> list[str]:
    return [f'{flag}) offered="{" ".join(words)}"' for flag, words in values.items()]


def _bash_commands(app: Command, commands: Sequence[Command]) -> list[str]:
    def case(pattern: str, command: Command, more: Sequence[str] = ()) -> str:
        flags = " ".join(flag for flag, _ in command.flags)
        offered = " ".join((*more, *command.words))
        return f'{pattern}) flags="{flags}" offered="{offered}"{_takes(command)}'

    names = [command.name for command in commands]
    known = [case(command.name, command) for command in commands]
    return [case('""', app, names), *known, case("*", app)]


def _takes(command: Command) -> str:
    return " models=1" * command.takes_models + " files=1" * command.takes_files


_ZSH = """\
#compdef ollama-tui
# zsh completion for ollama-tui, written by `ollama-tui completion zsh`.

_ollama_tui() {
    local command="" models="" files="" i
    local -a host flags commands offered
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
            --host) host=(--host $words[i+1]); ((i++)) ;;
            @TAKE_A_VALUE@) ((i++)) ;;
            --) command=--; break ;;
            -*) ;;
            *) [[ -n $command ]] || command=$words[i] ;;
        esac
    done
    case $words[CURRENT-1] in
@VALUES@
        *)
            case $command in
@COMMANDS@
            esac
            if [[ $PREFIX == -* ]]; then
                _describe -o option flags
                return
            fi
            ;;
    esac
    if [[ -n $models ]]; then
        offered+=(${(f)"$(ollama-tui completion names $host 2>/dev/null)"})
    fi
    (( ! $#commands )) || _describe command commands
    compadd -S "" -- ${(M)offered:#*:}
    compadd -- ${offered:#*:}
    [[ -z $files ]] || _files
}

if [[ $funcstack[1] == _ollama_tui ]]; then
    _ollama_tui "$@"
else
    compdef _ollama_tui ollama-tui
fi"""


def _zsh_values(values: Values) -> list[str]:
    return [f"{flag}) offered=({' '.join(words)})" for flag, words in values.items()]


def _zsh_commands(app: Command, commands: Sequence[Command]) -> list[str]:
    def case(pattern: str, command: Command, more: str = "") -> str:
        flags = " ".join(quote(f"{flag}:{told}") for flag, told in command.flags)
        offered = " ".join(command.words)
        return f"{pattern}) flags=({flags}) offered=({offered}){more}{_takes(command)}"

    names = " ".join(quote(f"{command.name}:{command.help}") for command in commands)
    known = [case(command.name, command) for command in commands]
    return [case('""', app, f" commands=({names})"), *known, case("*", app)]


def _fish(app: Command, commands: Sequence[Command]) -> Iterator[str]:
    """Yield the lines of the script for fish."""
    yield "# fish completion for ollama-tui, written by `ollama-tui completion fish`."
    names = " ".join(command.name for command in commands)
    yield f"function __ollama_tui_app\n    not __fish_seen_subcommand_from {names}\nend"
    yield "complete -c ollama-tui -f"
    for command in (app, *commands):
        when = f"__fish_seen_subcommand_from {command.name}" if command.name else "__ollama_tui_app"
        start = f"complete -c ollama-tui -n {quote(when)}"
        for option in command.options:
            short = [f"-s {flag[1:]}" for flag in option.flags if not flag.startswith("--")]
            long = [f"-l {flag[2:]}" for flag in option.flags if flag.startswith("--")]
            told = f"-d {_fish_quote(option.help)}"
            takes = [] if option.values is None else [f"-x -a {quote(' '.join(option.values))}"]
            yield " ".join((start, *short, *long, *takes, told))
        if not command.name:
            for each in commands:
                yield f"{start} -a {each.name} -d {_fish_quote(each.help)}"
        if command.words:
            yield f"{start} -a {quote(' '.join(command.words))}"
        if command.takes_models:
            yield f"{start} -a '(ollama-tui completion names 2>/dev/null)'"
        if command.takes_files:
            yield f"{start} -F"


def _fish_quote(text: str) -> str:
    """Return `text` quoted for fish, in which a backslash escapes a quote."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
