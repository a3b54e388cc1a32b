"""SPARQL-RL, the rule language: text in, checked and stratified rules out. Knows nothing of incidents."""
