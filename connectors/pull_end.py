"""What every pull ends with, whatever it pulled."""

from datetime import UTC, datetime

from connectors.history.artist_bans import apply_artist_bans
from connectors.library.library import Library
from connectors.pull_report import PullReport


def end_pull(library: Library, report: PullReport) -> None:
    """Remember that a pull is done; tracks of banned artists that it brought are evidence now."""
    apply_artist_bans(library)
    library.record_pull(report, datetime.now(UTC))
