"""The names of the old SDK's generated code, for programs that import them.

They are this package's own classes. New code imports them from `root.errors`, `root.evaluators` and
the other public modules.
"""

from .._config.config import warn_of_old_package

# Files of the old package would be imported in place of these.
warn_of_old_package()
