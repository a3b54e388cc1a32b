"""Directives: from a confirmed recommendation to the closed loop, each step an event of the timeline.

::

    orders       what a recommendation asks of each department, and what an officer changed in it
    confirming   confirm a recommendation: directives are drafted, reviewed, and issued by who may
    acting       every other step: acknowledge, return, dispatch anew, report, verify …; own requests
    parties      on which side of a directive somebody stands, and what guards say
    reading      directives and timelines as JSON; what is open, whose turn it is, until when
    fallback     who takes over what was returned, as the rules derive it (首接负责、兜底处置)
    watching     what is overdue goes up the hierarchy; what nobody takes goes to the fallback
    measures     times to acknowledge, act and close, and returns, by department and by rule
    board        what is shown: the directives of an incident, the inbox of a department, one of them
    requests     what people and programs ask for, as JSON; a request that comes again is done once
    returns      returned directives as cases that experts may add to the rules

The flow itself is ``ontology/directive-flow.ttl``; who may release at which level, the clocks and calendars
are in ``ontology/directives.ttl``.
"""
