"""What a command loads: `--help` nothing heavy, `ask` no pandas; and no module does anything by being imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import qwcli

HEAVY = {
    "pandas",
    "numpy",
    "httpx",
    "aiohttp",
    "rich",
    "yaml",
    "pydantic",
    "sqlite3",
    "msgspec",
    "platformdirs",
    "asyncio",
}
ROOT = Path(qwcli.__file__).parent


def loaded(cli, *argv: str) -> set[str]:
    """The modules a command has loaded when it ends."""
    driver = (
        "import sys, atexit\n"
        "atexit.register(lambda: open('loaded', 'w').write(' '.join(sys.modules)))\n"
        "from qwcli.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", driver, *argv]
    done = subprocess.run(command, env=cli.env, cwd=cli.folder, capture_output=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    return set((cli.folder / "loaded").read_text().split())


@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("ask", "--help"), ("bench", "--help")])
def test_help_and_version_load_nothing_heavy(cli, argv):
    assert loaded(cli, *argv) & HEAVY == set()


def test_ask_never_loads_pandas_and_the_plain_reports_neither(cli, provider):
    provider.script = [provider.said("fine")]
    target = ("-m", f"{provider.url}#m", "--no-stream")
    assert loaded(cli, "ask", "hi", *target, "--json") & {"pandas", "numpy"} == set()
    rows = cli.file("rows.jsonl", [{"input": "q", "expected": "fine"}])
    assert loaded(cli, "bench", rows, *target, "--format", "json") & {"pandas", "numpy"} == set()
    assert loaded(cli, "cost-report", "--format", "csv") & {"pandas", "numpy", "aiohttp", "httpx"} == set()


def test_no_module_touches_network_disk_or_processes_by_being_imported(cli):
    names = sorted(
        ".".join((ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for path in ROOT.rglob("*.py")
        if path.name != "__main__.py" and "data" not in path.relative_to(ROOT).parts
    )
    # What others do when they are imported is theirs: they are loaded before the watch begins.
    driver = f"""
import sys, os, importlib, threading, socket, signal
import aiohttp.web, httpx, pandas, pydantic, rich.console, rich.table, yaml, msgspec, platformdirs, typer, regex, sqlite3
import concurrent.futures.thread, unittest.mock, email.utils, difflib, csv, decimal, tempfile, shutil, urllib.request
class _First(pydantic.BaseModel):  # pydantic looks for its plug-ins when the first model is made
    pass
names = {names!r}
watched = {{"open", "os.mkdir", "os.remove", "os.rename", "os.chmod", "socket.connect", "socket.bind",
           "socket.getaddrinfo", "subprocess.Popen", "os.system", "sqlite3.connect", "tempfile.mkstemp", "os.putenv"}}
seen = []
def watch(event, arguments):
    if event in watched:
        if event == "open" and (str(arguments[0]).endswith((".py", ".pyc")) or ".pyc." in str(arguments[0])):
            return
        if event in {{"os.mkdir", "os.rename", "os.chmod"}} and "__pycache__" in str(arguments):
            return
        seen.append((event, str(arguments[:2])))
sys.addaudithook(watch)
handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
streams = (sys.stdin, sys.stdout, sys.stderr)
for name in names:
    importlib.import_module(name)
assert not seen, seen
assert threading.active_count() == 1
assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
assert streams == (sys.stdin, sys.stdout, sys.stderr)
print(len(names))
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", driver],
        env=cli.env,
        cwd=cli.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100
