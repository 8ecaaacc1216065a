"""The run pipeline: how a run of any kind is started, executed, streamed, resumed and ended.

::

    lifecycle.start ──► Celery ──► worker.execute ──► registry: a Runnable ──► log.RunLog ──► reader.follow
                                       │ lease, heartbeat, cancel                │ Valkey stream, database
                                       └── reaper: runs whose worker is gone ◄───┘
"""
