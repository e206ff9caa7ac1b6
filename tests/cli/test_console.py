"""Lines of text, and of JSON."""

from __future__ import annotations

import json
import logging
import threading
import warnings

import pytest

from footfall.cli.console import Console, json_lines


def test_text_is_written_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(is_json=False)
    console.say("one\ntwo", number=3)
    console.complain("wrong")
    assert capsys.readouterr() == ("one\ntwo\n", "wrong\n")


def test_json_has_every_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise LookupError("x")

    before = logging.getLogger().handlers[:]
    with json_lines():
        console = Console(is_json=True)
        console.say("one\ntwo", number=3)
        console.complain("wrong")
        logging.getLogger("uvicorn.error").warning("of uvicorn")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("of Python", stacklevel=1)
        thread = threading.Thread(target=fail, name="some-thread")
        thread.start()
        thread.join()
    assert logging.getLogger().handlers == before
    out, err = capsys.readouterr()
    (line,) = map(json.loads, out.splitlines())
    assert (line["level"], line["message"], line["number"]) == ("info", "one", 3)
    wrong, uvicorn, warning, uncaught = map(json.loads, err.splitlines())
    assert (wrong["level"], wrong["logger"]) == ("error", "footfall.collector")
    assert (uvicorn["level"], uvicorn["message"]) == ("warning", "of uvicorn")
    assert warning["logger"] == "py.warnings"
    assert uncaught["message"] == "thread some-thread ended with an error"
    assert uncaught["exception"].endswith("LookupError: x")
