"""The errors that a person sees.

Every error carries a message (what, where, what was got and expected) and a hint (the mend). The command line prints
them as ``error:`` and ``hint:`` and leaves with ``exit_code``.
"""


class EarmarkError(Exception):
    """Something went wrong that can be explained.

    Parameters
    ----------
    message : str
        What went wrong, where, what was got and what was expected.
    hint : str
        What the reader can do about it.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(EarmarkError):
    """A file, table or option that the user can mend (exit code 2)."""


class RankerFormatError(EarmarkError):
    """A saved ranker that is damaged, tampered with or from a newer earmark (exit code 2)."""


class ServiceError(EarmarkError):
    """A service that earmark depends on failed (exit code 3)."""

    exit_code = 3
