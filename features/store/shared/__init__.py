"""The store on a Redis server: the same contract for services on several machines.

::

    append ──► stream (waits for the server's disk) ──► applier ──► a key for each state ──► reads

Everything lives under one prefix of the server, the keyspace; k below:

=====================  ==========================================================================
k:head                 hash: log_id, last_seq, last_us, how far sealed and pruned
k:log                  stream: the entries; ``seq-0`` is the id of each
k:seen                 sorted set: digests of the lines taken, by when
k:latest               hash: item → seq of its newest version in the log
k:call:<caller>        what a caller's last append did, for a minute: a repeated one is not taken
k:applier, k:upkeep    leases: who applies; who loads, seals or erases
k:tombstones           hash: who was forgotten in any home that uses the keyspace; beside it the
                       set of ``salts``
k:generation           name of the generation in force
k:g:<name>:s:<user>    one state; beside it the hashes ``items``, ``meta``, ``skipped`` and the
                       sorted set ``changes``
=====================  ==========================================================================

What is acknowledged is as durable as the server's ``appendfsync`` makes it: with ``always`` it
survives a power cut; ``everysec``, which may lose the last second, must be asked for.
"""
