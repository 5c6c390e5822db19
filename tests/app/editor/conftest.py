"""The same window as in the tests of the window."""

from tests.app.window.conftest import driver, folder, make_driver
from tests.leaks import no_leaks

__all__ = ["driver", "folder", "make_driver", "no_leaks"]
