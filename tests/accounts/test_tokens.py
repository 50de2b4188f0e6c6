import hmac
import json
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.utils.crypto import salted_hmac
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from accounts import claims
from accounts.claims import RefreshToken, TokenExpired, TokenInvalid, token_claims
from accounts.models import User, token_stamp
from accounts.selectors import living_sessions, user_for_token
from accounts.services import tokens_end, tokens_issue


def signed(user: User, *, key: Any = None, algorithm: Any = "HS256", **changes: Any) -> Any:
    now = int(time.time())
    claims = {
        "token_type": "access", "exp": now + 900, "iat": now, "jti": "0" * 32, "iss": "tickwatch",
        "user_id": str(user.pk), "stamp": user.token_stamp, "family": "f" * 32, **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, settings.SECRET_KEY if key is None else key, algorithm=algorithm)


def is_living(raw_access: str) -> bool:
    """Whether the token opens sockets."""
    claims = token_claims(raw_access)
    return living_sessions([claims]) == {claims}


def test_an_access_token_names_its_user_and_its_end_without_the_database(
    alice: User, django_assert_num_queries: Any
) -> None:
    token = tokens_issue(user=alice).access
    with django_assert_num_queries(0):
        found = token_claims(token)
    assert found.user_id == alice.pk
    assert found.expires_at == pytest.approx(time.time() + 900, abs=5)


@pytest.mark.parametrize("asked", [{"ALGORITHM": "HS512"}, {"AUDIENCE": "tickwatch"}])
def test_where_settings_ask_for_more_a_token_without_it_does_not_count(
    alice: User, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in asked.items():
        monkeypatch.setattr(api_settings, name, value)
    library = TokenBackend(
        api_settings.ALGORITHM,
        api_settings.SIGNING_KEY,
        audience=api_settings.AUDIENCE,
        issuer=api_settings.ISSUER,
    )
    monkeypatch.setattr(AccessToken, "_token_backend", library)
    with pytest.raises(TokenInvalid):
        token_claims(signed(alice))


def test_a_token_made_by_hand_as_we_make_them_counts(alice: User) -> None:
    assert user_for_token(signed(alice)) == alice


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another secret that is long enough to be one"},
        {"algorithm": "HS512"},
        {"algorithm": "none", "key": ""},
        {"token_type": "refresh"},
        {"token_type": None},
        {"iss": "somebody else"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**17},
        {"exp": 10**30},
        {"jti": None},
        {"stamp": None},
        {"stamp": "0" * 32},
        {"family": None},
        {"user_id": "-1"},
        {"user_id": "nobody"},
        {"user_id": "9" * 40},
        {"user_id": [1]},
    ],
    ids=str,
)
def test_a_token_that_differs_in_one_thing_does_not_count(alice: User, changes: Any) -> None:
    with pytest.raises(TokenInvalid):
        user_for_token(signed(alice, **changes))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "..", "\ud800", "é.é.é", "\0", "x" * 100_000])
def test_what_is_no_token_is_invalid(text: str) -> None:
    with pytest.raises(TokenInvalid):
        token_claims(text)


@pytest.mark.parametrize("user_id", ["0", "-1", str(2**63), "9" * 40])
def test_what_can_be_no_users_id_is_refused_before_others_are_asked_for_with_it(
    alice: User, user_id: str
) -> None:
    with pytest.raises(TokenInvalid):
        token_claims(signed(alice, user_id=user_id))


def test_an_expired_token_says_so(alice: User) -> None:
    token = AccessToken()
    token.set_exp(lifetime=-timedelta(minutes=1))
    for name, value in {
        "user_id": str(alice.pk),
        "stamp": alice.token_stamp,
        "family": "f",
    }.items():
        token[name] = value
    with pytest.raises(TokenExpired):
        token_claims(str(token))


def test_the_clocks_of_two_servers_may_differ_by_a_second(alice: User) -> None:
    assert user_for_token(signed(alice, iat=int(time.time()) + 1)) == alice


def test_a_refresh_token_opens_nothing(alice: User) -> None:
    pair = tokens_issue(user=alice)
    assert token_claims(pair.refresh, RefreshToken).user_id == alice.pk
    with pytest.raises(TokenInvalid):
        token_claims(pair.refresh)


