"""What people ask of Xiezhi: load knowledge, report an incident, read the response, ask why."""
