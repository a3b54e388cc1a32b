"""Plans that live: editions in a flow, composition of modules, action cards on paper.

::

    editions     which there are, which is in force on a day, who wrote them
    content      every provision that a plan holds by the knowledge of a day; ontology/plan-content.ttl
    keeping      what an edition keeps of it, by digest; comparing: how two editions differ, in words
    desk         the steps of an edition from its draft to its end; ontology/plan-flow.ttl
    guards       dates in order, modules that go with their plan, incidents and exercises that are known
    clocks       what is due for plans, and when
    listing      plans, editions, provisions and differences as JSON
    composing    do modules go together: an order, circles, states that nobody provides; drawing draws it
    arranging    provisions module by module; the stocks that a plan may count on
    matching     needs met from stocks, nearest first; resources: what an incident needs, has and is offered
    cards        what each department has to do by a plan
    printing     action cards and plans as PDF, on paper
"""
