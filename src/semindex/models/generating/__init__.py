"""Language models that a user brings: what each can do, and the ways to run one or to ask one."""
