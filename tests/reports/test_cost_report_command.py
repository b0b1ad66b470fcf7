from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwcli.cli.cost_report import _keys, _moment
from qwcli.core.spend import Key
from qwcli.errors import QwcliError
from qwcli.store.ledger import Ledger


def qwcli(*argv: str, ledger: Path, named: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qwcli", "cost-report", *(["--ledger", str(ledger)] if named else []), *argv]
    env = os.environ | {"QWCLI_LEDGER": str(ledger)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize("begun", [False, True])
def test_an_empty_ledger_is_no_failure(tmp_path: Path, begun: bool) -> None:
    ledger = tmp_path / "ledger.sqlite"
    if begun:
        Ledger.open(ledger).close()
    # One that was named and is not there is a mistake; the usual one may not have been begun.
    done = qwcli("--format", "json", "--by", "day,model", ledger=ledger, named=begun)
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["rows"], json.loads(done.stdout)["by"]) == ([], ["day", "model"])
    assert str(ledger) in done.stderr


def test_an_unknown_key_names_all_that_are_known() -> None:
    with pytest.raises(QwcliError) as caught:
        _keys("model,langs")
    assert "'langs'" in caught.value.message
    assert caught.value.hint is not None
    assert all(key in caught.value.hint for key in Key)
    assert _keys("day, model,day") == (Key.DAY, Key.MODEL)


def test_a_day_ends_with_its_last_moment() -> None:
    day = 86_400
    begin = _moment("2026-11-22", "--since", utc=True)
    assert begin == 1_795_305_600
    assert _moment("2026-11-22", "--until", utc=True, end=True) == begin + day
    assert _moment("2026-11-22T01:00", "--until", utc=True, end=True) == begin + 3_600
    assert _moment("2026-11-22T02:00+02:00", "--since", utc=False) == begin
    assert _moment(None, "--since", utc=True) is None
    with pytest.raises(QwcliError, match="--since"):
        _moment("yesterday", "--since", utc=True)
