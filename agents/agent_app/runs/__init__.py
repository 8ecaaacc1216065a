"""The run pipeline: how a run of any kind is started, executed, streamed, resumed and ended.

::

    lifecycle.start ──► queue ──► worker.execute ──► registry: a Runnable ──► log.RunLog ──► reader.follow
                                     │ claims, upkeep, ending                   │ Valkey stream, database
                                     └── reaper: orphans, whose worker is gone ◄┘
"""
