"""A receiver gets what is signed; no address that the operator did not mean is asked."""

import base64
import hashlib
import hmac

import pytest

from features.errors import InputError, UnknownName
from features.home import Home
from recsys.segments import webhook
from recsys.segments.webhook import Hook, post, resolved
from tests.recsys.segments.receivers import SECRET, named, receiver


def test_a_receiver_can_check_who_sent_it(tmp_path):
    with receiver() as told:
        named(tmp_path, told.url)
        heard = post(Hook.open(Home(tmp_path), "crm"), "msg_1", 1_700_000_000, b'{"a":1}')
    ((headers, body),) = told.came
    said = b"msg_1.1700000000." + body
    right = base64.b64encode(hmac.digest(SECRET.encode(), said, hashlib.sha256)).decode()
    assert (heard.taken, headers["webhook-signature"]) == (True, f"v1,{right}")
    assert (headers["webhook-id"], headers["idempotency-key"]) == ("msg_1", "msg_1")


def test_a_redirection_is_not_followed(tmp_path):
    with receiver() as inside, receiver((302, {"location": inside.url})) as told:
        named(tmp_path, told.url)
        heard = post(Hook.open(Home(tmp_path), "crm"), "m", 0, b"{}")
    assert (heard.status, heard.taken, heard.passing, inside.came) == (302, False, False, [])


def test_nobody_there_is_no_answer_yet(tmp_path):
    with receiver() as gone:
        pass
    named(tmp_path, gone.url)
    heard = post(Hook.open(Home(tmp_path), "crm"), "m", 0, b"{}")
    assert (heard.status, heard.passing) == (0, True)
    assert "refused" in heard.detail.lower()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "2130706433"]
)
def test_a_private_address_is_refused_unless_it_is_meant(host):
    hook = Hook("crm", f"https://{host}/in", SECRET)
    with pytest.raises(InputError, match="private address"):
        resolved(hook)
    with pytest.raises(InputError, match="private address"):
        post(hook, "m", 0, b"{}")


def test_a_name_of_several_addresses_is_refused_for_one_of_them(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("192.168.0.7", 443))]
    monkeypatch.setattr(webhook.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InputError, match=r"192\.168\.0\.7"):
        resolved(Hook("crm", "https://crm.example.com", SECRET))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[crm]\nurl = 'ftp://a/b'\nsecret = 'sixteen letters!!'", "no address"),
        ("[crm]\nurl = 'https://a:99999/b'\nsecret = 'sixteen letters!!'", "no address"),
        ("[crm]\nurl = 'https://a/路'\nsecret = 'sixteen letters!!'", "no address"),
        ("[crm]\nurl = 5\nsecret = 'sixteen letters!!'", "cannot be used"),
        ("[crm]\nurl = 'https://a/b'\nsecret = 'whsec_no base64'", "no secret"),
        ("[crm]\nurl = 'https://a/b'\nsecret = 'short'", "no secret"),
        ("[crm]\nurl = 'https://a/b'\nsecret_env = 'NOT_SET_ANYWHERE'", "no secret"),
        ("[crm]\nurl = 'https://a/b'\nsecret = 'sixteen letters!!'\ntries = 3", "unknown setting"),
        ("[crm]\nurl = 'https://a/b'\nsecret = 'sixteen letters!!'\npeople = 0", "cannot be used"),
        ("[crm]\nsecret = 'sixteen letters!!'", "cannot be used"),
        ("crm = 1", "holds no webhook"),
        ("[crm", "cannot be read"),
    ],
)
def test_what_cannot_be_in_the_file(tmp_path, text, words):
    (tmp_path / webhook.FILE).write_text(text)
    with pytest.raises(InputError, match=words):
        Hook.open(Home(tmp_path), "crm")


def test_a_receiver_nobody_named(tmp_path):
    with pytest.raises(UnknownName, match="none yet"):
        Hook.open(Home(tmp_path), "crm")


def test_a_secret_stays_out_of_what_is_printed():
    assert SECRET not in repr(Hook("crm", "https://a/b", SECRET))
