"""The server that runs are recorded at where ``MLFLOW_TRACKING_URI`` names one, without MLflow: whether it answers."""

from urllib.parse import urlsplit

from experiments.ranker_model import TRACKING_URI
from features.errors import ServiceError

TIMEOUT_S = (3.05, 5.0)
"""To be connected, and to be answered."""

_DOWN = {502, 503, 504}
"""What a proxy says where nobody is behind it."""


def check_server(uri: str) -> None:
    """See that somebody answers there, in seconds; stores that are no web address are left to MLflow.

    MLflow itself would try for minutes, and only when all is fitted. Its servers answer at ``/health``, but any answer
    will do: who may not see that page may be let in elsewhere.

    Parameters
    ----------
    uri : str
        Value of ``MLFLOW_TRACKING_URI``; it may hold a password.

    Raises
    ------
    ServiceError
        If nobody answers.
    """
    if urlsplit(uri).scheme not in {"http", "https"}:
        return
    import requests  # noqa: PLC0415 (hardly any train records at a server)

    try:
        with requests.get(f"{uri.rstrip('/')}/health", timeout=TIMEOUT_S, stream=True) as answer:
            why = f"HTTP {answer.status_code}" if answer.status_code in _DOWN else ""
    except requests.exceptions.SSLError:
        return  # it is there; whether MLflow trusts it, other variables of its own decide
    except requests.exceptions.Timeout:
        why = "it does not answer in time"
    except requests.RequestException as error:
        why = f"no answer ({type(error).__name__})"
    if why:
        raise ServiceError(
            f"runs cannot be recorded at {without_password(uri)}: {why}",
            f"start that server, or unset {TRACKING_URI}: then runs are recorded below EARMARK_HOME",
        )


def without_password(uri: str) -> str:
    """An address as it may be shown."""
    before, at, after = uri.rpartition("@")
    scheme, between, _ = before.partition("://")
    return f"{scheme}{between}{after}" if at else uri
