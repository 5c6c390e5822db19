"""Where the program keeps what belongs to the user: settings, logs, the sample folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

NAME = "masklens"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one user; handed in, so that tests use their own."""

    config: Path
    logs: Path
    data: Path

    @staticmethod
    def of_user() -> Paths:
        """The folders the operating system gives to this user."""
        return Paths(
            config=Path(platformdirs.user_config_dir(NAME, appauthor=False)),
            logs=Path(platformdirs.user_log_dir(NAME, appauthor=False)),
            data=Path(platformdirs.user_data_dir(NAME, appauthor=False)),
        )
