"""A process beside the workers that applies the log, so that their interpreters only answer.

It is started again when it ends. Until it is there, and whenever it is not, the worker that holds
the lock applies, as the others stand by.
"""

import logging
import os
import subprocess
import sys
import threading

from serving.settings import Settings

_LOG = logging.getLogger("huoren.serving")

AGAIN_S = 1.0
"""How long to wait before it is started again."""

ENDS_WITHIN_S = 10.0


class Applying:
    """Keeps an applier running beside the workers.

    Parameters
    ----------
    settings : Settings
        Which home, zone and store.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopped = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep, name="applying", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Of the process that applies now."""
        return self._process.pid

    def stop(self) -> None:
        """End it after the batch under way."""
        self._stopped.set()
        self._process.terminate()
        self._thread.join(ENDS_WITHIN_S)

    def _start(self) -> subprocess.Popen[bytes]:
        home, zone = str(self._settings.home.root), self._settings.zone.name
        return subprocess.Popen(
            [sys.executable, "-m", "features.store", "--with-parent", home, zone],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self._settings.to_environment()},
        )

    def _keep(self) -> None:
        while True:
            status = self._process.wait()
            if self._stopped.wait(AGAIN_S):
                return
            _LOG.warning("the applier ended with status %d; starting it again", status)
            self._process = self._start()
            if self._stopped.is_set():  # told to stop meanwhile
                self._process.terminate()
