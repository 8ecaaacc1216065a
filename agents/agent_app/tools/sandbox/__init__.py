"""Where code of strangers runs. ``python`` is an interpreter that can do nothing but compute; ``bubblewrap`` is a machine of its own.

``queue`` brings calls to the worker that may make such machines.
"""
