"""Secrets: which files exist to hold them, what is hidden of others, and what is not."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.source.secret_shapes import TOKENS
from semindex.source.secrets import (
    by_name,
    by_text,
    has_hidden_values,
    hidden_ranges,
    hide,
    mask,
    settings_values,
    tokens,
)


def random_text(
    length: int, letters: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
) -> str:
    """Letters that look random and are the same each time; nobody's token."""
    digest = hashlib.sha512(f"{length}{letters}".encode()).digest() * 20
    return "".join(letters[byte % len(letters)] for byte in digest[:length])


HEX = "0123456789abcdef"
KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "\n".join(random_text(64) for _ in range(6))
    + "\n-----END RSA PRIVATE KEY-----\n"
)
TOKEN = "ghp_" + random_text(36)
SECRETS = [
    TOKEN,
    "AKIA" + random_text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "AIza" + random_text(35),
    "glpat-" + random_text(20),
    "xoxb-" + random_text(12, "0123456789") + "-" + random_text(24),
    "sk_live_" + random_text(24),
    "sk-proj-" + random_text(120),
    "npm_" + random_text(36),
    "SG." + random_text(22) + "." + random_text(43),
    "dop_v1_" + random_text(64, HEX),
    "hooks.slack.com/services/" + random_text(44),
    "eyJ" + random_text(30) + ".eyJ" + random_text(40) + "." + random_text(43),
    "hf_" + random_text(34, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
]
NO_SECRETS = [
    "ghp_" + "x" * 36,
    "AKIAIOSFODNN7EXAMPLE",
    "sk_live_...",
    "npm_config_registry_of_the_whole_company_here",
    hashlib.sha256(b"x").hexdigest(),
    "d3b07384-d9a0-4e9b-8a0d-3b07384d9a04",
    "a_very_long_identifier_of_a_function_that_does_things",
    "src/semindex/source/secret_shapes.py",
    "postgres://user:password@localhost/db",
    "https://user:${PASSWORD}@host/",
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda each: each[:8])
@pytest.mark.parametrize("around", ['token = "{}"', "curl -H 'Authorization: Bearer {}' x", "A={}", "({});"])
def test_tokens_are_masked_but_for_their_beginning(secret: str, around: str) -> None:
    text = around.format(secret).encode()
    shown, count = mask(text, 0, len(text))
    assert (len(shown), count) == (len(text), 1)
    assert secret[4:].encode() not in shown
    assert shown.decode() == around.format(secret[:4] + "*" * (len(secret) - 4))


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert mask(f"x = '{text}'".encode(), 0, 200)[1] == 0


def test_a_password_in_an_address_is_masked() -> None:
    password = random_text(14)
    text = f"DSN = 'postgres://shop:{password}@db.internal/shop'".encode()
    shown, count = mask(text, 0, len(text))
    assert (password.encode() in shown, count) == (False, 1)
    assert shown.startswith(b"DSN = 'postgres://shop:")


def test_a_token_that_is_cut_is_masked_too() -> None:
    text = f"a = '{TOKEN}'".encode()
    shown, count = mask(text, 0, 20)
    assert (shown, count) == (b"a = 'ghp_" + b"*" * 11, 1)
    assert mask(text, 20, len(text))[0] == b"*" * (len(text) - 21) + b"'"


def test_every_shape_can_be_compiled_and_begins_with_letters() -> None:
    assert all(re.compile(shape) for shape in TOKENS)
    assert len(set(TOKENS)) == len(TOKENS) >= 50


@pytest.mark.parametrize(
    ("path", "is_secret"),
    [
        ("id_rsa", True), ("deploy/id_ed25519", True), ("id_rsa.pub", False), (".netrc", True),
        (".aws/credentials", True), ("home/.aws/credentials", True), ("credentials", False),
        ("docs/credentials.md", False), (".git-credentials", True), ("config/master.key", True),
        ("src/netrc.py", False), (".docker/config.json", True), ("config.json", False),
    ],
)  # fmt: skip
def test_names_tell_files_of_secrets(path: str, is_secret: bool) -> None:
    assert (by_name(path) is not None) == is_secret


@pytest.mark.parametrize(
    ("path", "text", "language", "reason"),
    [
        ("server.pem", KEY, "text", "a private key"),
        ("c.key", KEY.replace("KEY-----\n", "KEY-----\nProc-Type: 4\n", 1), "text", "a private key"),
        ("a.ppk", f"PuTTY-User-Key-File-2: a\nPrivate-Lines: 2\n{KEY[32:200]}\n", "text", "a private key"),
        ("tls.key", "comment\n" + KEY, "text", "a private key"),
        ("key.py", f"KEY = '''{KEY}'''\n", "python", "a private key"),
        ("test_tls.py", f"KEY = '''{KEY}'''\n" + "def test(): pass\n" * 60, "python", None),
        (".npmrc", f"//registry.npmjs.org/:_authToken={random_text(20)}\n", "ini", "credentials"),
        (".npmrc", "registry=https://registry.npmjs.org\n", "ini", None),
        (".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n", "ini", None),
        ("kubeconfig", f"users:\n- user:\n    client-key-data: {random_text(60)}\n", "yaml", "credentials"),
        ("credentials", f"[default]\naws_secret_access_key = {random_text(40)}\n", "ini", "credentials"),
        ("token.txt", TOKEN + "\n", "text", "tokens"),
        ("notes.md", f"Use a token, such as {TOKEN}.\n" + "More words follow here.\n" * 20, "markdown", None),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\n" + random_text(300) + "\n", "text", None),
    ],
)  # fmt: skip
def test_texts_tell_files_of_secrets(path: str, text: str, language: str, reason: str | None) -> None:
    assert by_text(path, text.encode(), language) == reason


@pytest.mark.parametrize(
    ("path", "is_hidden"),
    [
        (".env", True), ("app/.env.production", True), ("local.env", True), (".env.example", False),
        (".env.sample", False), ("example.env", False), (".env.local.template", False), (".envrc", False),
        ("environment.py", False), (".env.dist", False),
    ],
)  # fmt: skip
def test_names_tell_files_of_environment_variables(path: str, is_hidden: bool) -> None:
    assert has_hidden_values(path) == is_hidden


def test_values_of_settings_are_hidden_and_names_stay() -> None:
    text = b"""# Where the database is.
DATABASE_URL=postgres://shop:hunter2@db/shop   # of the shop
export PORT = 8080
EMPTY=
#OLD_KEY=abc
KEY="first line
second = line
third"
"""
    shown = hide(text, settings_values(".env", text))
    assert len(shown) == len(text)
    for value in (b"hunter2", b"8080", b"abc", b"first", b"third", b"shop"):
        assert value not in shown.split(b"\n", 1)[1]
    assert shown.startswith(b"# Where the database is.\nDATABASE_URL=****")
    for name in (b"export PORT = ****\n", b"EMPTY=\n", b"#OLD_KEY=***\n"):
        assert name in shown


def test_private_keys_in_code_are_hidden_line_for_line() -> None:
    text = f"KEY = '''{KEY}'''\n".encode()
    (key,) = hidden_ranges("test_tls.py", text)
    shown = hide(text, [key])
    assert shown.count(b"\n") == text.count(b"\n")
    assert b"*" * 64 in shown
    assert random_text(64).encode() not in shown
    assert shown.startswith(b"KEY = '''-----BEGIN RSA PRIVATE KEY-----\n")


@given(st.binary(max_size=300))
def test_hiding_moves_nothing(text: bytes) -> None:
    for path in (".env", "a.py"):
        shown = hide(text, hidden_ranges(path, text))
        assert len(shown) == len(text)
        assert [at for at, byte in enumerate(shown) if byte == 10] == [
            at for at, byte in enumerate(text) if byte == 10
        ]
    assert len(mask(text, 0, len(text))[0]) == len(text)
    assert tokens(text) == sorted(tokens(text))
