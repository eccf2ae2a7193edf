"""What config.toml is when it is edited for the first time: every setting, as a comment."""

from __future__ import annotations

TEMPLATE = """\
# Settings of ollama-tui. All are optional: remove the # to use a line.
# The values shown are the defaults. Errors are reported with their line.

# host = "127.0.0.1:11434"         # the server; OLLAMA_HOST and --host come first
# hosts = []                       # more servers for H, such as ["gpu-box", "10.0.0.7:11434"]
# read_only = false                # true: refuse whatever would change any server

# theme = "ollama-dark"            # or ollama-light, or terminal-16: the terminal's own colors
# sort = "modified"                # a column
# reverse = false                  # true: reverse the order
# columns = {columns}

# grace = 8.0                      # seconds in which a deletion can be undone
# parallel = 2                     # transfers at a time
# insecure = []                    # registries without TLS, such as ["box.lan:5000"]

[keys]
# "model.pull" = "p"               # an action, as in README's table, and its keys: "p,ctrl+n"

[filters]
# small = "size:<4g !is:cloud"     # @small in the filter stands for this

# A server with a name, for H and --host, in place of the list hosts = […] above; one table each:
#   [hosts.prod]                   # without an address, the name is the address: [hosts."box.lan"]
#   address = "gpu-box:11434"
#   read_only = true               # refuse whatever would change this server
#   memory = "24g"                 # of all its GPUs, where nobody else tells: for what fits
#   ram = "64g"                    # its main memory
"""


def template() -> str:
    """Return the text of a new config.toml."""
    import json

    from ollama_tui.domain.columns import COLUMNS, WIDE

    others = ", ".join(column.key for column in COLUMNS if column.key not in WIDE)
    return TEMPLATE.format(columns=f"{json.dumps(WIDE)}\n#            also: {others}")
