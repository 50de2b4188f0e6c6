"""How Tickwatch is started: on this machine (`deploy.local`) and in containers."""
