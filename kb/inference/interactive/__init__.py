"""The interactive executor: the rules of a program on the facts of one incident.

``dictionary``  terms as small integers
``source``      the base graph behind a cache that commits keep true
``overlay``     the facts of one evaluation: asserted and derived
``stencil``     Python statements with gaps: what generated code is made of
``frame``       the facts an evaluation reads, and the names of a rule's generated code
``matching``    triple patterns as statements
``heads``       rule heads as the last statements
``compiler``    one rule as one function of nested loops
``derivation``  what was derived, each triple with its first reason
``executor``    strata run in order over a source and an overlay
"""
