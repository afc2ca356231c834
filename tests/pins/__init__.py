"""Records of what a user of this package can rely on, whatever its private modules look like.

Every test here goes through public names, and compares what it observes with a file in
tests/pins/data. A change that is intended is recorded by the command that the failure names, and
the difference is reviewed with the commit.
"""
