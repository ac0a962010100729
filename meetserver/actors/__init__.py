"""Whatever has a mailbox: the kernel (mailbox, actor, supervisor), rooms, and the edge that people are connected to."""
