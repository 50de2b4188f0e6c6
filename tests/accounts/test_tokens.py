import pytest
from django.test import override_settings

from accounts.tokens import identify
from accounts.services import tokens_issue


def test_it_names_the_user(alice):
    assert identify(tokens_issue(user=alice).access).user_id == alice.pk
