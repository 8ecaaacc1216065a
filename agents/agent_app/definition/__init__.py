"""What an agent is: its content as a draft or a version, what runs execute of it, and what can be wrong with it."""
