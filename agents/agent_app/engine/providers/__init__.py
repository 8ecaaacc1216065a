"""One wire reader per protocol behind one small ``Model`` base (``base.WireModel``); ``select.py`` picks one for a run."""
