"""Facts about the package: its version, and how it is installed."""

import os

__all__ = ["__version__", "install_advice", "old_package_advice"]

__version__ = "2.0.0.dev0"


def install_advice(extra: str) -> str:
    """Return a sentence on how to install an extra.

    No version is on a package index yet: what `pip install root-sdk` finds there, if anything, is
    another project.
    """
    return f'Install the extra {extra!r} from a clone of the repository: pip install ".[{extra}]"'


def old_package_advice() -> str | None:
    """Return what to do if the package `root-signals` is installed beside this one, or None.

    Both have a folder `root`, and each overwrites or removes files of the other.
    """
    try:
        names = os.listdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    except OSError:
        # The package is in a zip file.
        return None
    metadata = (".dist-info", ".egg-info")
    if not any(name.startswith("root_signals-") and name.endswith(metadata) for name in names):
        return None
    return (
        "The package root-signals is installed beside root-sdk, and both have the import name"
        " `root`: uninstalling or upgrading one of them breaks the other. Run `pip uninstall"
        " root-signals`, and then install root-sdk again with `pip install --force-reinstall"
        " --no-deps .` in a clone of its repository."
    )
