"""Rules on facts: what follows from them, and why.

``program``     rule documents with their metadata, split into background and response rules
``planner``     the order in which the elements of a body are looked at
``bounds``      what one evaluation may take: facts, new terms, time
``interactive`` one incident in milliseconds: generated code over a coherent cache of the store
``relational``  a million incidents at once: the same rules as queries of a database
``explanation`` why a conclusion holds, why another does not, and what would change it
``engine``      the interactive executor behind a pool, over a store that changes underneath
"""
