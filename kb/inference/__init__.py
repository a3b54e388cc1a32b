"""Rules on facts: what follows from them, and why.

``program``     rule documents with their metadata, split into background and response rules
``planner``     the order in which the elements of a body are looked at
``interactive`` one incident in milliseconds: compiled rules over a coherent cache of the store
``explanation`` why a conclusion holds, why it does not, and what would change it
``engine``      the interactive executor behind a pool, over a store that changes underneath
"""
