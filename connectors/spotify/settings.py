"""Which app speaks for the user, where Spotify is, and where what must be remembered is kept."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connectors.http.addresses import service_address
from connectors.spotify.private_files import write_private
from features.errors import InputError

CLIENT_ID_VARIABLE: Final = "SPOTIPY_CLIENT_ID"
DEFAULT_PORT: Final = 8912
SETTINGS_FILE: Final = "spotify.json"
PULL_SCOPES: Final = ("user-library-read", "playlist-read-private", "user-top-read")
PUSH_SCOPES: Final = ("playlist-modify-private", "playlist-modify-public", "playlist-read-private")
DASHBOARD: Final = "https://developer.spotify.com/dashboard"
APPS_PAGE: Final = "https://www.spotify.com/account/apps/"


@dataclass(frozen=True)
class Addresses:
    """Where Spotify is.

    Parameters
    ----------
    api, authorize, token : str
        Of the Web API (ends with a slash), of the page that asks the user, and of the token endpoint.
    """

    api: str
    authorize: str
    token: str

    @classmethod
    def now(cls) -> "Addresses":
        """The public ones, or those of the stand-in that ``EARMARK_SPOTIFY_URL`` names.

        Raises
        ------
        InputError
            If the variable does not hold a loopback address.
        """
        stand_in = service_address("EARMARK_SPOTIFY_URL", "")
        api = stand_in or "https://api.spotify.com"
        accounts = stand_in or "https://accounts.spotify.com"
        return cls(f"{api}/v1/", f"{accounts}/authorize", f"{accounts}/api/token")


def config_folder() -> Path:
    """Where settings and tokens are kept: ``EARMARK_CONFIG``, else the user's configuration folder for earmark."""
    chosen = os.environ.get("EARMARK_CONFIG")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 (only this line needs it)

    return Path(platformdirs.user_config_dir("earmark"))


def redirect_uri(port: int) -> str:
    """Where Spotify sends the browser back to. The IP literal is Spotify's rule; it refuses ``localhost``."""
    return f"http://127.0.0.1:{port}/callback"


def find_client_id(given: str | None = None) -> str:
    """The client id: as given, else of ``SPOTIPY_CLIENT_ID``, else as stored by an earlier sign-in.

    Raises
    ------
    InputError
        If there is none, with how to get one; if it is not one; or if the one given is not that of the environment,
        which every later command would use.
    """
    given, chosen = (given or "").strip(), os.environ.get(CLIENT_ID_VARIABLE, "").strip()
    if given and chosen and given != chosen:
        raise InputError(
            f"--client-id and {CLIENT_ID_VARIABLE} name two apps",
            f"the commands to come would use {CLIENT_ID_VARIABLE}: unset it, or set it to the app that you sign in to",
        )
    for value, origin in ((given, "--client-id"), (chosen, CLIENT_ID_VARIABLE)):
        if value:
            return _checked(value, origin)
    stored = _stored().get("client_id")
    if stored:
        return _checked(stored, str(config_folder() / SETTINGS_FILE))
    raise InputError("there is no Spotify client id", how_to_register(DEFAULT_PORT))


def find_port(given: int | None = None) -> int:
    """The port of the redirect address: as given, else as of the last sign-in, else `DEFAULT_PORT`."""
    stored = _stored().get("port")
    return given or (stored if isinstance(stored, int) and 0 < stored < 65_536 else DEFAULT_PORT)


def store_app(client_id: str, port: int) -> None:
    """Remember the client id, which is no secret, and the registered port for the commands to come."""
    write_private(config_folder() / SETTINGS_FILE, json.dumps({"client_id": client_id, "port": port}) + "\n")


def how_to_register(port: int) -> str:
    """What a person does once to get a client id."""
    return (
        "make an app of your own once, which takes a minute:\n"
        f"  1. open {DASHBOARD} with a Premium account and create an app\n"
        f"  2. enter the redirect URI {redirect_uri(port)} exactly so, and tick 'Web API'\n"
        "  3. under 'User Management' add every account that will sign in (at most 5)\n"
        "  4. copy the client id: earmark login spotify --client-id ID"
    )


def _stored() -> Mapping[str, Any]:
    """What the last sign-in left; empty where there was none.

    Raises
    ------
    InputError
        If the file is damaged or not ours.
    """
    path = config_folder() / SETTINGS_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", "set EARMARK_CONFIG to a folder that is yours"
        ) from error
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("client_id"), str):
        raise InputError(f"{path} is damaged", "delete it, then: earmark login spotify --client-id ID")
    return content


def _checked(client_id: str, origin: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z]{16,64}", client_id, re.ASCII):
        raise InputError(
            f"the client id of {origin} is not one: Spotify's are 32 letters and digits",
            f"copy it from your app at {DASHBOARD}; the client secret is not needed",
        )
    return client_id
