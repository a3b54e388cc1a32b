"""What is wrong with a body of knowledge, or will soon be: one module a question, each yields findings."""
