"""The interactive executor: the rules of a program on the facts of one incident.

``dictionary``  terms as small integers
``source``      the base graph behind a cache that commits keep true
``overlay``     the facts of one evaluation: asserted and derived
``frame``       the facts an evaluation reads, and the bindings of a rule
``matching``    triple patterns as steps
``heads``       rule heads as the last step
``compiler``    one rule as nested loops
``derivation``  what was derived, each triple with its first reason
``executor``    strata run in order over a source and an overlay
"""