def test_a_disabled_user_is_nobody_at_once(alice: User) -> None:
    token = tokens_issue(user=alice).access
    alice.is_active = False
    alice.save()
    assert not is_living(token)
    with pytest.raises(TokenInvalid):
        user_for_token(token)


def test_a_new_password_ends_access_tokens_whichever_way_it_is_set(alice: User) -> None:
    token = tokens_issue(user=alice).access
    alice.set_password("quite another one 5")
    alice.save(update_fields=["password"])
    assert not is_living(token)
    with pytest.raises(TokenInvalid):
        user_for_token(token)


def test_a_stamp_is_an_hmac_with_the_secret_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    for secret in ("one secret", "another", "one secret"):
        monkeypatch.setattr(settings, "SECRET_KEY", secret)
        expected = salted_hmac("accounts.token", "password disabling", algorithm="sha256")
        assert token_stamp("password ", "disabling") == expected.hexdigest()[:32]


def test_a_deleted_user_is_nobody(alice: User) -> None:
    token = tokens_issue(user=alice).access
    alice.delete()
    assert not is_living(token)
    with pytest.raises(TokenInvalid):
        user_for_token(token)


def test_after_signing_out_a_token_opens_no_socket_though_it_has_not_expired(alice: User) -> None:
    ending, other = tokens_issue(user=alice), tokens_issue(user=alice)
    assert ending.refresh is not None
    tokens_end(raw=ending.refresh)
    assert not is_living(ending.access)
    assert is_living(other.access)


def test_many_sign_ins_are_looked_up_by_one_query_each_by_itself(
    alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    ended, disabled, *others = (tokens_issue(user=user) for user in (alice, bob, alice, alice))
    tokens_end(raw=ended.refresh)
    bob.is_active = False
    bob.save()
    alive = {token_claims(pair.access) for pair in others}
    asked = alive | {token_claims(pair.access) for pair in (ended, disabled)}
    with django_assert_num_queries(1):
        assert living_sessions(asked) == alive
    assert living_sessions([]) == set()


def test_a_token_as_we_write_it_is_read_at_once(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = tokens_issue(user=alice)
    by_the_library = tuple(
        claims._claims(k(r)) for k, r in ((AccessToken, pair.access), (RefreshToken, pair.refresh))
    )
    for kind in (AccessToken, RefreshToken):
        monkeypatch.setattr(kind, "__init__", lambda *_: pytest.fail("the library was asked"))
    assert (token_claims(pair.access), token_claims(pair.refresh, RefreshToken)) == by_the_library


_NOW = int(time.time())
_CONTENT = {
    "token_type": "access", "exp": _NOW + 900, "iat": _NOW, "jti": "0" * 32, "iss": "tickwatch",
    "user_id": "7", "stamp": "s", "family": "f",
}  # fmt: skip
_ODD = st.sampled_from(
    [None, "", "7", "0x7", "7_0", " 7", -1, 0, 7, 7.5, True, [], {}, "refresh", "access", 10**30]
    + [_NOW + by for by in (-900, -1, 0, 1, 2, 3, 60)]
)


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@settings_of_hypothesis(max_examples=1000)
@given(
    st.dictionaries(st.sampled_from([*_CONTENT, "nbf", "aud", "sub"]), _ODD, max_size=2),
    st.sets(st.sampled_from([*_CONTENT]), max_size=1),
    st.sampled_from([*[b"HS256"] * 8, b"hs256", b"none"]),
    st.sampled_from([*[""] * 20, "=", ".", " ", "\n", "A"]),
)
def test_nothing_is_read_at_once_that_the_library_refuses(
    changes: dict[str, Any], without: set[str], algorithm: bytes, behind: str
) -> None:
    content = {k: v for k, v in {**_CONTENT, **changes}.items() if k not in without}
    header = b'{"alg":"' + algorithm + b'","typ":"JWT"}'
    signed_part = b".".join(map(_base64, (header, json.dumps(content).encode())))
    digest = hmac.digest(settings.SECRET_KEY.encode(), signed_part, "sha256")
    token = b".".join([signed_part, _base64(digest)]).decode() + behind
    at_once = claims._read_at_once(token, AccessToken)
    if at_once is not None:
        assert claims._claims(AccessToken(token)) == at_once
    elif content == _CONTENT and algorithm == b"HS256" and not behind:
        pytest.fail("a good token was not read at once")
