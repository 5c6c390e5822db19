"""The trainer's process: `python -m core.engine.train RUN_FOLDER`, at low priority."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
from pathlib import Path
from typing import Final

from core.engine.train.priority import give_way

FAILED: Final = 1
INTERRUPTED: Final = 130


def main(arguments: list[str]) -> int:
    """Carry the run of a folder to its end; the exit code is for people who look at logs."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    give_way()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from core.learning.folder import RunFolder, lock_run
    from core.learning.reach import from_environment
    from core.sentences import MasklensError

    run = RunFolder(Path(arguments[0]))
    try:
        # Held from the first moment, so that a window can tell a slow start from none.
        lock = lock_run(run)
        from core.engine.light_import import import_torchvision

        import_torchvision()
        from core.engine.train.session import run_training

        run_training(run, lock=lock, allowed=from_environment())
    except MasklensError as error:
        logging.getLogger(__name__).error("%s", error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
