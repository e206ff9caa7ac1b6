"""`python -m footfall.config` prints the table of options for the manual."""

import sys

from footfall.config import OPTIONS
from footfall.config.table import options_table

sys.stdout.write(options_table(OPTIONS.values()))
