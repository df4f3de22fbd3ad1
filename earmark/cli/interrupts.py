"""Ctrl-C that does not break an import.

Python raises ``KeyboardInterrupt`` between any two steps of the main thread, those of its import system included. There
it may be swallowed (in a weak reference's callback) and leave the lock of all imports held: the train would go on and
then wait for ever for the thread that imports MLflow. So an interrupt that arrives inside the import system waits for a
moment outside of it.
"""

import signal
import threading
from types import FrameType

IMPORT_SYSTEM = "<frozen importlib"
AGAIN_S = 0.01


def interrupt_outside_imports() -> None:
    """Handle Ctrl-C so from now on; nothing changes where the process was told to ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or have the signal sent once more where the import system is at work.

    Parameters
    ----------
    number : int
        The signal.
    frame : frame
        The step that it interrupts.

    Raises
    ------
    KeyboardInterrupt
    """
    if frame is None or not frame.f_code.co_filename.startswith(IMPORT_SYSTEM):
        raise KeyboardInterrupt
    again = threading.Timer(AGAIN_S, signal.pthread_kill, [threading.main_thread().ident, number])
    again.daemon = True
    again.start()
