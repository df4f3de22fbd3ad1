"""ListenBrainz: what users love and hate."""

import re
from typing import Any, Final
from urllib.parse import unquote

from tests.standin.account import Account
from tests.standin.exchange import Reply, Request
from tests.standin.tracks import Feedback

MAX_COUNT: Final = 1000
DEFAULT_COUNT: Final = 25
_FEEDBACK: Final = re.compile(r"/1/feedback/user/([^/]+)/get-feedback/?")


class ListenBrainz:
    """Answers GET /1/feedback/user/{user}/get-feedback: pages of feedback, newest first."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def answer(self, request: Request) -> Reply:
        """Serve one request; every answer tells the rate limit."""
        reply = self._answer(request)
        reply.headers = {
            **reply.headers,
            "X-RateLimit-Limit": "30",
            "X-RateLimit-Remaining": "29",
            "X-RateLimit-Reset-In": "10",
        }
        return reply

    def _answer(self, request: Request) -> Reply:
        found = _FEEDBACK.fullmatch(request.path)
        if found is None or request.method != "GET":
            return _error(404, "Not found")
        user, query = unquote(found[1]), request.query
        feedback = self._account.listenbrainz.get(user)
        if feedback is None:
            return _error(404, f"Cannot find user: {user}")
        try:
            count, offset = int(query.get("count", DEFAULT_COUNT)), int(query.get("offset", 0))
            score = int(query["score"]) if "score" in query else None
        except ValueError:
            return _error(400, "'count', 'offset' and 'score' should be whole numbers")
        if score not in (None, 1, -1) or count < 0 or offset < 0:
            return _error(400, "Score can have a value of 1 or -1.")
        wanted = [one for one in feedback if score in (None, one.score)]
        page = wanted[offset : offset + min(count, MAX_COUNT)]
        rows = [_row(one, user, metadata=query.get("metadata") == "true") for one in page]
        return Reply(200, {"count": len(rows), "feedback": rows, "offset": offset, "total_count": len(wanted)})


def _row(feedback: Feedback, user: str, *, metadata: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "created": feedback.created,
        "recording_mbid": feedback.recording_mbid,
        "recording_msid": feedback.recording_msid,
        "score": feedback.score,
        "track_metadata": None,
        "user_id": user,
    }
    if metadata:
        row["track_metadata"] = {"artist_name": feedback.artist_name, "track_name": feedback.track_name}
        if feedback.release_name:
            row["track_metadata"]["release_name"] = feedback.release_name
        if feedback.recording_mbid:
            row["track_metadata"]["mbid_mapping"] = {"recording_mbid": feedback.recording_mbid}
    return row


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"code": status, "error": message})
