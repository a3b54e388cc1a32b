"""The life of an incident: reports, what they change, hand-over, escalation, merger, end and review.

::

    standing     where incidents stand; which are open
    facts        what each report changed, and what was known after it
    reporting    a report as an event of the timeline
    centres      which centre has an incident, who is on watch there
    acting       steps: escalate, hand over, note, end, reopen, review, dismiss
    merging      two reports of one incident become one
    duplicates   which open incidents may be the same; sameness: when two sights may be of one incident
    contention   open incidents that need the same departments, and who goes first
    changes      what changed since an earlier recommendation, and because of which facts
    timeline     the events as JSON, in words; brief: an incident in one line
    requests     a step as it is asked for in JSON

Each step is an event of the timeline ``timeline/<id>``; ``ontology/incident-flow.ttl`` declares the flow.
"""
