"""The resources of the emulated API, one module each."""
