"""The ontology as files, as labels and as words that people use for its terms."""
