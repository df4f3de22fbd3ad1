"""Why Spotify answers 403 or 400, and what to do about it.

The status is one, the causes are many, and half of them come without a word: what was asked for decides then.
"""

import re
from typing import Final

from connectors.http.faults import Forbidden, NotFound, Reason
from connectors.spotify.settings import DASHBOARD

_WORDS: Final[tuple[tuple[str, Reason], ...]] = (
    (r"premium", "premium"),
    (r"not (be )?registered|allow-?list|user management", "allow_list"),
    (r"scope", "scope"),
    (r"(do not|don'?t|does not) own|not the owner|not allowed to (change|modify|edit)|for another user", "not_owner"),
)
"""What Spotify says where it says something; seen in users' reports, not in its documentation."""

_UNKNOWN_IDS: Final = re.compile(r"non-?existing id|invalid (track|episode) uri", re.IGNORECASE)
"""Of a 400 where tracks are put into a playlist: one is enough, and none is put in; seen in users' reports, too."""

_MESSAGES: Final[dict[Reason, str]] = {
    "premium": "Spotify refuses this app: the account that owns it has no active Premium subscription",
    "allow_list": "Spotify refuses this account: it is not among the users of the app",
    "scope": "the sign-in does not allow earmark to {what}",
    "removed_endpoint": "Spotify no longer lets this app {what}",
    "not_owner": "Spotify lets earmark {what} only for playlists that you own or work on together",
    "features_closed": "Spotify has closed its audio features to this app, as to all that are new since November 2024",
    "unknown": "Spotify refuses to let earmark {what}",
}
_HINTS: Final[dict[Reason, str]] = {
    "premium": f"renew Premium for the owner of the app at {DASHBOARD}; it can take some hours until Spotify notices",
    "allow_list": (
        f"the app's owner adds you under 'User Management' at {DASHBOARD} (at most 5 users); "
        "then sign in again: earmark login spotify"
    ),
    "scope": "sign in again and agree to more: {command}",
    "removed_endpoint": (
        "earmark knows no other way; where it worked before, Spotify may mean the app itself: see at "
        f"{DASHBOARD} that its owner has Premium and you are among its users"
    ),
    "not_owner": "in Spotify, copy its tracks to a playlist of your own and name that one",
    "features_closed": "'earmark pull features' takes them from a catalogue of your own and from ReccoBeats",
    "unknown": f"look at the app's state at {DASHBOARD}, and try again later",
}


def reason_of(message: str | None) -> Reason:
    """What Spotify's own words mean; ``removed_endpoint`` where it says nothing or just "Forbidden".

    Parameters
    ----------
    message : str, optional
        Of the answer's body, JSON or plain text.
    """
    text = (message or "").strip().lower()
    if text.rstrip(".") in {"", "forbidden", "none"}:
        return "removed_endpoint"
    return next((reason for pattern, reason in _WORDS if re.search(pattern, text)), "unknown")


def names_unknown_ids(message: str | None) -> bool:
    """Whether Spotify's own words mean that it does not have all the ids of a request."""
    return _UNKNOWN_IDS.search(message or "") is not None


def forbidden(
    reason: Reason, what: str, *, said: str | None = None, command: str = "earmark login spotify"
) -> Forbidden:
    """The error for a person.

    Parameters
    ----------
    reason : str
    what : str
        What was wanted, to follow "lets earmark": "read your likes".
    said : str, optional
        Spotify's own words; shown where they are not understood.
    command : str
        How to sign in with the scopes that are wanted.
    """
    message = _MESSAGES[reason].format(what=what)
    if reason == "unknown" and said:
        message = f"{message}: {said}"
    return Forbidden(message, _HINTS[reason].format(command=command), reason)


def no_playlist() -> NotFound:
    """The error of a playlist that is gone, or that Spotify itself makes: apps are told of neither."""
    return NotFound(
        "Spotify knows no such playlist, or keeps it from apps, as it does those that it makes itself",
        "check the link; if the playlist is Spotify's, copy its tracks to one of your own and name that",
    )
