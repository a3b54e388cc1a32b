"""The knowledge as people read it: found by its words, term by term, rule by rule.

``library``  what is read once for each body of knowledge: its overview, where things stand, its cases
``index``    search by labels, synonyms and codes
``term``     one term: relations in words, clauses, rules, cases, incidents
``rules``    rules by folder, one rule, its cases run now
"""
