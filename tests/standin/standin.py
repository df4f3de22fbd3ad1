"""The stand-in services together: started, watched and stopped as one."""

import itertools
import re
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self
from urllib.parse import urlencode

from tests.standin.account import Account
from tests.standin.bodies import Dialect
from tests.standin.contract import Contract, find_contract
from tests.standin.exchange import Call, Reply, Request
from tests.standin.faults import Fault, FaultScript
from tests.standin.listenbrainz import ListenBrainz
from tests.standin.oauth import CLIENT_ID, Authority, RefreshAnswer
from tests.standin.reccobeats import ReccoBeats
from tests.standin.server import LoopbackServer
from tests.standin.spotify import PREFIX, Spotify


class BrokenContractError(AssertionError):
    """Requests or answers that Spotify's contract does not allow, or a failure of the stand-in itself."""


class StandIn:
    """Spotify, ReccoBeats and ListenBrainz on loopback, for one account; a context manager.

    Leaving it raises `BrokenContractError` where a request or an answer of Spotify's Web API was against the
    contract; a test that breaks it by intention clears ``violations`` first.

    Parameters
    ----------
    account : Account, optional
        The demo listener's where it is not given.
    dialect : {"2026", "legacy"}
        Which Web API the app sees.
    features : {"open", "closed"}
        Whether Spotify still gives it audio features.
    faults : iterable of Fault
    approve : bool
        Agree to every sign-in at once.
    refresh, scope_in_refresh
        What a refresh of the access token answers; see `Authority`.
    ports : sequence of int
        Of Spotify, ReccoBeats and ListenBrainz; 0 takes a free one.
    contract : Contract, optional
        Of Spotify's Web API; found beside the project where it is not given, and not validated where it is not there.
    """

    client_id = CLIENT_ID

    def __init__(
        self,
        account: Account | None = None,
        *,
        dialect: Dialect = "2026",
        features: Literal["open", "closed"] = "closed",
        faults: Iterable[Fault] = (),
        approve: bool = False,
        refresh: RefreshAnswer = "absent",
        scope_in_refresh: bool = True,
        ports: Sequence[int] = (0, 0, 0),
        contract: Contract | None = None,
    ) -> None:
        self.account = account if account is not None else Account.demo()
        self.dialect = dialect
        self.authority = Authority(approve=approve, refresh=refresh, scope_in_refresh=scope_in_refresh)
        self.faults = FaultScript(list(faults))
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self._contract = contract if contract is not None else find_contract(dialect)
        self._guard = threading.Lock()
        self._state = threading.Lock()
        self._stopping = threading.Event()
        self._servers = [
            LoopbackServer(name, port, self._answer)
            for name, port in zip(("spotify", "reccobeats", "listenbrainz"), ports, strict=True)
        ]
        self._spotify = Spotify(self.account, self.authority, self.spotify_url, dialect, features)
        self._reccobeats = ReccoBeats(self.account.catalogue)
        self._listenbrainz = ListenBrainz(self.account)

    @property
    def validates(self) -> bool:
        """Whether the contract was found."""
        return self._contract is not None

    @property
    def spotify_url(self) -> str:
        """Address of Spotify: the Web API under /v1, sign-in at /authorize and /api/token."""
        return self._servers[0].url

    @property
    def reccobeats_url(self) -> str:
        """Address of ReccoBeats: features at /v1/audio-features."""
        return self._servers[1].url

    @property
    def listenbrainz_url(self) -> str:
        """Address of ListenBrainz: its API under /1."""
        return self._servers[2].url

    def environment(self) -> dict[str, str]:
        """The variables that send earmark here; EARMARK_CONFIG is left to the caller."""
        return {
            "EARMARK_SPOTIFY_URL": self.spotify_url,
            "EARMARK_RECCOBEATS_URL": self.reccobeats_url,
            "EARMARK_LISTENBRAINZ_URL": self.listenbrainz_url,
        }

    def start(self) -> Self:
        """Begin to serve."""
        for server in self._servers:
            server.start()
        return self

    def stop(self) -> None:
        """End serving; raises nothing."""
        self._stopping.set()
        for server in self._servers:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.stop()
        if self.violations:
            shown = "\n".join([f"{len(self.violations)} violations of the contract:", *self.violations[:20]])
            if error is None:
                raise BrokenContractError(shown)
            error.add_note(shown)  # the first thing that went wrong stays the test's failure

    def token(self, scopes: Iterable[str] | str) -> dict[str, Any]:
        """A ready token, in the shape that spotipy keeps."""
        wanted = scopes.split() if isinstance(scopes, str) else scopes
        answer = self.authority.issue(frozenset(wanted))
        return answer | {"expires_at": int(time.time()) + answer["expires_in"]}

    def authorise(self, url: str, *, agree: bool = True, visit: bool = False) -> str:
        """Play the browser: open the authorise page, press a button, and stop at the redirect.

        Parameters
        ----------
        url : str
            The authorise address that the app would open.
        agree : bool
            Which button.
        visit : bool
            Go on to the redirect address, as a browser does.

        Returns
        -------
        str
            The redirect address, with code (or error) and state.
        """
        page, address = _open(url)
        if address is None:
            asked = re.search(r'name="request" value="([^"]+)"', page)
            if asked is None:
                raise ValueError(f"no page to agree on, but: {page}")
            form = urlencode({"request": asked[1], "answer": "agree" if agree else "cancel"})
            page, address = _open(f"{self.spotify_url}/authorize/decision", form)
        if address is None:
            raise ValueError(f"no redirect, but: {page}")
        if visit:
            _open(address)
        return address

    def calls_to(self, service: str, path: str = "") -> list[Call]:
        """The calls to a service whose path holds a text; sign-in is the service "accounts"."""
        return [call for call in self.calls if call.service == service and path in call.path]

    def intervals(self, service: str) -> list[float]:
        """Seconds between the beginnings of consecutive calls to a service."""
        times = [call.at for call in self.calls if call.service == service]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    def _answer(self, request: Request) -> Reply | None:
        if request.service == "spotify" and not request.path.startswith(f"{PREFIX}/"):
            request = Request("accounts", *_rest(request))
        at, fault = time.monotonic(), self.faults.strike(request)
        try:
            reply = self._with_fault(request, fault)
        except Exception:  # a bug here, or in a test's hook, must fail the test and not hang its client
            with self._guard:
                self.violations.append(f"failed at {request.method} {request.path}: {traceback.format_exc()}")
            reply = None
        call = Call(
            request.service, request.method, request.path, request.query, reply.status if reply else 0, at,
            fault.kind if fault else None,
        )  # fmt: skip
        with self._guard:
            self.calls.append(call)
        return reply

    def _with_fault(self, request: Request, fault: Fault | None) -> Reply | None:
        if fault is None:
            return self._serve(request)
        if fault.hook is not None:
            fault.hook(request)
        if fault.kind == "close":
            return None
        if fault.kind == "slow":
            self._stopping.wait(fault.seconds)
        return fault.reply() or fault.spoil(self._serve(request))

    def _serve(self, request: Request) -> Reply:
        match request.service:
            case "spotify":
                return self._serve_spotify(request)
            case "accounts":
                return self.authority.answer(request)
            case "reccobeats":
                return self._reccobeats.answer(request)
            case _:
                return self._listenbrainz.answer(request)

    def _serve_spotify(self, request: Request) -> Reply:
        with self._state:
            reply = self._spotify.answer(request)
        if self._contract is not None:
            found = self._contract.check(request, reply)
            with self._guard:
                self.violations += found
        return reply


def _rest(request: Request) -> tuple[Any, ...]:
    return request.method, request.path, request.query_string, request.headers, request.body


class _StopAtRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _open(url: str, form: str | None = None) -> tuple[str, str | None]:
    """The page at an address and where it redirects to."""
    opener = urllib.request.build_opener(_StopAtRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, form.encode() if form is not None else None, timeout=10) as answer:
            return answer.read().decode(), None
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode(), error.headers.get("Location")
