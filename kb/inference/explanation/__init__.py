"""Why a conclusion holds, and why another does not.

``world``       what a derivation rests on and what it found, to be asked again
``solving``     rule bodies as questions: which bindings make them hold
``proof``       a derived triple down to facts and graphs, by first reasons
``hypergraph``  all proofs of a triple, and the smallest of them
``minimal``     a derived triple down to facts and graphs, by the smallest proof
``misses``      what an answer to "why not" is made of
``partials``    what held and what failed on a walk through a rule body
``walking``     rule bodies walked as if what fails held
``levers``      reported facts that could be different, and plans that change several
``moving``      which reported facts are behind a triple
``whynot``      what failed when something was not derived
"""
