"""Times the program alone in a preview: `python program.py <stack>` in a copy of the project, made ready."""

from __future__ import annotations

import gc
import io
import sys
import time
from pathlib import Path

gc.disable()
sys.path.insert(0, str(Path.cwd()))

from local.display import Display  # noqa: E402 -- of the copy, not of the project that this file is in
from local.home import Home  # noqa: E402
from local.session import Session  # noqa: E402

session = Session.start(sys.argv[1], Home(), lambda _: None)
began = time.monotonic()
session.run(Display(dry_run=True, out=io.StringIO()), dry_run=True)
print(time.monotonic() - began)
gc.freeze()
