"""Facts about the package: its version, and how it is installed."""

__all__ = ["__version__", "install_advice"]

__version__ = "2.0.0.dev0"


def install_advice(extra: str) -> str:
    """Return a sentence on how to install an extra.

    No version is on a package index yet: what `pip install root-sdk` finds there, if anything, is
    another project.
    """
    return f'Install the extra {extra!r} from a clone of the repository: pip install ".[{extra}]"'
