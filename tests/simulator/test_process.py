"""The simulator as a process: it announces itself, lets itself be stopped, and never outlives its parent."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

import pytest

from qwcli.errors import QwcliError
from qwcli.simulator.process import start

# The command by itself, so that these tests need no other command to load.
APP = "import typer; from qwcli.cli.simulate import simulate; typer.run(simulate)"
COMMAND = (sys.executable, "-c", APP)
PARENT = f"from qwcli.simulator.process import start; import time; print(start(command={COMMAND!r}).url, flush=True); time.sleep(60)"


open_url = build_opener().open


def ask(url):
    body = json.dumps({"model": "sim/max", "messages": [{"role": "user", "content": "12+7="}]}).encode()
    request = Request(f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with open_url(request, timeout=10) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


def gone(url):
    """Whether nobody listens there any more, within five seconds."""
    address = urlsplit(url)
    for _ in range(250):
        try:
            socket.create_connection((address.hostname, address.port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # it is just closing
        time.sleep(0.02)
    return False


def test_it_starts_answers_tells_its_books_and_stops():
    with start(seed=3, speed=0, command=COMMAND) as running:
        assert ask(running.url) == "19"
        books = running.books()
        assert books["seed"] == 3
        assert books["models"]["sim/max"]["served"] == 1
    assert gone(running.url)
    running.stop()


def test_a_proxy_of_the_environment_does_not_come_between(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with start(speed=0, command=COMMAND) as running:
        assert running.books()["total"]["requests"] == 0


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_parent_leaves_nothing_behind():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        url = parent.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert gone(url)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_ends_it_cleanly_with_its_books():
    options = ["--port", "0", "--speed", "0"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        url = json.loads(child.stdout.readline())["url"]
        ask(url)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=10)
    assert child.returncode == 0
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("simulated: 1 request (1 served")


def test_one_that_cannot_start_says_why():
    with pytest.raises(QwcliError, match="did not start: no such thing"):
        start(command=(sys.executable, "-c", "raise SystemExit('no such thing')"))
