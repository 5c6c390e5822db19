"""torch comes without its compiler, as in the engine: that would take as long as all the rest."""

from core.engine.light_import import complete_torch, import_torchvision

import_torchvision()
complete_torch()
