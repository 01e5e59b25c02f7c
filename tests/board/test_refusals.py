"""Who gets an answer from a board: this machine, with the token, from its own page. Asked by a real HTTP client."""

import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from zerokara.board.serve import serving
from zerokara.errors import InputError, OutsideError


def ask(address: str, path: str = "", method: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
    """Return the status, the text and the headers of an answer; a header that is empty is not sent."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
    given = {"Host": parts.netloc} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, parts.path + path if not path.startswith("/") else path, skip_host=True)
    for name, value in given.items():
        if value:
            connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}


def test_the_page_has_the_run_and_loads_nothing_else(address: str) -> None:
    status, text, headers = ask(address)
    assert status == 200
    assert '"search":{"name":"digits"' in text
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/0/", "/wrong/", "/wrong/0/", "/wrong/0/events", "/../../etc/passwd", "//"])
def test_no_token(address: str, path: str) -> None:
    status, text, _ = ask(address, path)
    assert (status, text) == (403, "refused: no token\n")


def test_a_request_without_a_path(address: str) -> None:
    host = urlsplit(address).netloc
    with socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=10) as connection:
        connection.sendall(f"OPTIONS * HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_a_token_that_is_nearly_right(address: str) -> None:
    token = urlsplit(address).path.strip("/")
    for wrong in (token[:-1], token + "a", token.swapcase(), "ü"):
        assert ask(address, f"/{wrong.encode().hex() if wrong == 'ü' else wrong}/")[0] == 403


@pytest.mark.parametrize("host", ["attacker.example:{port}", "127.0.0.1:1", "127.0.0.1", "127.0.0.2:{port}", ""])
def test_another_host(address: str, host: str) -> None:
    """As a page sends it whose name was bound to this machine's address."""
    status, text, _ = ask(address, Host=host.format(port=urlsplit(address).port))
    assert status in (400, 403)
    assert "digits" not in text


@pytest.mark.parametrize(
    "origin", ["http://attacker.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin(address: str, origin: str, method: str) -> None:
    path = "0/stop" if method == "POST" else "0/events"
    answer = ask(address, path, method, Origin=origin.format(port=urlsplit(address).port))
    assert answer[:2] == (403, "refused: another origin\n")


def test_a_stop_needs_an_origin(address: str) -> None:
    assert ask(address, "0/stop", "POST")[:2] == (403, "refused: no origin\n")
    own = f"http://{urlsplit(address).netloc}"
    status, text, _ = ask(address, "0/stop", "POST", Origin=own)
    assert (status, json.loads(text)) == (409, {"taken": False})  # The run has ended.
    assert ask(address, "0/stop", Origin=own)[0] == 405


def test_a_page_of_another_site(address: str) -> None:
    assert ask(address, Sec_Fetch_Site="cross-site")[0] == 403
    assert ask(address, Sec_Fetch_Site="none")[0] == 200


@pytest.mark.parametrize("path", ["1/", "7/events", "0/config.toml", "0/journal.log", "static/main.js", "0/../../"])
def test_nothing_else_is_there(address: str, path: str) -> None:
    status, text, _ = ask(address, path)
    assert status == 404
    assert "digits" not in text


def test_it_listens_on_this_machine_alone(address: str) -> None:
    port = urlsplit(address).port
    for name in {socket.gethostbyname(socket.gethostname())} - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((name, port), timeout=2)


def test_each_board_has_its_own_token(finished: Path) -> None:
    with serving([finished]) as one, serving([finished]) as other:
        tokens = {urlsplit(each).path for each in (one, other)}
        assert len(tokens) == 2
        assert all(re.fullmatch(r"/[\w-]{32}/", token) for token in tokens)


def test_a_port_in_use(finished: Path) -> None:
    in_use = pytest.raises(OutsideError, match=r"free port, got \d+: .*leave --port out")
    with serving([finished]) as address, in_use, serving([finished], port=urlsplit(address).port or 0):
        raise AssertionError


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a run is a folder with a config"), serving([tmp_path]):
        raise AssertionError


def test_without_the_extra(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    missing = pytest.raises(
        InputError, match="boards need uvicorn, which is not installed: python -m pip install uvicorn"
    )
    with missing, serving([finished]):
        raise AssertionError
