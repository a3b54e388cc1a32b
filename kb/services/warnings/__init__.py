"""Warnings in CAP 1.2: received, issued, updated, cancelled; what each supports, and until when.

::

    terms       IRIs, names of graphs, where a warning stands
    register    the warnings that support something, in memory: which incidents they reach at a moment
    meaning     what a message means here: areas, types of incident, level, from when until when
    quads       a message as triples, and back
    support     what follows for open incidents; taken back when a message is superseded, cancelled, expired
    receiving   a message is taken in: the one way, for those from elsewhere and our own
    issuing     our own messages: new, updates, cancellations
    telling     a warning as JSON
    requests    what somebody asks for in JSON

What was read of a message lies in ``warning/<key>``, what it supports in ``warned/<key>``. When it is
superseded or cancelled, its graph ``warned/<key>`` goes, and with it just what that message supported. That
it has expired the clock tells: whoever asks for what is in force asks for a moment.
"""
