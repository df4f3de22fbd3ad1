"""Each 403 has a name, and a mend that a person can follow."""

import pytest

from connectors.http.faults import REASONS, Reason
from connectors.spotify.diagnosis import forbidden, names_unknown_ids, reason_of


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        # Wordings from users' reports of 2025 and 2026.
        ("Active premium subscription required for the owner of the app.", "premium"),
        ("Check settings on developer.spotify.com/dashboard, the user may not be registered.", "allow_list"),
        ("User not registered in the Developer Dashboard", "allow_list"),
        ("Insufficient client scope", "scope"),
        ("You cannot add tracks to a playlist you don't own.", "not_owner"),
        ("You cannot create a playlist for another user.", "not_owner"),
        (None, "removed_endpoint"),
        ("", "removed_endpoint"),
        ("Forbidden", "removed_endpoint"),
        ("Forbidden.", "removed_endpoint"),
        ("Restricted device", "unknown"),
    ],
)
def test_spotifys_words_are_understood(message: str | None, reason: str) -> None:
    assert reason_of(message) == reason


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_and_a_mend(reason: Reason) -> None:
    error = forbidden(reason, "read your likes", command="earmark login spotify --for push")
    assert error.reason == reason
    assert error.exit_code == 2
    assert "Spotify" in error.message or reason == "scope"
    assert "{" not in error.message + error.hint
    assert len(error.hint) > 30


def test_a_refusal_without_words_may_be_of_the_whole_app() -> None:
    hint = forbidden("removed_endpoint", "read your likes").hint
    assert "Premium" in hint
    assert "its users" in hint


def test_words_that_are_not_understood_are_passed_on() -> None:
    assert "Restricted device" in forbidden("unknown", "read your likes", said="Restricted device").message
    scope = forbidden("scope", "make a playlist", command="earmark login spotify --for push")
    assert scope.message == "the sign-in does not allow earmark to make a playlist"
    assert "--for push" in scope.hint


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ("Payload contains a non-existing ID", True),  # github.com/spotify/web-api/issues/214
        ("Invalid track uri: spotify:track:6CU0zWIWVTEnmWpSjVHM93", True),  # jwilsson/spotify-web-api-php/issues/162
        ("Index out of bounds.", False),
        ("No uris provided", False),
        (None, False),
    ],
)
def test_a_refusal_of_unknown_ids_is_told_from_others(message: str | None, unknown: bool) -> None:
    assert names_unknown_ids(message) == unknown
