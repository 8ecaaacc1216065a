"""The supervisor behind ``make run``, and the embedded services that ``make run`` and ``make test`` share.

Read ``services.py`` for what runs, ``supervisor.py`` for how it is kept alive, ``embedded.py`` for tests.
"""
