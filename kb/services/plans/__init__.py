"""Plans that live: editions in a flow, composition of modules, action cards on paper.

::

    desk         draft, submit, comment, approve, file, execute, evaluate, withdraw; ontology/plan-flow.ttl
    listing      which edition is in force on a day, its timeline, and what is due by the clocks of plans
    composing    do modules go together: an order, circles, states that nobody provides
    resources    what modules need, from the nearest stocks that hold it
    printing     action cards and plans as PDF
"""
