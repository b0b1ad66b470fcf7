"""Whatever is wrong is said in one place, in words that name it and say what to do; never a traceback."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3  # noqa: TID253 - looks into ledgers from outside
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

CANARY = "sk-canary-4f9d2c7b61"


def expect(said, code: int, *words: str) -> None:
    """The exit code, and that standard error says all of these; its first line is a sentence."""
    assert said.code == code, (said.argv, said.code, said.err)
    for word in words:
        assert word in said.err, (said.argv, word, said.err)
    if code == 2 and said.err.startswith("error: "):
        assert said.out == b""
        heading = said.err.splitlines()[0]
        assert heading.endswith((".", ":")), heading


def test_what_is_not_there_or_misspelt_is_named_with_the_nearest_there_is(cli):
    cli.file("bad.yaml", "targets: {t: {url: 'http://127.0.0.1:1/v1', modle: m, limits: {rpm: many}}}\n")
    (cli.folder / "folder.yaml").mkdir()
    rows = cli.file("rows.jsonl", [{"input": "a", "expected": "b"}])
    asked = (
        (("ask", "hi", "-p", "simulated", "-m", "sim/plsu"), ("sim/plsu", "Did you mean `sim/plus`?")),
        (("ask", "hi", "-p", "simulated", "-m", "sim/saef"), ("sim/saef", "sim/safe")),
        (("ask", "hi", "-p", "simulatd"), ("--profile", "simulatd", "simulated")),
        (("ask", "hi", "-p", "./none.yaml"), ("--profile", "none.yaml")),
        (("ask", "hi", "-p", "./folder.yaml"), ("folder.yaml is a folder",)),
        (
            ("ask", "hi", "-p", "./bad.yaml", "-m", "t"),
            ("bad.yaml", "targets.t.modle", "model", "targets.t.limits.rpm"),
        ),
        (
            ("ask", "hi", "-p", "qwen", "-m", "qwen-plus"),
            ("qwen-plus", "$DASHSCOPE_API_KEY", "not set", "-p simulated"),
        ),
        (("bench", rows, "-p", "simulated", "-m", "sim/plus", "--grader", "exactt"), ("exactt", "exact")),
        (("bench", "custmer-intents", "-p", "simulated"), ("custmer-intents", "customer-intents")),
        (("bench", "x" * 300, "-p", "simulated"), ("xxx",)),
        (("bench", rows, "-p", "simulated", "--resume", "20260101-000000-aaaa"), ("20260101-000000-aaaa",)),
    )
    for said, (_, words) in zip(cli.all(argv for argv, _ in asked), asked, strict=True):
        expect(said, 2, *words)


def test_a_bad_option_is_named(cli):
    cli.file("schema.json", "{")
    cli.file("list.json", "[]")
    ask = ("ask", "hi", "-p", "simulated", "-m", "sim/flash")
    asked = (
        ((*ask, "--param", "top_p"), ("--param takes NAME=VALUE, not 'top_p'.", "--param top_p=0.9")),
        ((*ask, "--param", "=1"), ("--param takes NAME=VALUE",)),
        ((*ask, "--param", "a=1", "--param", "a=2"), ("--param: a is given twice.",)),
        ((*ask, "--json-schema", "none.json"), ("none.json: cannot be read: No such file or directory.",)),
        ((*ask, "--json-schema", "schema.json"), ("schema.json: this is not JSON",)),
        ((*ask, "--json-schema", "list.json"), ("list.json: a JSON schema is an object",)),
        ((*ask, "--thinking", "maybe"), ("--thinking takes on, off or a number of tokens, not 'maybe'.",)),
        ((*ask, "--temperature", "nan"), ("--temperature", "nan")),
        ((*ask, "--timeout", "inf"), ("--timeout", "inf")),
        ((*ask, "--max-tokens", "0"), ("--max-tokens",)),
        ((*ask, "--no-such"), ("--no-such",)),
    )
    for said, (_, words) in zip(cli.all(argv for argv, _ in asked), asked, strict=True):
        expect(said, 2, *words)
    assert not cli.ledger.exists()


def test_a_bad_dataset_is_told_with_file_and_line_before_anything_is_sent(cli, provider):
    rows = [{"id": str(n), "input": f"q{n}", "expected": "a", "lang": "en"} for n in range(600)]
    text = [f'{{"id": "{n}", "input": "q", "expected": "a"}}' for n in range(600)]
    text[411] = text[411][:-5]
    broken = cli.file("broken.jsonl", "\n".join(text))
    good = cli.file("good.jsonl", rows)
    twice = cli.file("twice.jsonl", [*rows[:9], rows[4]])
    empty = cli.file("empty.jsonl", "\n \n")
    target = ("-m", f"{provider.url}#m")
    asked = (
        (("bench", broken, *target), (f"{broken}:412: broken JSON", "nothing was sent")),
        (("bench", empty, *target), (f"{empty}: the dataset is empty.",)),
        (("bench", twice, *target), (f"{twice}:10: ", "'4' is also the id of line 5")),
        (("bench", good, *target, "--map", "input=qeustion"), ("--map input=qeustion", "no column 'qeustion'", "Columns: id, input")),
        (("bench", good, *target, "--where", "lnag=en"), ("--where", "no column 'lnag'")),
        (("bench", good, *target, "--where", "lang=zh"), ("leaves none of 600 rows", "--where")),
        (("bench", good, *target, "--template", "{qustion}"), ("qustion",)),
        (("bench", str(cli.folder), *target), ("is not a file",)),
        (("bench", good, *target, "--out", "no/folder/x.json"), ("no/folder/x.json cannot be written", "there is no folder")),
        (("bench", good, *target, "--out", "home"), ("home cannot be written: it is a folder.",)),
    )  # fmt: skip
    for said, (_, words) in zip(cli.all(argv for argv, _ in asked), asked, strict=True):
        expect(said, 2, *words)
    assert provider.requests == []


def test_text_that_is_no_text_is_refused_and_nul_is_sent(cli, provider):
    provider.script = [provider.said("fine")]
    target = ("-m", f"{provider.url}#m", "--no-stream")
    expect(cli.run("ask", *target, stdin="caf\xe9".encode("latin-1")), 2, "Standard input is not UTF-8 text (byte 3).")
    expect(cli.run("ask", *target, stdin=b" \n"), 2, "The prompt is empty.")
    half = os.fsdecode(b"a\xff")
    expect(cli.run("ask", half, *target), 2, "The prompt is not UTF-8 text (character 2).")
    assert provider.requests == []
    said = cli.run(
        "ask", "-", *target, "-m", target[1], stdin=b"a\0b\xf0\x9f\x98\x80", env={"LC_ALL": "C", "LANG": "C"}
    )
    expect(said, 0)
    assert (said.out, len(provider.requests)) == (b"fine", 1)  # the same name twice is one target
    assert provider.bodies()[0]["messages"] == [{"role": "user", "content": "a\0b\U0001f600"}]


def test_a_closed_stdin_or_stdout_is_borne(cli, provider):
    provider.script = [provider.said("fine")]
    command = [sys.executable, "-m", "qwcli", "ask", "-m", f"{provider.url}#m"]
    for redirection, code, words in (("<&-", 2, "The prompt is empty."), ("hi --json >&-", 0, ""), ("hi 2>&-", 0, "")):
        shell = subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command],
            env=cli.env, cwd=cli.folder, capture_output=True, text=True, check=False, timeout=50,
        )  # fmt: skip
        assert (shell.returncode, "Traceback" in shell.stderr) == (code, False), shell.stderr
        assert words in shell.stderr
    # Nothing of what was said went into the file that took a closed stream's number.
    assert cli.run("cost-report", "--format", "json").json["total"]["calls"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_under_the_output_is_told_and_the_answer_is_recorded(cli, provider):
    provider.script = [provider.said("fine")]
    full = Path("/dev/full").open("wb")  # noqa: SIM115 - closed below
    with full:
        for argv in (("ask", "hi", "-m", f"{provider.url}#m"), ("cost-report",), ("--help",)):
            expect(cli.run(*argv, stdout=full), 1, "error: Standard output cannot be written: No space left on device.")
    assert cli.run("cost-report", "--format", "json").json["total"]["calls"] == 1
    expect(cli.run("cost-report", "--out", "/dev/full"), 2, "/dev/full cannot be written: No space left on device.")
    assert Path("/dev/full").is_char_device()


def test_no_newer_foreign_or_read_only_ledger_is_written_to(cli, provider):
    target = ("-m", f"{provider.url}#m")
    newer, foreign, text = (cli.folder / name for name in ("newer.sqlite", "foreign.sqlite", "text.sqlite"))
    cli.run("cost-report")
    assert cli.run("ask", "hi", "-m", "http://127.0.0.1:9/v1#m", "--ledger", str(newer)).code == 1
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    text.write_text("a letter, and no ledger at all; " * 40)
    asked = (
        (newer, ("written by a newer qwcli", "Update qwcli")),
        (foreign, ("a database of another program",)),
        (text, ("is not a ledger", "--ledger PATH")),
        (cli.folder, ("cannot be opened",)),
    )
    commands = [("ask", "hi", *target, "--ledger", str(path)) for path, _ in asked]
    for said, (path, words) in zip(cli.all(commands), asked, strict=True):
        expect(said, 2, str(path), *words)
    assert provider.requests == []


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_read_only_ledger_is_said_to_be_one_before_anything_is_sent(cli, provider, tmp_path_factory):
    cli.run("ask", "hi", "-m", "http://127.0.0.1:9/v1#m")
    cli.ledger.chmod(0o444)
    cli.folder.chmod(0o555)
    # The superuser may write to anything; and a home that only it may enter holds the modules: they are loaded before.
    driver = (
        "import os, sys\n"
        "from qwcli.cli import main\n"
        "for last in (False, True):\n"
        "    sys.argv = ['qwcli', *sys.argv[1:], *([] if last else ['--ledger', os.environ['OTHER']])]\n"
        "    if last:\n"
        "        sys.argv = sys.argv[:-2]\n"
        "        os.geteuid() or os.seteuid(65534)\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        if last: raise\n"
    )
    cli.env["OTHER"] = str(tmp_path_factory.mktemp("other") / "ledger.sqlite")
    command = [sys.executable, "-c", driver, "ask", "hi", "-m", f"{provider.url}#m"]
    provider.script = [provider.said("fine")]
    opened = [cli.folder, *cli.folder.parents]
    modes = [
        (folder, folder.stat().st_mode)
        for folder in opened
        if folder.owner() == "root" and not folder.stat().st_mode & 1
    ]
    try:
        for folder, mode in modes:
            folder.chmod(mode | 0o5)
        done = subprocess.run(command, env=cli.env, cwd="/", capture_output=True, text=True, check=False, timeout=50)
    finally:
        for folder, mode in modes:
            folder.chmod(mode)
        cli.folder.chmod(0o700)
    assert done.returncode == 2, done.stderr
    assert f"The ledger {cli.ledger} is read-only." in done.stderr
    assert len(provider.requests) == 1  # that of the other ledger


def _raw_server(answer: bytes) -> tuple[socket.socket, int]:
    """A server on a socket that says the same to everyone, whatever they say."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return server, server.getsockname()[1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_failure_of_the_network_or_the_provider_is_a_traceback_or_shows_the_key(cli, provider):
    page = (
        b"<html><head><title>502 Bad Gateway</title></head><body>\x1b[31mproxy " + CANARY.encode() + b"</body></html>"
    )
    html = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(page) + page
    ok_html = html.replace(b"502 Bad Gateway\r\n", b"200 OK\r\n", 1)
    echo = b'{"error": {"message": "Incorrect API key provided: %s.", "code": "invalid_api_key"}}' % CANARY.encode()
    provider.script = [provider.json(echo, "401 Unauthorized")]
    plain, plain_port = _raw_server(b"SSH-2.0-OpenSSH_9.6\r\n")
    proxy, proxy_port = _raw_server(html)
    login, login_port = _raw_server(ok_html)
    silent = socket.create_server(("127.0.0.1", 0))
    dead = socket.create_server(("127.0.0.1", 0))
    dead_port = dead.getsockname()[1]
    dead.close()
    cases = (
        (provider.url, 1, ("auth", "401", "Check the key in CANARY_KEY")),
        (f"http://127.0.0.1:{dead_port}/v1", 1, ("no connection to 127.0.0.1", "refused", "Is a server running")),
        (f"https://127.0.0.1:{plain_port}/v1", 1, ("tls", "no secure connection to 127.0.0.1")),
        (f"http://127.0.0.1:{proxy_port}/v1", 1, ("502",)),
        (f"http://127.0.0.1:{login_port}/v1", 1, ("base URL of an API",)),
        (f"http://127.0.0.1:{silent.getsockname()[1]}/v1", 1, ("--timeout",)),
    )
    env = {"CANARY_KEY": CANARY, "DASHSCOPE_API_KEY": CANARY}
    commands = [
        ("ask", "hi", "-m", f"{url}#m", "--key-env", "CANARY_KEY", "--timeout", "3", "--param", "extra=1", *more)
        for (url, _, _), more in zip(cases, [(), ("--json",), (), (), (), ()], strict=True)
    ]
    heard = cli.all(commands, env=env)
    for said, (url, code, words) in zip(heard, cases, strict=True):
        expect(said, code, *((url,) if not words else ()))
        told = said.err if "--json" not in said.argv else ""
        if told:
            for word in words:
                assert word in told, (url, word, told)
        assert "\x1b" not in said.err
    rows = cli.file("rows.jsonl", [{"input": f"q{n}", "expected": "a"} for n in range(3)])
    heard.append(
        cli.run("bench", rows, "-m", f"{provider.url}#m", "--key-env", "CANARY_KEY", "--format", "jsonl", env=env)
    )
    assert heard[-1].code == 1
    assert "3 x " in heard[-1].err
    # A key that cannot be one, keys over plain http, and keys where they do not belong.
    for argv, words in (
        (("ask", "hi", "-m", "http://llm.example/v1#m", "--key-env", "CANARY_KEY"), ("--insecure-http",)),
        (("ask", "hi", "-m", f"http://{CANARY}@llm.example/v1#m"), ("--key-env",)),
        (("ask", "hi", "-m", "https://llm.example/v1#m", "--key-env", CANARY), ()),
    ):
        heard.append(cli.run(*argv, env=env))
        expect(heard[-1], 2, *words)
    heard.append(cli.run("ask", "hi", "-p", "qwen", "-m", "qwen-plus", env={"DASHSCOPE_API_KEY": f"{CANARY}\nsecond"}))
    expect(heard[-1], 2, "$DASHSCOPE_API_KEY", "line break")
    heard.append(cli.run("models", "-p", "qwen", env=env))
    heard.append(cli.run("cost-report", "--by", "model,provider", env=env))
    for server in (plain, proxy, login, silent):
        server.close()
    for said in heard:
        assert CANARY not in said.err, said.argv
        assert CANARY.encode() not in said.out, said.argv
    for path in cli.folder.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_certificate_nobody_signed_is_refused_and_what_to_do_is_said(cli):

    key, certificate = cli.folder / "key.pem", cli.folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = socket.create_server(("127.0.0.1", 0))
    body = b'{"choices": [{"message": {"content": "signed"}, "finish_reason": "stop"}]}'
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body

    def serve() -> None:
        for _ in range(2):
            client, _ = server.accept()
            with client:
                try:
                    secure = context.wrap_socket(client, server_side=True)
                except OSError:
                    continue
                secure.recv(65536)
                secure.sendall(answer)
                secure.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    target = ("-m", f"https://127.0.0.1:{server.getsockname()[1]}/v1#m", "--no-stream")
    said = cli.run("ask", "hi", *target)
    expect(said, 1, "tls", "self-signed certificate", "SSL_CERT_FILE")
    # What the hint says helps.
    trusted = cli.run("ask", "hi", *target, env={"SSL_CERT_FILE": str(certificate)})
    assert (trusted.code, trusted.out) == (0, b"signed"), trusted.err
    thread.join(5)
    server.close()


def test_two_processes_write_to_one_ledger_and_nothing_is_lost(cli, provider):
    provider.script = [provider.said("a")]
    rows = cli.file("rows.jsonl", [{"input": f"q{n}", "expected": "a"} for n in range(120)])
    command = ("bench", rows, "-m", f"{provider.url}#m", "--no-stream", "--format", "json")
    runs = cli.all([command, command])
    assert [said.code for said in runs] == [0, 0]
    assert [said.json["targets"][0]["passed"] for said in runs] == [120, 120]
    assert len({said.json["run"] for said in runs}) == 2
    total = cli.run("cost-report", "--format", "json").json["total"]
    assert (total["calls"], total["attempts"], total["passed"]) == (240, 240, 240)
    assert len(provider.requests) == 240
