"""A browser in a machine of its own: ``box`` is the machine, ``proxy`` its only way out, ``host`` the process beside it that drives
it, ``pages`` what can be done in it, ``sessions`` how a run gets to its browser."""
