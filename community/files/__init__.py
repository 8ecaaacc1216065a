"""Files: how they come in, what they are, where they lie, who may have them. The rows are ``community.models.files``."""
