"""Rules on facts: what follows from them, and why.

``program``     rule documents with their metadata, split into background and response rules
``dictionary``  terms as small integers
``source``      the base graph behind a cache that commits keep true
``overlay``     the facts of one evaluation: asserted and derived
``planner``     the order in which the elements of a body are looked at
``frame``       the facts an evaluation reads, and the bindings of a rule
``matching``    triple patterns as steps
``heads``       rule heads as the last step
``compiler``    one rule as nested loops
``interactive`` strata run in order over a source and an overlay
``proof``       why a conclusion holds, down to facts and graphs
"""
