"""Rules for sign-in, rights and the cloud."""

from __future__ import annotations

from ollama_tui.api.endpoints import Call
from ollama_tui.api.errors import Busy, Forbidden, NotFound, ServerFailed, Unauthorized
from ollama_tui.api.messages.rule import Rule, is_abroad, on


def _in_cloud(call: Call) -> bool:
    return call.is_cloud


RULES = (
    Rule(
        r"cloud is disabled",
        Forbidden,
        "cloud models are disabled on this server",
        "Start the server without OLLAMA_NO_CLOUD and disable_ollama_cloud to use them.",
    ),
    Rule(
        r"cannot run this remote model",
        Forbidden,
        "the server may not use the host of this remote model",
        "Name that host in OLLAMA_REMOTES on the server.",
    ),
    Rule(
        r"usage limit",
        Forbidden,
        "the account has reached its usage limit",
        "Wait until the limit resets, or change the plan on ollama.com.",
    ),
    Rule(
        r"requires a subscription|upgrade (?:for access|your plan)",
        Forbidden,
        "the account's plan does not include it",
        "Change the plan on ollama.com, or choose another model.",
    ),
    Rule(
        r"not currently signed in",
        Unauthorized,
        "the server is not signed in",
        "There is nothing to do: no account is connected.",
    ),
    Rule(
        r"error signing out",
        ServerFailed,
        "the server cannot reach ollama.com",
        "Check the server's internet connection, then try again.",
    ),
    Rule(
        r"account unavailable",
        Busy,
        "the server cannot reach ollama.com",
        "Check the server's internet connection, or whether its cloud features are disabled.",
    ),
    Rule(
        r"error getting authorization details",
        ServerFailed,
        "the server cannot read its own key",
        "See the server's log about its id_ed25519 key.",
    ),
    Rule(
        r"^(?:http status )?403\b",
        Forbidden,
        "the registry at {host} refuses to store it",
        "Check the namespace in the name, and who may write to that registry.",
        on("push"),
        is_abroad,
    ),
    Rule(
        r"unauthorized|access denied|^(?:http status )?401\b",
        Unauthorized,
        "the registry at {host} refuses to store it",
        "Check the namespace in the name, and who may write to that registry.",
        on("push"),
        is_abroad,
    ),
    Rule(
        r"access denied",
        Unauthorized,
        "the account may not write to that namespace",
        "Copy the model to <your user name>/<model> and push the copy.",
        on("push"),
    ),
    Rule(
        r"^(?:http status )?403\b",
        Forbidden,
        "the registry does not allow it",
        "Copy the model to <your user name>/<model> and push the copy.",
        on("push"),
    ),
    Rule(
        r"unauthorized|^(?:http status )?401\b",
        Unauthorized,
        "the server is not signed in to ollama.com",
        "Sign in, then push again.",
        on("push"),
    ),
    Rule(
        r"\b401:|access denied|^unauthorized",
        Unauthorized,
        "the registry asks for rights the server does not have",
        "The model may be private or the name misspelled: check it at {page}, or sign in.",
        on("pull", "create"),
    ),
    Rule(
        r"\b403:",
        Forbidden,
        "the registry does not give it out",
        "The model may be private or the name misspelled: check it at {page}.",
        on("pull", "create"),
    ),
    Rule(
        r"realm host",
        Forbidden,
        "the registry sends the server elsewhere to sign in",
        "The server does not follow; check the host in the name.",
        on("pull", "push", "create"),
    ),
    Rule(
        r"^unauthorized",
        Unauthorized,
        "the server is not signed in to ollama.com",
        "Sign in to use cloud models and to push.",
    ),
    Rule(
        r"model ['\"].*['\"] not found",
        NotFound,
        "ollama.com has no such cloud model",
        "Check the spelling and the size in the tag on ollama.com/search.",
        on("show", "load"),
        _in_cloud,
    ),
)
