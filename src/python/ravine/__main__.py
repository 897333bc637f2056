"""`python -m ravine` is `ravine`."""

import subprocess
import sys

from ravine._command import binary

sys.exit(subprocess.call([binary(), *sys.argv[1:]]))
